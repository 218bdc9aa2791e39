import { createModel, linux519, linux618, noPersistence, rfc202101 } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import { MEMORY_TYPES, type Memory, printOperation } from '@faultline/program'
import { describe, expect, test } from 'vitest'
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

/** The text of the shortest program that shows the first difference. */
async function shortest(pair: Pair, features: number, memories: readonly Memory[]): Promise<string[]> {
  const { found } = await run(pair, features, 400, memories)
  expect(found.length).toBeGreaterThan(0)
  const { difference } = await shrink(pair, found[0].program, found[0].difference)
  return difference.script.map(printOperation)
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

describe('a planted fault is found, and what shows it is no more than setup and five operations', () => {
  const SETUP = /^(file|mmap|userfaultfd|api|register|pagemap|\.?[a-z]*:? ?read) /

  test('bits that die with the pte', async () => {
    const faulty: Design = { ...linux618, name: 'faulty', zap: noPersistence.zap }
    const text = await shortest(pairOf(faulty, linux618), linux618.uffd.features, ['shmem', 'hugetlb'])
    expect(text.filter((line) => !SETUP.test(line)).length, text.join('\n')).toBeLessThanOrEqual(5)
  })

  test('what is not there is not protected', async () => {
    const faulty: Design = { ...linux618, name: 'faulty', arming: { ...linux618.arming, anonUnpopulated: linux519.arming.anonUnpopulated } }
    const text = await shortest(pairOf(faulty, linux618), linux618.uffd.features, ['anon'])
    expect(text.filter((line) => !SETUP.test(line)).length, text.join('\n')).toBeLessThanOrEqual(5)
  })
})

test('what is taken out of a program leaves one that can be run', async () => {
  const pair = pairOf(linux618, linux618)
  const program = generateProgram(11, { memories: MEMORY_TYPES, operations: 30, features: linux618.uffd.features })
  const parts = program.map((_, index) => program.filter((__, at) => at !== index))
  const verdicts = await comparePrograms(pair, parts)
  expect(verdicts.filter((verdict) => verdict.difference !== undefined)).toEqual([])
})
