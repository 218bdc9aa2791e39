import { anonBackend } from '@faultline/backend-anon'
import { type Design, UFFD_FEATURE_WP_HUGETLBFS_SHMEM } from '@faultline/mm-types'
import { range } from '@faultline/program'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { randomProgram, rareOperations } from '../test/random-program.ts'
import { expectSame, openProgram, SEED } from '../test/sessions.ts'
import { linux618 } from './index.ts'

const { swapOutRun: _, ...byEntries } = anonBackend
/** Linux 6.18 whose pages go to swap one by one, each by way of its reverse mapping. */
const ONE_BY_ONE: Design = { ...linux618, backends: { anon: byEntries } }

test('a run of pages is swapped as its pages are one by one', () => {
  let swapped = 0
  fc.assert(
    fc.property(randomProgram(['anon', 'shmem-private'], UFFD_FEATURE_WP_HUGETLBFS_SHMEM, rareOperations), (program) => {
      const [runs, pages] = [linux618, ONE_BY_ONE].map((design) => openProgram(design, program))
      for (const operation of [...program.operations, { op: 'reclaim', range: range('X', 0, program.pages) } as const]) {
        expectSame(program, operation, runs, pages)
      }
      swapped += runs.counters().swapOuts
    }),
    { numRuns: 40, seed: SEED },
  )
  expect(swapped).toBeGreaterThan(200)
})
