import { createModel, findDesign, linux618 } from '@faultline/designs'
import { type Design, LEVEL_PUD } from '@faultline/mm-types'
import { MEMORY_TYPES } from '@faultline/program'
import { bundledTraceUrl, findWorkload, type WorkloadResult } from '@faultline/workloads'
import { loadTraceFile } from '@faultline/workloads/load-file'
import { expect, test } from 'vitest'
import { nearAndFar } from '../test/near-and-far.ts'
import { fuzz } from './fuzz/fuzz.ts'

/** The one line of a composition that a further arming policy takes. */
const arming = { ...linux618.arming, file: nearAndFar, anonUnpopulated: nearAndFar }
const mine: Design = { ...linux618, name: 'near-and-far', title: 'a ninth way to arm the empty', status: 'model only', arming }

test('a ninth arming policy tracks what redis writes, and loses and invents nothing', async () => {
  const trace = await loadTraceFile(bundledTraceUrl('redis-server'))
  const workload = findWorkload('dirty-tracking')
  if (trace.format !== 'pgtrace' || workload === undefined) throw new Error('no such trace or workload')
  const results = [linux618, mine].map((design) => {
    const session = createModel(design).open()
    const result = workload.run(session, design, trace, {})
    if ('unsupported' in result) throw new Error(result.unsupported)
    return { result: result as WorkloadResult, counters: session.counters() }
  })
  const seen = results.map(({ result: { lost, spurious, corrupted, stuck, reported, pagesWritten } }) => ({
    lost,
    spurious,
    corrupted,
    stuck,
    reported,
    pagesWritten,
  }))
  expect(seen[1]).toEqual(seen[0])
  expect(seen[1]).toMatchObject({ lost: 0, spurious: 0, corrupted: 0, stuck: 0 })
  expect(seen[1]!.pagesWritten).toBeGreaterThan(10_000)
  // It did something of its own: entries above the leaves stood for tables, and some came to be needed.
  expect(results[1]!.counters.spreads).toBeGreaterThan(0)
  expect(results[0]!.counters.spreads).toBe(0)
})

test('random programs cannot tell it from markers in ptes', { timeout: 60_000 }, async () => {
  const pair = { a: createModel(mine), b: createModel(linux618), ignored: new Set(['table-bytes']) }
  const limits = { programs: 60, totalOperations: 1e9, milliseconds: 60_000, differences: 1, batch: 20 }
  const about = { memories: MEMORY_TYPES, operations: 30, features: linux618.uffd.features, wholeLevel: LEVEL_PUD }
  const { found, operations } = await fuzz(pair, { seed: 9, ...about, ...limits })
  expect(found).toEqual([])
  expect(operations).toBeGreaterThan(1000)
})

test('nobody else knows of it', () => {
  expect(findDesign(mine.name)).toBeUndefined()
})
