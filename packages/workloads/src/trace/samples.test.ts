import { describe, expect, test } from 'vitest'
import { bundledTraces, bundledTraceUrl } from './bundled.ts'
import { loadTraceFile } from './load-file.ts'
import { type Pgfault, parsePgfault } from './pgfault.ts'
import { TraceError } from './trace-error.ts'
import { parseWpsample, WPS_FILE, WPS_HUGE, type Wpsample } from './wpsample.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('wpsample', () => {
  const HEADER = '#wpsample 1\n#interval_ms 10\n'

  test('decodes intervals, changes and written runs', () => {
    const trace = parseWpsample(
      bytes(`${HEADER}t0.0\nM563 5f r--p a name\nw563+59 f h\nw7\nt10.5\nU563 5f\nC9 1 rw-s [heap]\n#end intervals=2 pages=91\n`),
      'f',
    )
    expect(trace.nrWritten).toBe(0x5a + 1)
    expect(trace.header.intervalMs).toBe(10)
    expect(trace.intervals.map((interval) => interval.timeMs)).toEqual([0, 10.5])
    const [first, second] = trace.intervals
    expect(first.changes).toEqual([{ kind: 'new', start: 0x563, nrPages: 0x5f, perms: 'r--p', name: 'a name' }])
    expect([[...first.starts], [...first.counts], [...first.flags]]).toEqual([
      [0x563, 7],
      [0x5a, 1],
      [WPS_FILE | WPS_HUGE, 0],
    ])
    expect(second.changes.map((change) => change.kind)).toEqual(['gone', 'changed'])
  })

  test.each([
    [`${HEADER}w1\n`, 'f:3:1: a line before the first interval; expected "t" and milliseconds'],
    [`${HEADER}t0.0\nw1 q\n`, 'f:4:4: no flag is called "q"; expected f, s, z or h'],
    [`${HEADER}t0.0\nMz 1 rw-p a\n`, 'f:4:2: "z" is not a hexadecimal number; expected a first page'],
    [`${HEADER}t0.0\nw1\n`, 'f: the closing line is missing: the file is cut short; expected a last line "#end …"'],
    [
      `${HEADER}t0.0\nw1\n#end intervals=1 pages=2\n`,
      'f: the file holds 1 of kind "pages": it is cut short or was altered; expected 2, as its header says',
    ],
  ])('refuses %j', (text, message) => {
    expect(() => parseWpsample(bytes(text), 'f')).toThrow(TraceError)
    expect(() => parseWpsample(bytes(text), 'f')).toThrow(message)
  })

  test.each(bundledTraces.filter((trace) => trace.format === 'wpsample'))('reads bundled $name', async ({ name }) => {
    const trace = (await loadTraceFile(bundledTraceUrl(name))) as Wpsample
    expect(trace.format).toBe('wpsample')
    expect(trace.intervals.reduce((sum, { counts }) => sum + counts.reduce((a, b) => a + b, 0), 0)).toBe(trace.nrWritten)
    expect(trace.nrWritten).toBeGreaterThan(1000)
  })
})

describe('pgfault', () => {
  const HEADER = '#pgfault 1\n'

  test('decodes faults, calls and tasks', () => {
    const trace = parsePgfault(
      bytes(
        `${HEADER}0 0.0 g2 5f\n3 0.1 f14 60\n1 0.0 M7f 2 3 4022 -\n1 0.0 M7f 2 3 2 3 1f\n1 0.0 B56\n1 0.0 V1 2 3 4 1 !12\n1 0.0 F 1.2\n1 1.2 E\n`,
      ),
      'f',
    )
    expect(trace.records).toEqual([
      { dt: 0, process: 0, thread: 0, kind: 'fault', isKernel: true, errorCode: 2, page: 0x5f },
      { dt: 3, process: 0, thread: 1, kind: 'fault', isKernel: false, errorCode: 0x14, page: 0x60 },
      { dt: 1, process: 0, thread: 0, kind: 'mmap', operands: [0x7f, 2, 3, 0x4022, -1, 0], errno: 0 },
      { dt: 1, process: 0, thread: 0, kind: 'mmap', operands: [0x7f, 2, 3, 2, 3, 0x1f], errno: 0 },
      { dt: 1, process: 0, thread: 0, kind: 'brk', operands: [0x56], errno: 0 },
      { dt: 1, process: 0, thread: 0, kind: 'mremap', operands: [1, 2, 3, 4, 1], errno: 12 },
      { dt: 1, process: 0, thread: 0, kind: 'fork', newProcess: 1, newThread: 2 },
      { dt: 1, process: 1, thread: 2, kind: 'exit', newProcess: 1, newThread: 2 },
    ])
  })

  test.each([
    [`${HEADER}0 0 f4 1\n`, 'f:2:3: "0" has no dot; expected a process and thread, such as 0.1'],
    [`${HEADER}0 0.0 q4 1\n`, 'f:2:3: no event starts with "q"; expected one of f g M U B P A V F E'],
    [`${HEADER}0 0.0 U1\n`, 'f:2:9: the line ends too early; expected operand 2 of event U'],
    [
      `${HEADER}#counts f4=2\n0 0.0 f4 1\n`,
      'f: the file holds 1 of kind "f4": it is cut short or was altered; expected 2, as its header says',
    ],
  ])('refuses %j', (text, message) => {
    expect(() => parsePgfault(bytes(text), 'f')).toThrow(message)
  })

  test.each(bundledTraces.filter((trace) => trace.format === 'pgfault'))('reads bundled $name', async ({ name }) => {
    const trace = (await loadTraceFile(bundledTraceUrl(name))) as Pgfault
    expect(trace.format).toBe('pgfault')
    const faults = trace.records.filter((record) => record.kind === 'fault' && record.errorCode === 7)
    expect(faults.length).toBe(trace.header.counts.f7)
  })
})
