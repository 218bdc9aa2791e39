import { MEMORY_TYPES, type Memory } from '@faultline/program'
import {
  findWorkload,
  type Pgtrace,
  parsePgtraceText,
  type Workload,
  type WorkloadOptions,
  type WorkloadResult,
} from '@faultline/workloads'
import { beforeAll, describe, expect, test } from 'vitest'
import { loadPgtrace, runOn } from '../test/workloads.ts'
import { createModel, designs, findDesign } from './index.ts'

const workload = findWorkload('dirty-tracking') as Workload

const run = (name: string, trace: Pgtrace, options: WorkloadOptions = {}): WorkloadResult => runOn('dirty-tracking', name, trace, options)

let redis: Pgtrace
let child: Pgtrace
beforeAll(async () => {
  redis = await loadPgtrace('redis-server')
  child = await loadPgtrace('redis-bgsave-child')
})

describe('on redis in shared memory', () => {
  test('bits that die with the pte are lost by unmapping', () => {
    const { lost, lostByCause } = run('no-persistence', redis, { memory: 'shmem' })
    expect(lost).toBeGreaterThan(1000)
    expect(lostByCause['unmapped after arming']).toBeGreaterThan(100)
    expect(lostByCause['swapped out after arming']).toBeGreaterThan(100)
    expect(lostByCause['resident since armed']).toBeUndefined()
    expect(Object.values(lostByCause).reduce((sum, count) => sum + count, 0)).toBe(lost)
  })

  test('the three encodings lose nothing and agree to the page', () => {
    const [special, type1, marker] = ['rfc-2021-01', 'hugh-swp-type', 'linux-5.19'].map((name) => {
      const { design: _, ...result } = run(name, redis, { memory: 'shmem' })
      return result
    })
    expect(special.lost).toBe(0)
    expect(special.pagesWritten).toBeGreaterThan(10_000)
    expect(type1).toEqual(special)
    expect(marker).toEqual(special)
  })

  test('a design that cannot serve it says so', () => {
    const design = findDesign('linux-5.7')
    if (design === undefined) throw new Error('no linux-5.7')
    const result = workload.run(createModel(design).open(), design, redis, { memory: 'shmem' })
    expect(result).toEqual({
      workload: 'dirty-tracking',
      design: 'linux-5.7',
      memory: 'shmem',
      seed: 1,
      unsupported: 'linux-5.7 cannot write-protect shmem memory; its userfaultfd write-protects anon',
    })
  })
})

describe('on redis in anonymous memory', () => {
  test('linux-5.7 loses first writes to unpopulated pages, and only those', () => {
    const { lost, lostByCause } = run('linux-5.7', redis)
    expect(lost).toBeGreaterThan(1000)
    expect(lostByCause).toEqual({ 'unpopulated when armed': lost })
  })

  test.each(['wp-zeropage-v1', 'linux-6.4', 'linux-6.7', 'linux-6.18', 'ideal'])('%s loses none', (name) => {
    const { lost, spurious, pagesWritten, reported } = run(name, redis)
    expect({ lost, spurious }).toEqual({ lost: 0, spurious: 0 })
    expect(reported).toBeGreaterThanOrEqual(pagesWritten)
  })
})

test.each(MEMORY_TYPES)('what was written does not depend on the design, nor is anything corrupted (%s)', (memory: Memory) => {
  const written = new Set<number>()
  for (const design of designs) {
    const result = workload.run(createModel(design).open(), design, child, { memory, unmap: 0.1 })
    if ('unsupported' in result) continue
    expect({ design: design.name, corrupted: result.corrupted, stuck: result.stuck }).toEqual({
      design: design.name,
      corrupted: 0,
      stuck: 0,
    })
    written.add(result.pagesWritten)
  }
  expect(written.size).toBe(1)
})

test('the oracle is never wrong and costs no message', () => {
  for (const memory of MEMORY_TYPES) {
    const { lost, spurious, messages, counters } = run('ideal', child, { memory, unmap: 0.1 })
    expect({ memory, lost, spurious, messages, wp: counters.faultsWp }).toEqual({ memory, lost: 0, spurious: 0, messages: 0, wp: 0 })
  }
})

test('the same seed gives the same bytes, another seed another run', () => {
  const options = { memory: 'shmem', seed: 7, unmap: 0.1 } as const
  const first = JSON.stringify(run('no-persistence', child, options))
  expect(JSON.stringify(run('no-persistence', child, options))).toBe(first)
  expect(JSON.stringify(run('no-persistence', child, { ...options, seed: 8 }))).not.toBe(first)
})

test('without disturbances, bits that die with the pte are lost where there never was a pte, or the program itself unmaps', () => {
  const { lostByCause } = run('no-persistence', redis, { memory: 'shmem', reclaim: 0, unmap: 0, khugepaged: 0 })
  // redis calls madvise(MADV_DONTNEED) three times.
  expect(Object.keys(lostByCause)).toEqual(['unpopulated when armed', 'unmapped after arming'])
  expect(lostByCause['unmapped after arming']).toBeLessThan(10)
})

test('a child trace gets the memory it inherited', () => {
  const { lost, stuck, pagesWritten } = run('linux-6.4', child)
  expect({ lost, stuck }).toEqual({ lost: 0, stuck: 0 })
  expect(pagesWritten).toBeGreaterThan(100)
})

test('asynchronous tracking forgets a written hugetlb page that is unmapped before the scan', () => {
  // Seen on a running 6.18 too: a none hugetlb entry is not WRITTEN to PAGEMAP_SCAN, while one of shmem is.
  for (const epochMarks of [2, 4]) {
    const { lost, lostByCause } = run('linux-6.18', redis, { memory: 'hugetlb', epochMarks, unmap: 0.1 })
    expect(lost).toBeGreaterThan(0)
    expect(lostByCause['unmapped after the write']).toBeGreaterThan(0)
    expect(run('linux-6.4', redis, { memory: 'hugetlb', epochMarks, unmap: 0.1 }).lost).toBe(0)
  }
})

describe('small programs', () => {
  const program = (...lines: string[]) => parsePgtraceText(new TextEncoder().encode(`#pgtrace 1\n${lines.join('\n')}\n`), 'test')

  test('a page that is discarded stands in its own column', () => {
    const trace = program('M1000 4 3 22 -', 'w1000+3', 't1', 'w1001', 'U1000 2', 'E')
    const { lost, discarded, pagesWritten, reported } = run('linux-6.4', trace, { epochMarks: 1 })
    expect({ lost, discarded, pagesWritten, reported }).toEqual({ lost: 0, discarded: 2, pagesWritten: 4, reported: 5 })
  })

  test('a page moved by mremap is tracked at its new place', () => {
    const trace = program('M1000 4 3 22 -', 'w1000+3', 't1', 'V1000 4 5000 6 1', 'w5002', 'w5005', 'r5000', 't2', 'E')
    for (const name of ['linux-6.4', 'linux-6.18', 'ideal']) {
      const { lost, spurious, corrupted, pagesWritten } = run(name, trace, { epochMarks: 1 })
      expect({ name, lost, spurious, corrupted, pagesWritten }).toEqual({ name, lost: 0, spurious: 0, corrupted: 0, pagesWritten: 6 })
    }
  })

  test('memory made writable later is tracked from then on', () => {
    const trace = program('M1000 4 1 22 -', 'r1000+3', 'P1001 1 3', 'w1001', 't1', 'w1001', 't2', 'E')
    const { lost, pagesWritten } = run('linux-6.4', trace, { epochMarks: 1 })
    expect({ lost, pagesWritten }).toEqual({ lost: 0, pagesWritten: 2 })
  })

  test('a fork keeps pages armed in the parent', () => {
    const trace = program('M1000 4 3 22 -', 'w1000+3', 't1', 'F1', 'w1000+1', 't2', 'w1002', 't3', 't4', 'w1000', 'E')
    for (const memory of MEMORY_TYPES) {
      const { lost, spurious, corrupted } = run('linux-6.4', trace, { memory, epochMarks: 1 })
      expect({ memory, lost, spurious, corrupted }).toEqual({ memory, lost: 0, spurious: 0, corrupted: 0 })
    }
  })
})
