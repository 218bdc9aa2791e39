import { MEMORY_TYPES } from '@faultline/program'
import { type Pgtrace, parsePgtraceText, type WorkloadOptions, type WorkloadResult } from '@faultline/workloads'
import { beforeAll, expect, test } from 'vitest'
import { loadPgtrace, runOn } from '../test/workloads.ts'
import { designs } from './index.ts'

const run = (name: string, trace: Pgtrace, options: WorkloadOptions = {}): WorkloadResult => runOn('live-snapshot', name, trace, options)

let redis: Pgtrace
let child: Pgtrace
beforeAll(async () => {
  redis = await loadPgtrace('redis-server')
  child = await loadPgtrace('redis-bgsave-child')
})

test('linux-5.7 copies pages that were unpopulated after their first write', () => {
  const { lost, lostByCause, lostPages, copied } = run('linux-5.7', redis)
  expect(lost).toBeGreaterThan(10)
  expect(lostByCause).toEqual({ 'unpopulated when armed': lost })
  expect(lostPages).toHaveLength(10)
  expect(copied).toBeGreaterThan(10_000)
})

test('bits that die with the pte spoil copies of pages that were unmapped', () => {
  const { lost, lostByCause } = run('no-persistence', redis, { memory: 'shmem' })
  expect(lost).toBeGreaterThan(10)
  expect(lostByCause['unmapped after arming']).toBeGreaterThan(0)
})

test.each(['wp-zeropage-v1', 'linux-6.4', 'linux-6.18', 'ideal'])('%s keeps every page as it was', (name) => {
  for (const memory of MEMORY_TYPES) {
    const { lost, spurious, corrupted, stuck, copiedBeforeWrite } = run(name, child, { memory })
    expect({ memory, lost, spurious, corrupted, stuck }).toEqual({ memory, lost: 0, spurious: 0, corrupted: 0, stuck: 0 })
    expect(copiedBeforeWrite).toBeGreaterThan(0)
  }
})

/** Trackers that this workload has no monitor for. */
const WITHOUT: readonly string[] = ['soft-dirty', 'mprotect']

test('every design that can hold a write up copies the same pages', () => {
  const able = designs.filter(({ tracker }) => !WITHOUT.includes(tracker.mechanism))
  const copied = new Set(able.map((design) => run(design.name, child).copied))
  expect(copied.size).toBe(1)
})

test.each(designs.filter(({ tracker }) => WITHOUT.includes(tracker.mechanism)))('$name says why it cannot', ({ name }) => {
  expect(() => run(name, child)).toThrow(/too late to copy|no monitor that copies/)
})

test('the same seed gives the same bytes', () => {
  const options = { memory: 'shmem', seed: 3 } as const
  expect(JSON.stringify(run('no-persistence', child, options))).toBe(JSON.stringify(run('no-persistence', child, options)))
})

test('a page is copied before its write, or in its turn, or not at all when it is discarded', () => {
  const lines = ['M1000 4 3 22 -', 'w1000+3', 'r1000', 'w1003', 'U1002 1', 'r1001', 'r1001', 'r1001', 'r1001', 'r1001', 'E']
  const trace = parsePgtraceText(new TextEncoder().encode(`#pgtrace 1\n${lines.join('\n')}\n`), 'test')
  const result = run('linux-6.4', trace, { start: 0.2, span: 1 })
  const { copied, copiedBeforeWrite, discarded, lost, pagesWritten } = result
  expect({ copied, copiedBeforeWrite, discarded, lost, pagesWritten }).toEqual({
    copied: 3,
    copiedBeforeWrite: 1,
    discarded: 1,
    lost: 0,
    pagesWritten: 1,
  })
})
