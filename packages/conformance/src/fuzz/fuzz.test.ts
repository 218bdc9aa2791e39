import { createModel, linux57, linux519, linux618, noPersistence, rfc202101 } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import { MEMORY_TYPES, type Memory, printShort } from '@faultline/program'
import { expect, test } from 'vitest'
import { comparePrograms, type Pair } from './differences.ts'
import { fuzz } from './fuzz.ts'
import { generateProgram } from './generate.ts'
import { shrink } from './shrink.ts'

function pairOf(a: Design, b: Design, ...ignored: string[]): Pair {
  return { a: createModel(a), b: createModel(b), ignored: new Set(ignored) }
}

async function run(pair: Pair, features: number, programs = 60, memories: readonly Memory[] = MEMORY_TYPES) {
  const limits = { programs, totalOperations: 1e9, milliseconds: 60_000, differences: 1, batch: 20 }
  return fuzz(pair, { seed: 20210115, memories, operations: 30, features, ...limits })
}

/** The lines of the shortest program that shows the first difference. */
async function shortest(pair: Pair, features: number): Promise<string[]> {
  const { found } = await run(pair, features, 400)
  expect(found.length).toBeGreaterThan(0)
  const { program } = await shrink(pair, found[0]!.program, found[0]!.difference)
  return printShort(program.map((operation) => ({ operation })))
}

test('a seed gives the same program again, and another seed another', () => {
  const options = { memories: MEMORY_TYPES, operations: 30, features: linux618.uffd.features }
  expect(generateProgram(7, options)).toEqual(generateProgram(7, options))
  expect(generateProgram(7, options)).not.toEqual(generateProgram(8, options))
})

test('a design does not differ from itself', async () => {
  const { found, programs, coverage } = await run(pairOf(linux618, linux618), linux618.uffd.features)
  expect(found).toEqual([])
  expect(programs).toBe(60)
  expect(coverage.met.size).toBeGreaterThan(30)
})

test('where the bit lives in an erased pte makes no difference but to the bytes of tables', async () => {
  const { found } = await run(pairOf(rfc202101, linux519, 'table-bytes'), rfc202101.uffd.features)
  expect(found).toEqual([])
})

/** Linux 6.18 with one thing wrong. */
function spoilt(what: Partial<Design>): Design {
  return { ...linux618, name: 'spoilt', ...what }
}

function without(anomaly: keyof Design['anomalies']): Design {
  return spoilt({ anomalies: { ...linux618.anomalies, [anomaly]: !linux618.anomalies[anomaly] } })
}

const FAULTS: readonly (readonly [what: string, design: Design])[] = [
  ['bits die with the page of a file', spoilt({ zap: noPersistence.zap })],
  ['what is not there is not protected', spoilt({ arming: { ...linux618.arming, anonUnpopulated: linux519.arming.anonUnpopulated } })],
  ['an erased pte has no room for the bit', spoilt({ encoding: linux57.encoding })],
  ['registering anew clears the bits', without('reregisterKeepsBits')],
  ['a fill respects markers', without('fillOverwritesMarkers')],
  ['a fill keeps the protection', without('fillDropsProtection')],
  ['a scan leaves markers clean', without('scanTaintsMarkers')],
  ['fork keeps the poison of shared pages', without('forkLosesSharedPoison')],
  ['what fails has done nothing', without('failsAfterPartialEffect')],
]

test.each(FAULTS)('a planted fault is found, and five operations show it: %s', async (_what, design) => {
  const lines = await shortest(pairOf(design, linux618), linux618.uffd.features)
  expect(lines.length, lines.join('\n')).toBeLessThanOrEqual(5)
})

test('what is taken out of a program leaves one that can be run', async () => {
  const pair = pairOf(linux618, linux618)
  const program = generateProgram(11, { memories: MEMORY_TYPES, operations: 30, features: linux618.uffd.features })
  const parts = program.map((_, index) => program.filter((__, at) => at !== index))
  const verdicts = await comparePrograms(pair, parts)
  expect(verdicts.filter((verdict) => verdict.difference !== undefined)).toEqual([])
})
