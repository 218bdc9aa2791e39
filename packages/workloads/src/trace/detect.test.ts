import { readdirSync, readFileSync, statSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bundledTraces, bundledTraceUrl, findBundledTrace } from './bundled.ts'
import { parseTrace, readTrace } from './detect.ts'
import { loadTraceFile } from './load-file.ts'
import type { Pgtrace } from './pgtrace.ts'
import { TraceError } from './trace-error.ts'

async function rejection(promise: Promise<unknown>): Promise<TraceError> {
  const error = await promise.then(
    () => new Error('nothing was thrown'),
    (reason: unknown) => reason,
  )
  if (error instanceof TraceError) return error
  throw error
}

/** A trace of each format, small enough to be mutated many times. */
const SAMPLES: readonly Uint8Array[] = [
  '#pgtrace 1\n#events r=3 w=1 U=1\nr12+1\nw13\nU12 2\nr4\n',
  '#uffdtrace 1\n#region_pages 16\n#counts Fm=2 C=1\n0 5 0 G 0 10 mode=3 ioctls=17c\n0 1 0 F m 1 *2\n. F m 2\n1 4 0 C 1 !EEXIST\n',
  '#wpsample 1\nt0.0\nM563 5f r--p a\nw563+2 f\n#end intervals=1 pages=3\n',
  '#pgfault 1\n#counts f4=1\n0 0.0 f4 1\n1 0.0 M7f 2 3 22 -\n2 0.0 E\n',
].map((text) => new TextEncoder().encode(text))
const BINARY_SAMPLE = gunzipSync(readFileSync(bundledTraceUrl('umapsort-mmap'))).subarray(0, 3000)

/** A few bytes set, one stretch taken out, and the end cut off. */
const damage = fc.record({
  sets: fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(...[...'\n 0f-+.*!#rwU'].map((c) => c.charCodeAt(0))))), {
    maxLength: 4,
  }),
  from: fc.nat(),
  length: fc.nat(6),
  keep: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
})

function damaged(
  sample: Uint8Array,
  { sets, from, length, keep }: { sets: [number, number][]; from: number; length: number; keep: number },
) {
  const bytes = [...sample.subarray(0, Math.ceil(sample.length * keep))]
  for (const [at, value] of sets) if (bytes.length > 0) bytes[at % bytes.length] = value
  if (bytes.length > 0) bytes.splice(from % bytes.length, length)
  return Uint8Array.from(bytes)
}

/** True when the bytes are read or refused as they should be: with one TraceError of one line. */
function isReadOrRefused(bytes: Uint8Array): boolean {
  try {
    parseTrace(bytes, 'f')
  } catch (error) {
    if (!(error instanceof TraceError)) throw error
    expect(error.message).toMatch(/^f(:\d+(:\d+)?|: byte \d+)?: \P{Cc}+; expected \P{Cc}+$/u)
  }
  return true
}

describe('readTrace', () => {
  test('tells each format by its content, gzip or not', async () => {
    const formats = []
    for (const sample of SAMPLES) {
      const plain = await readTrace(sample, 'any.name')
      expect(await readTrace(gzipSync(sample), 'any.name')).toEqual(plain)
      formats.push(plain.format)
    }
    expect(formats).toEqual(['pgtrace', 'uffdtrace', 'wpsample', 'pgfault'])
  })

  test('reads a bundled binary trace through DecompressionStream as from the file', async () => {
    const url = bundledTraceUrl('umapsort-mmap')
    const read = (await readTrace(readFileSync(url), 'u')) as Pgtrace
    const loaded = (await loadTraceFile(url)) as Pgtrace
    expect(read.length).toBe(loaded.length)
    expect(read.events).toEqual(loaded.events)
    expect(Buffer.from(read.ops).equals(loaded.ops)).toBe(true)
  })

  test('each kind of bad input gives one clear line', async () => {
    const text = (content: string) => new TextEncoder().encode(content)
    const message = async (bytes: Uint8Array) => (await rejection(readTrace(bytes, 'x.gz'))).message
    const zipped = gzipSync(SAMPLES[0])
    expect(await message(new Uint8Array(0))).toMatch(/^x\.gz: the file is empty; expected a gzip file, the bytes "PGT1", or/)
    expect(await message(gzipSync(new Uint8Array(0)))).toMatch(/^x\.gz: the file is empty; expected/)
    expect(await message(zipped.subarray(0, zipped.length - 5))).toMatch(
      /^x\.gz: the gzip data are cut short or damaged \(.*\); expected a whole gzip file/,
    )
    expect(await message(zipped.map((byte, i) => (i === 20 ? byte ^ 0x55 : byte)))).toMatch(
      /^x\.gz: the gzip data are cut short or damaged/,
    )
    expect(await message(Uint8Array.of(0, 1, 2, 0x80, 0xff))).toMatch(
      /^x\.gz: byte 0: this is no trace: it starts with "\\u0000\\u0001\\u0002��"; expected/,
    )
    expect(await message(text('#pgtrace 2\n'))).toBe('x.gz:1:1: pgtrace version "2" is not known; expected "#pgtrace 1"')
    expect(await message(text('#pgtracer 1\n'))).toMatch(/^x\.gz: byte 0: this is no trace: it starts with "#pgtracer 1/)
    expect(await message(text('PGT2'))).toBe('x.gz: byte 3: the magic number is not that of pgtrace version 1; expected the bytes "PGT1"')
    expect(await message(text('PGT1\f\0\xff'))).toMatch(/^x\.gz: byte 6: /)
  })

  test('loadTraceFile names the file that cannot be read', async () => {
    expect((await rejection(loadTraceFile('/nonexistent/a.pgt'))).message).toBe(
      '/nonexistent/a.pgt: there is no such file; expected the path of a trace',
    )
    const folder = new URL('.', bundledTraceUrl('bfs'))
    expect((await rejection(loadTraceFile(folder))).message).toMatch(/the file cannot be read \(EISDIR\); expected the path of a trace$/)
  })
})

describe('whatever the bytes are, only a TraceError is thrown', () => {
  test('random bytes behind each beginning', () => {
    const beginnings = ['', '#pgtrace 1\n', '#uffdtrace 1\n', '#wpsample 1\nt0\n', '#pgfault 1\n', 'PGT1\f\0\x0b#pgtrace 1\n', '\x1f\x8b']
    const start = fc.constantFrom(...beginnings.map((text) => Uint8Array.from(text, (character) => character.charCodeAt(0))))
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), (a, b) => isReadOrRefused(Uint8Array.of(...a, ...b))),
      { numRuns: 600 },
    )
  })

  test('damaged text traces', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SAMPLES), damage, (sample, how) => isReadOrRefused(damaged(sample, how))),
      { numRuns: 1500 },
    )
  })

  test('damaged binary traces', () => {
    fc.assert(
      fc.property(damage, (how) => isReadOrRefused(damaged(BINARY_SAMPLE, how))),
      { numRuns: 300 },
    )
  })

  test('damaged gzip data', async () => {
    const zipped = gzipSync(SAMPLES[1])
    await fc.assert(
      fc.asyncProperty(damage, async (how) => {
        await readTrace(damaged(zipped, how), 'f').catch((error: unknown) => {
          if (!(error instanceof TraceError)) throw error
        })
      }),
      { numRuns: 150 },
    )
  })

  test('the undamaged samples are read, so the damage is what is refused', () => {
    for (const sample of SAMPLES) expect(() => parseTrace(sample, 'f')).not.toThrow()
  })

  test('no cut of a text sample passes for the whole', () => {
    for (const sample of SAMPLES.slice(0, 3)) {
      for (let length = 0; length < sample.length; length++) {
        // Cut inside its header, a trace without counts is a whole trace of nothing.
        const cut = sample.subarray(0, length)
        if (new TextDecoder().decode(cut).split('\n').length <= 4) continue
        expect(() => parseTrace(cut, 'f')).toThrow(TraceError)
      }
    }
  })
})

describe('bundled traces', () => {
  const folder = new URL('.', bundledTraceUrl('redis-server'))
  const files = readdirSync(folder).filter((file) => file.endsWith('.gz'))

  test('the list names every file, once', () => {
    expect(bundledTraces.map((trace) => trace.file).sort()).toEqual(files.sort())
    expect(new Set(bundledTraces.map((trace) => trace.name)).size).toBe(bundledTraces.length)
  })

  test('they stay below 4 MB together', () => {
    expect(files.reduce((sum, file) => sum + statSync(new URL(file, folder)).size, 0)).toBeLessThan(4_000_000)
  })

  test.each(bundledTraces.filter((trace) => trace.format === 'pgtrace'))('$name has the format and pages it says', async (bundled) => {
    const trace = (await loadTraceFile(bundledTraceUrl(bundled.name))) as Pgtrace
    expect(trace.format).toBe('pgtrace')
    const pages = new Set<number>()
    for (let i = 0; i < trace.length; i++) {
      if (trace.ops[i] === 7) continue
      for (let page = trace.pages[i], end = page + trace.runs[i]; page <= end; page++) pages.add(page)
    }
    expect(pages.size).toBe(bundled.nrPages)
    expect(pages.size).toBe(trace.header.distinct.all)
  })

  test('names may leave out the folder when one trace fits', () => {
    expect(findBundledTrace('bfs')?.name).toBe('uffd/bfs')
    expect(findBundledTrace('sqlite')?.name).toBe('sqlite')
    expect(findBundledTrace('redis')).toBeUndefined()
    expect(() => bundledTraceUrl('nothing')).toThrow(/no bundled trace is called "nothing"; expected one of redis-server,/)
  })
})
