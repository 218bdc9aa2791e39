import { anonBackend } from '@faultline/backend-anon'
import type { Design } from '@faultline/mm-types'
import { UFFD_FEATURE_WP_ASYNC, UFFD_FEATURE_WP_HUGETLBFS_SHMEM, UFFD_FEATURE_WP_UNPOPULATED } from '@faultline/mm-types'
import { LimitError } from '@faultline/pagetable-core'
import { type Operation, range } from '@faultline/program'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { randomProgram, rareOperations } from '../test/random-program.ts'
import { expectSame, openProgram, SEED } from '../test/sessions.ts'
import { createModel, linux57, linux61, linux618, pmdMarker } from './index.ts'

const { shortcut: _, ...byCalls } = anonBackend
const BOTH = ['anon', 'shmem-private'] as const
const MARKERS = UFFD_FEATURE_WP_HUGETLBFS_SHMEM | UFFD_FEATURE_WP_UNPOPULATED

describe('what the shortcut past the fault descriptor does is what the calls do', () => {
  test.each([
    ['linux-6.18, sync', linux618, MARKERS, BOTH],
    ['linux-6.18, async', linux618, MARKERS | UFFD_FEATURE_WP_ASYNC, BOTH],
    ['linux-6.1', linux61, UFFD_FEATURE_WP_HUGETLBFS_SHMEM, BOTH],
    ['linux-5.7, whose pages are copied by another rule', linux57, 0, ['anon']],
    ['pmd-marker', pmdMarker, MARKERS | UFFD_FEATURE_WP_ASYNC, BOTH],
  ] as const)('%s', (_name, design, features, memories) => {
    const slow: Design = { ...design, backends: { anon: byCalls } }
    let faults = 0
    fc.assert(
      fc.property(randomProgram([...memories], features, rareOperations), (program) => {
        const [short, long] = [design, slow].map((each) => openProgram(each, program))
        for (const operation of program.operations) expectSame(program, operation, short, long)
        faults += short.counters().faults
      }),
      { numRuns: 40, seed: SEED },
    )
    expect(faults).toBeGreaterThan(200)
  })

  // Swapped pages armed or not, loaded or stored to; a child holds some slots too.
  test.each([
    ['linux-6.18, sync', linux618, MARKERS],
    ['linux-6.18, async', linux618, MARKERS | UFFD_FEATURE_WP_ASYNC],
    ['linux-6.1, where only a store makes what comes back writable', linux61, UFFD_FEATURE_WP_HUGETLBFS_SHMEM],
  ] as const)('pages that come back from swap: %s', (_name, design, features) => {
    const sessions = [anonBackend, byCalls].map((anon) => createModel({ ...design, backends: { anon } }).open())
    const [short, long] = sessions
    const [all, armed, part] = [range('A', 0, 32), range('A', 8, 16), range('A', 24, 8)]
    const step = (operation: Operation): void => {
      expect(short.perform(operation), operation.op).toEqual(long.perform(operation))
      expect(short.counters(), operation.op).toEqual(long.counters())
    }
    step({ op: 'mmap', region: 'A', pages: 32, memory: 'anon', prot: 'rw', vpn: 0x10000000 })
    for (let page = 0; page < 32; page++) step({ op: 'write', at: { region: 'A', page, byte: 0 }, value: page })
    step({ op: 'userfaultfd', uffd: 'u', flags: 0 })
    step({ op: 'api', uffd: 'u', features, version: 0xaa })
    step({ op: 'register', uffd: 'u', range: all, mode: 2 })
    step({ op: 'clear_refs' })
    for (let round = 0; round < 2; round++) {
      step({ op: 'writeprotect', uffd: 'u', range: armed, mode: 1 })
      step({ op: 'madvise', range: all, advice: 'pageout' })
      if (round === 1) step({ op: 'fork', child: 'c' })
      for (let page = 0; page < 32; page++) {
        for (const write of page % 3 === 0 ? [true] : page % 3 === 1 ? [false] : [false, true]) {
          const [one, other] = sessions.map((session) => session.access('main', 0x10000000 + page, write, page + 7))
          expect([page, one]).toEqual([page, other])
          expect([page, write, short.counters()]).toEqual([page, write, long.counters()])
        }
      }
      step({ op: 'pagemap', range: all })
      step({ op: 'madvise', range: part, advice: 'dontneed' })
      step({ op: 'pagemap', range: all })
    }
    expect(short.counters().faultsSwapIn).toBeGreaterThan(40)
  })

  test.each([
    ['frame', { frames: 1024 + 8 }, 1, { done: 8, framesAllocated: 8 }],
    ['table', { tables: 12 }, 512, { done: 9, framesAllocated: 9, tablesAllocated: 12 }],
  ] as const)('where no %s is left too', (_what, limits, stride, expected) => {
    const counts = [anonBackend, byCalls].map((anon) => {
      const session = createModel({ ...linux618, backends: { anon } }, { limits }).open()
      session.perform({ op: 'mmap', region: 'A', pages: 32 * stride, memory: 'anon', prot: 'rw', vpn: 0x10000 })
      session.perform({ op: 'madvise', range: range('A', 0, 32 * stride), advice: 'nohugepage' })
      let done = 0
      let refusal = ''
      try {
        for (; done < 32; done++) session.access('main', 0x10000 + done * stride, true, 1)
      } catch (error) {
        expect(error).toBeInstanceOf(LimitError)
        refusal = String(error)
      }
      return { done, refusal, ...session.counters() }
    })
    expect(counts[0]).toEqual(counts[1])
    expect(counts[0]).toMatchObject(expected)
  })

  test('a first touch that is not allowed makes no table', () => {
    const session = createModel(linux618).open()
    session.perform({ op: 'mmap', region: 'A', pages: 8, memory: 'anon', prot: 'r', vpn: 0x10000 })
    const before = session.counters().tablesAllocated
    session.perform({ op: 'write', at: { region: 'A', page: 0, byte: 0 }, value: 1 })
    expect(session.counters().tablesAllocated).toBe(before)
    session.perform({ op: 'read', at: { region: 'A', page: 0, byte: 0 } })
    expect(session.counters().tablesAllocated).toBe(before + 3)
  })
})
