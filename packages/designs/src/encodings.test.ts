import type { ModelSession } from '@faultline/mm'
import { type Design, UFFD_FEATURE_WP_HUGETLBFS_SHMEM, UFFD_FEATURE_WP_UNPOPULATED } from '@faultline/mm-types'
import { MEMORY_TYPES, type Memory, range } from '@faultline/program'
import { specialPte, swapType1 } from '@faultline/swap-entry'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type RandomProgram, REGIONS, randomProgram } from '../test/random-program.ts'
import { openProgram, SEED, textUpTo } from '../test/sessions.ts'
import { hughSwpType, linux64, linux519, noPersistence, rfc202101 } from './index.ts'

/** What userland sees of every page, in main and in the child while it lives. */
function states(session: ModelSession, program: RandomProgram): string {
  const seen: string[] = []
  for (const [process, mm] of session.bindings.processes) {
    if (!mm.alive) continue
    for (const region of REGIONS) {
      const { pages } = session.perform({ op: 'pagemap', process, range: range(region, 0, program.pages) })
      seen.push(`${process}:${region} ${pages?.join()} ${mm.tableBytes()}`)
    }
  }
  return seen.join('\n')
}

/** The first operation after which two designs answer, or show, something else; undefined when there is none. */
function firstDifference(a: Design, b: Design, program: RandomProgram): string | undefined {
  const one = openProgram(a, program)
  const other = openProgram(b, program)
  for (const operation of program.operations) {
    const outcomes = [one.perform(operation), other.perform(operation)]
    const seen = [states(one, program), states(other, program)]
    if (JSON.stringify(outcomes[0]) !== JSON.stringify(outcomes[1]) || seen[0] !== seen[1]) {
      return `${textUpTo(program, operation)}${JSON.stringify(outcomes)}`
    }
  }
  return undefined
}

function sameOn(memory: Memory, a: Design, b: Design, features: number): void {
  fc.assert(
    fc.property(randomProgram([memory], features), (program) => {
      expect(firstDifference(a, b, program)).toBeUndefined()
    }),
    { numRuns: 12, seed: SEED },
  )
}

describe('where the bit lives in an erased pte makes no difference to a program', () => {
  const presets = [rfc202101, hughSwpType].map((design) => ({ name: design.name, design }))
  test.each(presets.flatMap((preset) => MEMORY_TYPES.map((memory) => ({ ...preset, memory }))))(
    '$name and linux-5.19 on $memory',
    ({ design, memory }) => sameOn(memory, design, linux519, UFFD_FEATURE_WP_HUGETLBFS_SHMEM),
  )

  test.each(MEMORY_TYPES)('with markers for unpopulated memory too, on %s', (memory) => {
    const features = UFFD_FEATURE_WP_HUGETLBFS_SHMEM | UFFD_FEATURE_WP_UNPOPULATED
    for (const encoding of [specialPte, swapType1]) sameOn(memory, { ...linux64, encoding }, linux64, features)
  })
})

test('the comparison can tell designs apart: bits that die with the pte are seen', () => {
  const found = fc
    .sample(randomProgram(['shmem']), { numRuns: 50, seed: SEED })
    .some((program) => firstDifference(noPersistence, linux519, program) !== undefined)
  expect(found).toBe(true)
})
