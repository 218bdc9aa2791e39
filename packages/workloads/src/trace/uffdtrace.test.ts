import { describe, expect, test } from 'vitest'
import { bundledTraces, bundledTraceUrl } from './bundled.ts'
import { loadTraceFile } from './load-file.ts'
import { TraceError } from './trace-error.ts'
import { parseUffdtrace, type Uffdtrace } from './uffdtrace.ts'

const HEADER = '#uffdtrace 1\n#pagesize 4096\n#region_pages 16\n'

function parse(text: string): Uffdtrace {
  return parseUffdtrace(new TextEncoder().encode(text), 'f')
}

function messageOf(text: string): string {
  try {
    parse(text)
  } catch (error) {
    if (error instanceof TraceError) return error.message
    throw error
  }
  return 'nothing was thrown'
}

describe('uffdtrace', () => {
  test('decodes each operation', () => {
    const { records } = parse(
      `${HEADER}0 83 0 O 80800\n0 14 0 A req=1 feat=1ffff ioctls=8000000000000003\n0 5 0 G 0 10 mode=3 ioctls=17c\n1 9 0 F M f *2\n. F w 1 flags=4\n` +
        '2 1 3 C f 1 dontwake\n2 1 0 K 2 !EEXIST\n2 1 0 C 3 2 copied=4096 !EAGAIN\n3 1 0 P 0 10 dontwake\n3 1 0 N 1\n3 1 0 D 1 2 adv=14\n3 1 0 D 1\n3 1 0 H 2\n3 1 0 S 2\n3 1 0 Z 1 2 mode=1\n1 1 0 n\n0 2 1 U 0 10\n',
    )
    const at = (i: number) => ({ line: i + 4, thread: expect.any(Number), error: undefined })
    expect(records[0]).toEqual({ ...at(0), kind: 'O', call: 0, dt: 83, time: 83, overlap: 0, flags: 0x80800 })
    expect(records[1]).toMatchObject({ kind: 'A', requested: 1, features: 0x1ffff, ioctls: [0, 1, 63], time: 97 })
    expect(records[2]).toMatchObject({ kind: 'G', block: 0, page: 0, count: 16, mode: 3, ioctls: [2, 3, 4, 5, 6, 8] })
    expect(records[3]).toMatchObject({ kind: 'F', access: 'M', page: 15, batch: 2, batchIndex: 0, call: 3, thread: 1 })
    expect(records[4]).toMatchObject({ kind: 'F', access: 'w', page: 1, flags: 4, batch: 2, batchIndex: 1, call: 3, thread: 1, dt: 0 })
    expect(records[5]).toMatchObject({ kind: 'C', page: 15, count: 1, dontWake: true, overlap: 3, call: 4, error: undefined })
    expect(records[6]).toMatchObject({ kind: 'K', page: 2, count: 1, dontWake: false, error: 'EEXIST' })
    expect(records[7]).toMatchObject({ kind: 'C', page: 3, count: 2, copied: 4096, error: 'EAGAIN' })
    expect(records[8]).toMatchObject({ kind: 'P', count: 16, dontWake: true })
    expect(records[9]).toMatchObject({ kind: 'N', page: 1, count: 1 })
    expect(records[10]).toMatchObject({ kind: 'D', page: 1, count: 2, advice: 14 })
    expect(records[11]).toMatchObject({ kind: 'D', page: 1, count: 1, advice: 4 })
    expect(records.slice(12).map((record) => record.kind)).toEqual(['H', 'S', 'Z', 'n', 'U'])
  })

  test('QEMU operands name a block', () => {
    const { header, records } = parse('#uffdtrace 1\n#block 0 pages=10 base_vpn=7f0\n#block 1 pages=20 base_vpn=9\n0 0 0 P 1:1f\n')
    expect(header.blocks).toEqual([
      { block: 0, nrPages: 16, baseVpn: 0x7f0 },
      { block: 1, nrPages: 32, baseVpn: 9 },
    ])
    expect(records[0]).toMatchObject({ block: 1, page: 31, count: 1 })
  })

  test.each(bundledTraces.filter((trace) => trace.format === 'uffdtrace'))('reads bundled $name', async (bundled) => {
    const trace = (await loadTraceFile(bundledTraceUrl(bundled.name))) as Uffdtrace
    expect(trace.format).toBe('uffdtrace')
    expect(trace.header.memory).toBe(bundled.memory)
    expect(trace.header.blocks[0].nrPages).toBe(bundled.nrPages)
    // The reader has compared all counts with the header's; here one is counted apart from it.
    const faults = trace.records.filter((record) => record.kind === 'F')
    const { Fm = 0, FM = 0, Fw = 0 } = trace.header.counts
    expect(faults.length).toBe(Fm + FM + Fw)
  })

  test.each([
    ['#uffdtrace 7\n', 'f:1:1: uffdtrace version "7" is not known; expected "#uffdtrace 1"'],
    [`${HEADER}0 1 0 Q 1\n`, 'f:4:7: no operation is called "Q"; expected one of O A G U F E C K P N Z D H S n'],
    [`${HEADER}0 1 0\n`, 'f:4:6: the line ends too early; expected the letter of an operation'],
    [`${HEADER}0 x 0 C 1\n`, 'f:4:3: "x" is not a decimal number; expected microseconds since the previous line'],
    [`${HEADER}0 1 0 C zz\n`, 'f:4:9: "zz" is not a hexadecimal number; expected a page index, or "block:index"'],
    [`${HEADER}0 1 0 C 10\n`, 'f:4: pages 10+1 (hex) lie outside the region; expected pages below 10'],
    [`${HEADER}0 1 0 C 1 what\n`, 'f:4:11: "what" follows a complete line; expected the end of the line'],
    [`${HEADER}0 1 0 F q 1\n`, 'f:4:9: a fault cannot be "q"; expected "m", "M" or "w"'],
    [`${HEADER}. F m 1\n`, 'f:4:1: "." continues a read() that has no more messages; expected a thread number'],
    [`${HEADER}0 1 0 F m 1 *2\n0 1 0 C 1\n`, 'f:5:1: read() gave 2 messages and only 1 are listed; expected "." and a further message'],
    [`${HEADER}0 1 0 F m 1 *2\n. C 1\n`, 'f:5:3: "C" continues a read(); expected "F" or "E"'],
    [
      `${HEADER}#counts C=2\n0 1 0 C 1\n`,
      'f: the file holds 1 of kind "C": it is cut short or was altered; expected 2, as its header says',
    ],
    [`${HEADER}0 1 0  C 1\n`, 'f:4:7: an empty field (two spaces, or one at the end); expected the letter of an operation'],
    [`${HEADER}0 1 0 C 1`, 'f:4:10: the last line "0 1 0 C 1" has no end: the file is cut short; expected a newline'],
  ])('refuses %j', (text, message) => {
    expect(messageOf(text)).toBe(message)
  })
})
