import { MADV_DONTNEED } from '@faultline/mm-types'
import { ACCESS_DONE, type Memory, range, STATE_SOFT_DIRTY, type SyncSession } from '@faultline/program'
import { findWorkload, type SyntheticStep, syntheticTrace, type Workload, type WorkloadOptions } from '@faultline/workloads'
import { describe, expect, test } from 'vitest'
import { createModel, mprotectSigsegv, softDirty } from './index.ts'

const BASE = 0x100000
const PAGES = 64

function mapped(memory: Memory, pages = PAGES, design = mprotectSigsegv): SyncSession {
  const session = createModel(design).open()
  session.perform({ op: 'mmap', region: 'A', pages, memory, prot: 'rw', vpn: BASE })
  return session
}

function protect(session: SyncSession, first: number, pages: number, prot: string): number {
  return session.perform({ op: 'mprotect', range: range('@', BASE + first, pages), prot }).errno
}

function store(session: SyncSession, page: number): number {
  return session.access('main', BASE + page, true, 1 + page)
}

/** Arms, opens every second page, arms, opens the first half page by page, arms; the mappings after each. */
function vmasOf(memory: Memory, populated: boolean): number[] {
  const session = mapped(memory)
  const found: number[] = []
  const note = () => void found.push(session.vmas('main').now)
  const open = (page: number) => {
    protect(session, page, 1, 'rw')
    store(session, page)
  }
  const arm = () => {
    protect(session, 0, PAGES, 'r')
    note()
  }
  if (populated) for (let page = 0; page < PAGES; page++) store(session, page)
  arm()
  for (let page = 0; page < PAGES; page += 2) open(page)
  note()
  arm()
  for (let page = 0; page < PAGES / 2; page++) open(page)
  note()
  arm()
  return found
}

describe('mappings of a tracker by mprotect', () => {
  // Counted in /proc/self/maps of Linux 6.18.44 by a C program that makes the same calls.
  test.each<[Memory, boolean, number[]]>([
    ['anon', false, [1, 64, 64, 48, 48]],
    ['anon', true, [1, 64, 1, 2, 1]],
    ['shmem', false, [1, 64, 1, 2, 1]],
    ['shmem', true, [1, 64, 1, 2, 1]],
    ['shmem-private', false, [1, 64, 32, 32, 32]],
    ['shmem-private', true, [1, 64, 1, 2, 1]],
  ])('%s, populated before: %s', (memory, populated, expected) => {
    expect(vmasOf(memory, populated)).toEqual(expected)
  })

  test('are limited: a cut that would need one too many is refused, moving a border is not', () => {
    const session = createModel(mprotectSigsegv, { maxMapCount: 5 }).open()
    session.perform({ op: 'mmap', region: 'A', pages: 16, memory: 'shmem', prot: 'r', vpn: BASE })
    expect(protect(session, 1, 1, 'rw')).toBe(0)
    expect(protect(session, 3, 1, 'rw')).toBe(0)
    expect(session.vmas('main')).toEqual({ now: 5, peak: 5 })
    expect(protect(session, 5, 1, 'rw')).toBe(12)
    expect(protect(session, 4, 1, 'rw')).toBe(0)
    expect(protect(session, 0, 16, 'r')).toBe(0)
    expect(session.vmas('main')).toEqual({ now: 1, peak: 5 })
  })

  test('a mapping that cannot be made is ENOMEM, and so is a hole in the middle of one', () => {
    const session = createModel(mprotectSigsegv, { maxMapCount: 1 }).open()
    const map = (vpn: number) => session.perform({ op: 'mmap', region: 'A', pages: 8, memory: 'shmem', prot: 'r', vpn }).errno
    expect([map(BASE), map(BASE + 100), map(BASE + 200)]).toEqual([0, 0, 12])
    expect(session.perform({ op: 'munmap', range: range('@', BASE + 2, 2) }).errno).toBe(12)
    expect(session.perform({ op: 'munmap', range: range('@', BASE, 2) }).errno).toBe(0)
  })
})

test('splits, merges and signals are counted, a moved border is neither', () => {
  const session = mapped('shmem', 8)
  const cost = () => ['vmaSplits', 'vmaMerges', 'signals'].map((name) => session.counters()[name])
  protect(session, 0, 8, 'r')
  expect(cost()).toEqual([0, 0, 0])
  expect(store(session, 2)).not.toBe(ACCESS_DONE)
  protect(session, 2, 1, 'rw')
  expect(cost()).toEqual([2, 0, 1])
  protect(session, 3, 1, 'rw')
  expect(cost()).toEqual([2, 0, 1])
  protect(session, 0, 8, 'r')
  expect(cost()).toEqual([2, 2, 1])
})

describe('soft-dirty', () => {
  const dirty = (session: SyncSession, pages: number) =>
    (session.perform({ op: 'pagemap', range: range('@', BASE, pages) }).pages ?? [])
      .map((state) => (state & STATE_SOFT_DIRTY ? 1 : 0))
      .join('')

  test('a mapping is dirty when it is new and when it is joined with a new one; what mremap adds is not', () => {
    const session = mapped('anon', 4, softDirty)
    expect(dirty(session, 6)).toBe('111100')
    session.perform({ op: 'clear_refs' })
    store(session, 1)
    expect(dirty(session, 6)).toBe('010000')
    session.perform({ op: 'mremap', range: range('@', BASE, 4), newPages: 5, mayMove: false, dontUnmap: false, region: 'B' })
    const grown = dirty(session, 6)
    session.perform({ op: 'clear_refs' })
    session.perform({ op: 'mmap', region: 'C', pages: 1, memory: 'anon', prot: 'rw', vpn: BASE + 5 })
    expect([grown, dirty(session, 6)]).toEqual(['010000', '111111'])
  })

  test('a file range that a read maps huge shows the writes that follow', () => {
    const session = mapped('shmem', 512, softDirty)
    for (let page = 0; page < 512; page++) store(session, page)
    session.perform({ op: 'madvise', range: range('@', BASE, 512), advice: 'collapse' })
    for (const remap of [() => {}, () => session.perform({ op: 'madvise', range: range('@', BASE, 512), advice: 'dontneed' })]) {
      remap()
      session.perform({ op: 'clear_refs' })
      session.access('main', BASE + 1, false, 0)
      expect(dirty(session, 4)).toBe('0000')
      store(session, 2)
      expect(dirty(session, 4)).toBe('1111')
    }
  })

  test('reading counts the entries it comes by, and where there is no table none', () => {
    const session = mapped('shmem', 2048, softDirty)
    store(session, 0)
    const before = session.counters().ptes
    expect(dirty(session, 2048)).toBe('1'.repeat(2048))
    expect(session.counters().ptes - before).toBe(512)
  })

  test('clearing flushes once, however many mappings there are', () => {
    const session = mapped('shmem', 4, softDirty)
    session.perform({ op: 'mmap', region: 'B', pages: 4, memory: 'anon', prot: 'rw', vpn: BASE + 100 })
    const before = session.counters().tlbFlushes
    session.perform({ op: 'clear_refs' })
    expect(session.counters().tlbFlushes - before).toBe(1)
  })
})

describe('in dirty tracking', () => {
  const heap = { start: BASE, pages: 1024 }
  const first: SyntheticStep[] = [{ do: 'map', ...heap }, { do: 'touch', ...heap }, { do: 'epoch' }]
  const some: SyntheticStep = { do: 'touch', ...heap, count: 100, order: 'shuffled' }

  function run(design: typeof softDirty, steps: SyntheticStep[], options: WorkloadOptions = {}) {
    const trace = syntheticTrace({ name: 'test', seed: 1, steps: [...first, ...steps] })
    const workload = findWorkload('dirty-tracking') as Workload
    const session = createModel(design).open()
    return workload.run(session, design, trace, { epochMarks: 1, reclaim: 0, unmap: 0, khugepaged: 0, ...options })
  }

  test.each(['anon', 'shmem', 'shmem-private'] as const)('both see every write to %s memory that nothing disturbs', (memory) => {
    for (const design of [softDirty, mprotectSigsegv]) {
      expect(run(design, [some, { do: 'epoch' }, some], { memory })).toMatchObject({ lost: 0, spurious: 0, stuck: 0, pagesWritten: 1224 })
    }
  })

  test('a zap loses what soft-dirty knows of shared pages, and nothing of what mprotect does', () => {
    const zapped = [some, { do: 'advise', ...heap, advice: MADV_DONTNEED } as const]
    expect(run(softDirty, zapped, { memory: 'shmem' })).toMatchObject({ lost: 100 })
    expect(run(mprotectSigsegv, zapped, { memory: 'shmem' })).toMatchObject({ lost: 0, spurious: 0 })
  })

  test('hugetlb entries have no soft-dirty bit', () => {
    const touched = { do: 'touch', start: BASE, pages: 1024, count: 2, order: 'strided', stride: 512 } as const
    expect(run(softDirty, [touched], { memory: 'hugetlb' })).toMatchObject({ lost: 2, reported: 2 })
    expect(run(mprotectSigsegv, [touched], { memory: 'hugetlb' })).toMatchObject({ lost: 0, signals: 4 })
  })

  test('what the program does to its rights is followed', () => {
    const rights: SyntheticStep[] = [
      { do: 'protect', ...heap, writable: false },
      { do: 'protect', ...heap, writable: true },
      some,
      { do: 'epoch' },
      { do: 'protect', start: BASE, pages: 512, writable: false },
      { do: 'epoch' },
      { do: 'touch', start: BASE + 512, pages: 512, count: 10 },
    ]
    expect(run(mprotectSigsegv, rights)).toMatchObject({ lost: 0, spurious: 0, stuck: 0, pagesWritten: 1134 })
  })

  test('a mapping in pieces moves, and grows, as one', () => {
    const to = BASE + 0x10000
    const moves: SyntheticStep[] = [
      some,
      { do: 'remap', ...heap, to },
      { do: 'touch', start: to, pages: 1024, count: 30, order: 'shuffled' },
      { do: 'remap', start: to, pages: 1024, to, newPages: 1100 },
      { do: 'touch', start: to, pages: 1100, count: 30, order: 'shuffled' },
      { do: 'epoch' },
      { do: 'touch', start: to, pages: 1100, count: 30, order: 'shuffled' },
    ]
    for (const design of [mprotectSigsegv, softDirty]) expect(run(design, moves, { memory: 'shmem' })).toMatchObject({ lost: 0, stuck: 0 })
  })

  test('a child leaves the parent to be tracked', () => {
    for (const design of [mprotectSigsegv, softDirty]) {
      expect(run(design, [{ do: 'fork' }, some])).toMatchObject({ lost: 0, spurious: 0, pagesWritten: 1124 })
    }
  })

  test('too many mappings end a run by name', () => {
    const scattered = { do: 'touch', ...heap, count: 512, order: 'strided', stride: 2 } as const
    const trace = syntheticTrace({ name: 'test', seed: 1, steps: [...first, scattered] })
    const session = createModel(mprotectSigsegv, { maxMapCount: 100 }).open()
    const result = (findWorkload('dirty-tracking') as Workload).run(session, mprotectSigsegv, trace, { epochMarks: 1 })
    expect(result).toMatchObject({ unsupported: expect.stringMatching(/ENOMEM.*100 mappings/) })
  })
})
