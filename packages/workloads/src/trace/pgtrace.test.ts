import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bundledTraceUrl } from './bundled.ts'
import { PGT_EVENT, PGT_EXEC, PGT_KERNEL_READ, PGT_KERNEL_WRITE, PGT_READ, PGT_WRITE, type Pgtrace } from './pgtrace.ts'
import { parsePgtraceBinary } from './pgtrace-binary.ts'
import { parsePgtraceText } from './pgtrace-text.ts'
import { TraceError } from './trace-error.ts'

const HEADER = '#pgtrace 1\n#program p\n'

/** One line of a trace, written by two independent encoders below. */
type Line = { letter: string; operands: number[]; run?: number }

const EVENT_CODES: Record<string, number> = { M: 0, U: 1, B: 2, P: 3, A: 4, V: 5, F: 6, N: 7, t: 8, T: 9, E: 10, I: 12 }

function encodeText(lines: Line[], header = HEADER): Uint8Array {
  const texts = lines.map(({ letter, operands: o, run }) => {
    if ('rwxkK'.includes(letter)) return `${letter}${o[0].toString(16)}${run ? `+${run.toString(16)}` : ''}`
    if (letter === 't') return `t${o[0]}`
    if (letter !== 'M' && letter !== 'I') return letter + o.map((value) => value.toString(16)).join(' ')
    const place = o[4] < 0 ? '-' : `${o[4]} ${o[5].toString(16)}`
    return `${letter}${o[0].toString(16)} ${o[1].toString(16)} ${o[2]} ${o[3].toString(16)} ${place}`
  })
  return new TextEncoder().encode(`${header}${texts.map((text) => `${text}\n`).join('')}`)
}

function encodeBinary(lines: Line[], header = HEADER): Uint8Array {
  const out: number[] = [...Buffer.from('PGT1'), 12, 0]
  const varint = (value: bigint) => {
    for (; value > 127n; value >>= 7n) out.push(Number(value & 127n) | 128)
    out.push(Number(value))
  }
  const zigzag = (value: number) => (value >= 0 ? BigInt(value) << 1n : (BigInt(-value) << 1n) - 1n)
  varint(BigInt(header.length))
  out.push(...Buffer.from(header))
  let last = 0
  for (const { letter, operands, run } of lines) {
    const op = 'rwxkK'.indexOf(letter)
    if (op < 0) {
      out.push(7, EVENT_CODES[letter])
      for (const operand of operands) varint(zigzag(operand))
      continue
    }
    varint((zigzag(operands[0] - last) << 4n) | (run ? 8n : 0n) | BigInt(op))
    if (run) varint(BigInt(run - 1))
    last = operands[0] + (run ?? 0)
  }
  return Uint8Array.from(out)
}

const page = fc.oneof(
  fc.integer({ min: 0x4000000, max: 0x4000200 }),
  fc.integer({ min: 0, max: 0x7fffffff }),
  fc.integer({ min: 0, max: 2 ** 36 - 300 }),
)
const small = fc.integer({ min: 0, max: 255 })
const flags = fc.integer({ min: 0, max: 0xffffffff })
const access: fc.Arbitrary<Line> = fc
  .tuple(fc.constantFrom(...'rwxkK'), page, fc.option(fc.integer({ min: 1, max: 255 }), { nil: undefined }))
  .map(([letter, start, run]) => ({ letter, operands: [start], run }))
const mapping: fc.Arbitrary<Line> = fc
  .tuple(fc.constantFrom('M', 'I'), page, small, small, flags, fc.integer({ min: -1, max: 90 }), page)
  .map(([letter, start, count, prot, flag, fd, pgoff]) => ({ letter, operands: [start, count, prot, flag, fd, fd < 0 ? 0 : pgoff] }))
const other: fc.Arbitrary<Line> = fc.oneof(
  fc.tuple(page, small).map((operands) => ({ letter: 'U', operands })),
  fc.tuple(page, page).map((operands) => ({ letter: 'B', operands })),
  fc.tuple(fc.constantFrom('P', 'A'), fc.tuple(page, small, small)).map(([letter, operands]) => ({ letter, operands })),
  fc.tuple(page, small, page, small, flags).map((operands) => ({ letter: 'V', operands })),
  fc.tuple(fc.constantFrom(...'FNtT'), small).map(([letter, index]) => ({ letter, operands: [index] })),
  fc.constant<Line>({ letter: 'E', operands: [] }),
)
const anyLines = fc.array(fc.oneof({ weight: 5, arbitrary: access }, mapping, other), { maxLength: 60 })

function errorOf(read: () => unknown): TraceError {
  try {
    read()
  } catch (error) {
    if (error instanceof TraceError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const text = (lines: string) => parsePgtraceText(new TextEncoder().encode(lines), 'a.pgt.txt')

describe('pgtrace', () => {
  test('decodes each kind of line to columns and events', () => {
    const trace = text(
      `${HEADER}I4000000 1eb 1 2 0 1f\nM4002aaf 1000 3 22 -\nr40+2\nw41\nx42\nk43\nK44\nt10\nT2\nU1 2\nB0 4000267\nP1 2 a\nA1 2 e\nV1 2 3 4 1\nN1\nF1\nE\n`,
    )
    const [r, w, x, k, K] = [PGT_READ, PGT_WRITE, PGT_EXEC, PGT_KERNEL_READ, PGT_KERNEL_WRITE]
    expect([...trace.ops]).toEqual([PGT_EVENT, PGT_EVENT, r, w, x, k, K, ...new Array(10).fill(PGT_EVENT)])
    expect([...trace.pages.slice(0, 8)]).toEqual([0, 1, 0x40, 0x41, 0x42, 0x43, 0x44, 2])
    expect([...trace.runs.slice(0, 4)]).toEqual([0, 0, 2, 0])
    expect(trace.pageAccesses).toBe(7)
    expect(trace.header.program).toBe('p')
    expect(trace.events).toEqual([
      { kind: 'initial', at: 0, start: 0x4000000, nrPages: 0x1eb, prot: 1, flags: 2, fd: 0, pgoff: 0x1f },
      { kind: 'mmap', at: 1, start: 0x4002aaf, nrPages: 0x1000, prot: 3, flags: 0x22, fd: -1, pgoff: 0 },
      { kind: 'epoch', at: 7, index: 10 },
      { kind: 'thread', at: 8, index: 2 },
      { kind: 'munmap', at: 9, start: 1, nrPages: 2 },
      { kind: 'brk', at: 10, oldEnd: 0, newEnd: 0x4000267 },
      { kind: 'mprotect', at: 11, start: 1, nrPages: 2, prot: 10 },
      { kind: 'madvise', at: 12, start: 1, nrPages: 2, advice: 14 },
      { kind: 'mremap', at: 13, start: 1, nrPages: 2, newStart: 3, newNrPages: 4, flags: 1 },
      { kind: 'newThread', at: 14, index: 1 },
      { kind: 'fork', at: 15, index: 1 },
      { kind: 'exit', at: 16 },
    ])
  })

  test('text and binary of any trace decode to the same, and to what was written', () => {
    fc.assert(
      fc.property(anyLines, (lines) => {
        const fromText = parsePgtraceText(encodeText(lines), 't')
        expect(parsePgtraceBinary(encodeBinary(lines), 't')).toEqual(fromText)
        expect(encodeText(decodedLines(fromText))).toEqual(encodeText(lines))
      }),
    )
  })

  test('the two encodings of one real recording decode to the same', () => {
    const read = (name: string) => gunzipSync(readFileSync(bundledTraceUrl(name)))
    const binary = parsePgtraceBinary(read('redis-bgsave-child'), 'b')
    const fromText = parsePgtraceText(read('redis-bgsave-child-text'), 't')
    // Column by column: a deep comparison of 48 000 elements by the test library takes seconds.
    expect(Buffer.from(binary.ops).equals(fromText.ops)).toBe(true)
    expect(binary.pages.every((value, i) => value === fromText.pages[i])).toBe(true)
    expect(binary.runs.every((value, i) => value === fromText.runs[i])).toBe(true)
    expect(binary.length).toBe(fromText.length)
    expect(binary.events).toEqual(fromText.events)
    expect(binary.header).toEqual(fromText.header)
    expect(binary.pages).toBeInstanceOf(Int32Array)
  })

  test('page numbers of 2^31 and more turn the column into doubles, in the middle of a trace', () => {
    const lines = [1, 2 ** 31 - 1, 2 ** 31, 2 ** 36 - 1, 5].map((start) => ({ letter: 'w', operands: [start] }))
    for (const trace of [parsePgtraceText(encodeText(lines), 't'), parsePgtraceBinary(encodeBinary(lines), 't')]) {
      expect(trace.pages).toBeInstanceOf(Float64Array)
      expect([...trace.pages]).toEqual([1, 2 ** 31 - 1, 2 ** 31, 2 ** 36 - 1, 5])
    }
  })

  test('a trace longer than the first guess of its size is read whole', () => {
    const lines = Array.from({ length: 5000 }, () => ({ letter: 'r', operands: [1] }))
    expect(parsePgtraceText(encodeText(lines), 't').length).toBe(5000)
    expect(parsePgtraceBinary(encodeBinary(lines), 't').length).toBe(5000)
  })
})

function decodedLines(trace: Pgtrace): Line[] {
  const lines: Line[] = []
  for (let i = 0; i < trace.length; i++) {
    if (trace.ops[i] !== PGT_EVENT) {
      lines.push({ letter: 'rwxkK'[trace.ops[i]], operands: [trace.pages[i]], run: trace.runs[i] || undefined })
      continue
    }
    const { kind, at, ...operands } = trace.events[trace.pages[i]]
    expect(at).toBe(i)
    const letters = { mmap: 'M', initial: 'I', munmap: 'U', brk: 'B', mprotect: 'P', madvise: 'A', mremap: 'V' }
    const indexed = { fork: 'F', newThread: 'N', epoch: 't', thread: 'T', exit: 'E' }
    lines.push({ letter: { ...letters, ...indexed }[kind], operands: Object.values(operands) })
  }
  return lines
}

describe('errors in a text pgtrace', () => {
  test.each([
    ['#pgtrace 2\n', 'f:1:1: pgtrace version "2" is not known; expected "#pgtrace 1"'],
    ['#pgtrace 1\n#page 16384 x=1\n', 'f:2:7: the page size is not that of pgtrace 1; expected "#page 4096"'],
    ['#pgtrace 1\nr12\nq13\n', 'f:3:1: no line starts with "q"; expected one of r w x k K M I U B P A V F N t T E #'],
    ['#pgtrace 1\nr12\nw\n', 'f:3:2: the end of the line is not a hexadecimal number; expected a page number'],
    ['#pgtrace 1\nr12+\n', 'f:2:5: the end of the line is not a hexadecimal number; expected the number of pages that follow'],
    ['#pgtrace 1\nr12 13\n', 'f:2:4: " 13" follows a complete line; expected a newline'],
    ['#pgtrace 1\nr12', 'f:2:4: the end of the file follows a complete line; expected a newline'],
    ['#pgtrace 1\nU12\n', 'f:2:4: event U has 1 operand before the end of the line; expected 2'],
    ['#pgtrace 1\nM1 2 3 4 x 0\n', 'f:2:10: "x 0" is not a decimal number; expected operand 5 of event M'],
    [
      '#pgtrace 1\nU1 fffffffffffff\n',
      'f:2:2: the range of pages 1+fffffffffffff (hex) ends past page 2^36; expected a range inside a 48-bit address space',
    ],
    ['#pgtrace 1\nr1000000000\n', 'f:2:2: pages 1000000000+0 (hex) end past page 2^36; expected page numbers below 2^36'],
    ['#pgtrace 1\n#events r=2\nr1\n', 'f: the file holds 1 of kind "r": it is cut short or was altered; expected 2, as its header says'],
    ['#pgtrace 1', 'f:1:11: the last line has no end: the file is cut short; expected a newline'],
  ])('%j', (lines, message) => {
    const error = errorOf(() => parsePgtraceText(new TextEncoder().encode(lines), 'f'))
    expect(error.message).toBe(message)
  })
})

describe('errors in a binary pgtrace', () => {
  const whole = encodeBinary([
    { letter: 'r', operands: [0x4000000] },
    { letter: 'U', operands: [1, 2] },
  ])
  const headerEnd = 7 + HEADER.length
  const changed = (at: number, byte: number) => Uint8Array.from(whole, (value, i) => (i === at ? byte : value))
  const plus = (...tail: number[]) => Uint8Array.from([...whole, ...tail])

  test.each([
    [changed(3, 0x32), 'f: byte 3: the magic number is not that of pgtrace version 1; expected the bytes "PGT1"'],
    [changed(4, 14), 'f: byte 4: the page shift is 14; expected 12 (pages of 4096 bytes)'],
    [whole.slice(0, 5), 'f: byte 5: byte 5 is missing; expected 0'],
    [whole.slice(0, 12), `f: byte 7: the file ends inside the header; expected ${HEADER.length} bytes of header`],
    [changed(7 + 9, 0x32), 'f: byte 7: pgtrace version "2" is not known; expected "#pgtrace 1"'],
    [whole.slice(0, headerEnd + 2), `f: byte ${headerEnd}: the file ends inside a record; expected the rest of the file`],
    [whole.slice(0, -1), `f: byte ${whole.length - 1}: the file ends inside an operand of event U; expected the rest of the file`],
    [plus(7), `f: byte ${whole.length + 1}: the file ends before the code of an event; expected an event code`],
    [plus(7, 11), `f: byte ${whole.length + 1}: event code 11 is not known; expected 0 to 10, or 12`],
    [plus(5), `f: byte ${whole.length}: operation code 5 is not known; expected 0 to 4, or 7`],
    [plus(7, 1, 1, 2), `f: byte ${whole.length + 2}: operand 1 of event U is -1; expected a number that is not negative`],
    [
      plus(...new Array(12).fill(0xff)),
      `f: byte ${whole.length}: a record is larger than 2^53 or longer than 8 bytes; expected a smaller number`,
    ],
  ])('case %#', (bytes, message) => {
    expect(errorOf(() => parsePgtraceBinary(bytes, 'f')).message).toBe(message)
  })

  test('a page number below 0 is refused', () => {
    const bytes = encodeBinary([{ letter: 'r', operands: [-3] }])
    expect(errorOf(() => parsePgtraceBinary(bytes, 'f')).message).toBe(
      `f: byte ${headerEnd}: page number -3 is below 0; expected a page number from 0 to 2^36 - 1`,
    )
  })
})
