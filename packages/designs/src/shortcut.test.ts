import { anonBackend } from '@faultline/backend-anon'
import type { Design } from '@faultline/mm-types'
import { UFFD_FEATURE_WP_ASYNC, UFFD_FEATURE_WP_HUGETLBFS_SHMEM, UFFD_FEATURE_WP_UNPOPULATED } from '@faultline/mm-types'
import { range } from '@faultline/program'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { randomProgram, rareOperations } from '../test/random-program.ts'
import { openProgram, SEED, textUpTo } from '../test/sessions.ts'
import { linux57, linux61, linux618, pmdMarker } from './index.ts'

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
        for (const operation of program.operations) {
          const before = textUpTo(program, operation)
          expect(short.perform(operation), before).toEqual(long.perform(operation))
          expect(short.counters(), before).toEqual(long.counters())
          const states = { op: 'pagemap', range: range('X', 0, program.pages) } as const
          expect(short.perform(states), before).toEqual(long.perform(states))
        }
        faults += short.counters().faults
      }),
      { numRuns: 40, seed: SEED },
    )
    expect(faults).toBeGreaterThan(200)
  })
})
