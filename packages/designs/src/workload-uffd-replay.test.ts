import {
  bundledTraces,
  bundledTraceUrl,
  parseUffdtrace,
  replayUffdtrace,
  type UffdRecord,
  type UffdReplayResult,
  type Uffdtrace,
} from '@faultline/workloads'
import { loadTraceFile } from '@faultline/workloads/load-file'
import { describe, expect, test } from 'vitest'
import { createModel, findDesign } from './index.ts'

async function load(name: string): Promise<Uffdtrace> {
  const trace = await loadTraceFile(bundledTraceUrl(name))
  if (trace.format !== 'uffdtrace') throw new Error(trace.format)
  return trace
}

function replay(trace: Uffdtrace, name = 'linux-6.18'): UffdReplayResult {
  const design = findDesign(name)
  if (design === undefined) throw new Error(`no design ${name}`)
  const session = createModel(design).open()
  const result = replayUffdtrace(session, design, trace)
  session.close()
  if ('unsupported' in result) throw new Error(result.unsupported)
  return result
}

/** Messages that need a call's effect before its completion, as counted when the streams were recorded. */
const NEED_EARLY_EFFECT: Readonly<Record<string, number>> = { 'uffd/umapsort-anon-1t': 318, 'uffd/umapsort-shmem-2t': 178 }

describe('recorded streams', () => {
  test.each(bundledTraces.filter((trace) => trace.format === 'uffdtrace').map((trace) => trace.name))('%s is explained', async (name) => {
    const trace = await load(name)
    const result = replay(trace)
    expect(result.unexplainedMessages).toEqual([])
    expect(result.callDifferences).toEqual([])
    expect(result.recordedMessages).toBe(trace.records.filter((record) => record.kind === 'F').length)
    expect(result.direct + result.early + result.queuedBefore).toBe(result.recordedMessages)
    expect(result.early).toBe(NEED_EARLY_EFFECT[name] ?? 0)
  })

  test('a design without shared memory refuses a shared stream', async () => {
    const design = findDesign('linux-5.7')
    if (design === undefined) throw new Error('no linux-5.7')
    const result = replayUffdtrace(createModel(design).open(), design, await load('umapsort-shmem-2t'))
    expect(result).toMatchObject({ unsupported: expect.stringContaining('UFFDIO_') })
  })
})

describe('streams that did not happen', () => {
  /** The stream with each fault of a sample changed by `change`. */
  function mutate(trace: Uffdtrace, every: number, change: (record: UffdRecord & { kind: 'F' }) => UffdRecord): [Uffdtrace, number] {
    let seen = 0
    let changed = 0
    const records = trace.records.map((record) => {
      if (record.kind !== 'F' || ++seen % every !== 0) return record
      changed++
      return change(record)
    })
    return [{ ...trace, records }, changed]
  }

  test('messages about the wrong page stay unexplained', async () => {
    const trace = await load('pfbench-w')
    const [wrong, changed] = mutate(trace, 100, (record) => ({ ...record, page: (record.page + 0x1fff) % 0x2000 }))
    const { unexplained, unexplainedMessages } = replay(wrong)
    // Its neighbour was filled just before, and nothing takes pages away so soon.
    expect(unexplained).toBeGreaterThan(changed * 0.9)
    expect(unexplainedMessages[0].why).toMatch(/^the page is (open|protected), and no call that ran at the same time makes it absent$/)
  })

  test('messages of the wrong kind stay unexplained', async () => {
    for (const name of ['umapsort-shmem-2t', 'umapsort-anon-1t']) {
      const [wrong, changed] = mutate(await load(name), 200, (record) => ({ ...record, access: record.access === 'w' ? 'm' : 'w' }))
      const { unexplained } = replay(wrong)
      expect(unexplained).toBeGreaterThanOrEqual(changed * 0.9)
      expect(unexplained).toBeLessThan(changed * 3)
    }
  })

  test('calls that overlap nothing have no early effect', async () => {
    const trace = await load('umapsort-shmem-2t')
    const records = trace.records.map((record) => ({ ...record, overlap: 0 }) as UffdRecord)
    expect(replay({ ...trace, records }).unexplained).toBeGreaterThanOrEqual(178)
  })
})

describe('small streams', () => {
  const head = '#uffdtrace 1\n#pagesize 4096\n#region_pages 4\n# mmap of the region: prot=3 flags=0x4022 base=7f44d0ae7 len_pages=5\n'
  const start = '0 0 0 O 80800\n0 0 0 A req=1 feat=1ffff ioctls=8000000000000003\n0 0 0 G 0 4 mode=3 ioctls=17c\n'
  const stream = (...lines: string[]) => replay(parseUffdtrace(new TextEncoder().encode(`${head}${start}${lines.join('\n')}\n`), 'test'))
  const summary = ({ direct, early, earlyBy, queuedBefore, unexplained }: UffdReplayResult) => ({
    direct,
    early,
    earlyBy,
    queuedBefore,
    unexplained,
  })

  test('a message read before the copy that protected its page returned', () => {
    const result = stream('1 0 0 F m 1', '1 0 0 F w 1', '2 0 1 K 1', '2 0 0 N 1')
    expect(summary(result)).toEqual({ direct: 1, early: 1, earlyBy: { K: 1 }, queuedBefore: 0, unexplained: 0 })
    expect(result.differences).toBe(0)
  })

  test('the same without overlap has no explanation, and its line is named', () => {
    const result = stream('1 0 0 F m 1', '1 0 0 F w 1', '2 0 0 K 1')
    expect(summary(result)).toMatchObject({ direct: 1, unexplained: 1 })
    expect(result.unexplainedMessages).toEqual([
      { line: 9, access: 'w', block: 0, page: 1, why: 'the page is absent, and no call that ran at the same time makes it protected' },
    ])
  })

  test('two calls may both have to come first', () => {
    const result = stream('1 0 0 F m 1', '1 0 0 F w 1', '2 0 1 C 1', '3 0 2 P 1')
    expect(summary(result)).toEqual({ direct: 1, early: 1, earlyBy: { 'C+P': 1 }, queuedBefore: 0, unexplained: 0 })
  })

  test('a stale message was queued before the page was dropped', () => {
    const result = stream('1 0 0 F m 1', '2 0 0 K 1', '3 0 0 D 1', '1 0 0 F w 1', '2 0 0 C 1')
    expect(summary(result)).toEqual({ direct: 1, early: 0, earlyBy: {}, queuedBefore: 1, unexplained: 0 })
  })

  test('a message does not outlive the wake of its thread', () => {
    const result = stream('1 0 0 F m 1', '2 0 0 K 1', '2 0 0 N 1', '1 0 0 F w 1')
    expect(summary(result)).toMatchObject({ direct: 1, queuedBefore: 0, unexplained: 1 })
  })

  test('but it does when it was read while the waking call ran', () => {
    const result = stream('1 0 0 F m 1', '2 0 0 K 1', '2 0 0 N 1', '1 0 1 F w 1')
    expect(summary(result)).toMatchObject({ direct: 1, queuedBefore: 1, unexplained: 0 })
  })

  test('a copy that succeeded makes an overlapping drop come first', () => {
    const result = stream('1 0 0 F m 1', '2 0 0 K 1', '2 0 0 C 1', '3 0 1 D 1')
    expect({ early: result.callsPlacedEarly, differences: result.differences }).toEqual({ early: 1, differences: 0 })
  })

  test('a call that gives something else than recorded is named', () => {
    const result = stream('1 0 0 F m 1', '2 0 0 K 1', '2 0 0 C 1')
    expect(result.callDifferences).toEqual([{ line: 10, what: 'UFFDIO_COPY gives EEXIST, recorded was success' }])
  })
})
