import type { ModelSession } from '@faultline/mm'
import { type Design, UFFD_FEATURE_WP_HUGETLBFS_SHMEM, UFFD_FEATURE_WP_UNPOPULATED } from '@faultline/mm-types'
import { MEMORY_TYPES } from '@faultline/program'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type RandomProgram, randomProgram, rareOperations } from '../test/random-program.ts'
import { recount } from '../test/recount.ts'
import { Reference } from '../test/reference.ts'
import { endProgram, openProgram, SEED, textUpTo } from '../test/sessions.ts'
import {
  hugeZeroPageArming,
  ideas,
  linux519,
  linux618,
  noPersistence,
  pmdMarker,
  pudMarker,
  sharedTables,
  twoMarkersArming,
  wpZeropageV1,
  zeropageForbidden,
} from './index.ts'

const FILES = UFFD_FEATURE_WP_HUGETLBFS_SHMEM
const EVERYTHING = FILES | UFFD_FEATURE_WP_UNPOPULATED
const DESIGNS: readonly { design: Design; features: number }[] = [
  { design: linux618, features: EVERYTHING },
  { design: linux519, features: FILES },
  { design: wpZeropageV1, features: EVERYTHING },
  { design: noPersistence, features: FILES },
  { design: hugeZeroPageArming, features: EVERYTHING },
  { design: twoMarkersArming, features: EVERYTHING },
  { design: zeropageForbidden, features: EVERYTHING },
  { design: pmdMarker, features: EVERYTHING },
]

function endsWithNothing(session: ModelSession): void {
  endProgram(session)
  const { frames, swap, tables } = session.composed.kernel.machine
  expect({ frames: frames.nrUsed(), slots: swap.nrUsed(), tables: tables.nrTables(), spaces: tables.nrPgds() }).toEqual({
    frames: 0,
    slots: 0,
    tables: 0,
    spaces: 0,
  })
}

/** Performs a program and checks contents and counts after each operation, and that nothing is left in the end. */
function obeysLaws(design: Design, program: RandomProgram): void {
  const session = openProgram(design, program)
  const reference = new Reference(program.memory, program.pages)
  for (const operation of program.operations) {
    const complaint = reference.apply(operation, session.perform(operation))
    const wrong = recount(session.composed.kernel, [session.bindings.file('F')])
    if (complaint !== undefined || wrong.length > 0) expect.fail(`${textUpTo(program, operation)}${complaint ?? wrong.join('\n')}`)
  }
  endsWithNothing(session)
}

describe.each(DESIGNS.map(({ design, features }) => ({ name: design.name, design, features })))('$name', ({ design, features }) => {
  test.each(MEMORY_TYPES)('%s: contents are those last written, counts agree with a walk, and nothing is left', (memory) => {
    fc.assert(
      fc.property(randomProgram([memory], features), (program) => obeysLaws(design, program)),
      { numRuns: 40, seed: SEED },
    )
  })
})

/** A store that another's protection stops for ever is a law broken; it is what this design is there to show. */
const LAWFUL = ideas.filter((design) => design !== sharedTables && DESIGNS.every((tested) => tested.design !== design))

test.each(LAWFUL.map((design) => ({ name: design.name, design })))('$name: the same, in fewer programs of any memory', ({ design }) => {
  fc.assert(
    fc.property(randomProgram(MEMORY_TYPES, EVERYTHING), (program) => obeysLaws(design, program)),
    { numRuns: 30, seed: SEED },
  )
})

const RARE = MEMORY_TYPES.flatMap((memory) => [linux618, pudMarker].map((design) => ({ memory, name: design.name, design })))

test.each(RARE)('$memory, $name: counts agree and nothing is left with the rarer calls too', ({ memory, design }) => {
  fc.assert(
    fc.property(randomProgram([memory], EVERYTHING, rareOperations), (program) => {
      const session = openProgram(design, program)
      for (const operation of program.operations) {
        session.perform(operation)
        const wrong = recount(session.composed.kernel, [session.bindings.file('F')])
        if (wrong.length > 0) expect.fail(`${textUpTo(program, operation)}${wrong.join('\n')}`)
      }
      endsWithNothing(session)
    }),
    { numRuns: 40, seed: SEED },
  )
})

test('the programs reach what the laws are about', () => {
  const reached: Record<string, number> = {}
  const programs = fc.sample(randomProgram(MEMORY_TYPES, EVERYTHING), { numRuns: 200, seed: SEED })
  for (const program of programs) {
    const session = openProgram(linux618, program)
    for (const operation of program.operations) session.perform(operation)
    for (const [name, count] of Object.entries(session.counters())) reached[name] = (reached[name] ?? 0) + count
  }
  for (const name of [
    'swapOuts',
    'swapIns',
    'collapses',
    'splits',
    'messages',
    'faultsCow',
    'faultsMarker',
    'tlbHits',
    'markersInstalled',
    'tablesFreed',
  ]) {
    expect(reached[name], name).toBeGreaterThan(0)
  }
})
