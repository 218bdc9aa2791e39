import { MADV_DONTNEED } from '@faultline/mm-types'
import { findWorkload, syntheticTrace, type Workload } from '@faultline/workloads'
import { describe, expect, test } from 'vitest'
import { createModel, linux57, linux618 } from './index.ts'

const heap = { start: 0x100000, pages: 1024 }
const QUIET = { epochMarks: 1, reclaim: 0, unmap: 0, khugepaged: 0 }
const EPOCHS = 4
const EACH = 100

/** Touches the heap once, then writes some of it each epoch. */
const trace = syntheticTrace({
  name: 'some of a heap',
  seed: 1,
  steps: [
    { do: 'map', ...heap },
    { do: 'touch', ...heap },
    ...Array.from({ length: EPOCHS }, () => [
      { do: 'epoch' } as const,
      { do: 'touch', ...heap, count: EACH, order: 'shuffled' } as const,
    ]).flat(),
  ],
})

function run(design: typeof linux618, options: object = {}) {
  const workload = findWorkload('dirty-tracking') as Workload
  const result = workload.run(createModel(design).open(), design, trace, { ...QUIET, ...options })
  if ('unsupported' in result) throw new Error(result.unsupported)
  return result
}

describe('a synthetic program', () => {
  test('is tracked to the page', () => {
    const { pagesWritten, lost, corrupted, stuck, epochs } = run(linux618)
    expect({ pagesWritten, lost, corrupted, stuck, epochs }).toEqual({
      pagesWritten: heap.pages + EPOCHS * EACH,
      lost: 0,
      corrupted: 0,
      stuck: 0,
      epochs: EPOCHS + 1,
    })
  })

  test('makes a phenomenon visible alone: before 6.4 an unpopulated page could not be armed', () => {
    const { lost, lostByCause } = run(linux57)
    expect(lostByCause).toEqual({ 'unpopulated when armed': heap.pages })
    expect(lost).toBe(heap.pages)
  })

  test.each([1, 2])('loses nothing then when the monitor populates memory first (prepare=%i), at the price of faults', (prepare) => {
    const unprepared = run(linux57)
    const { lost, corrupted, faults } = run(linux57, { prepare })
    expect({ lost, corrupted }).toEqual({ lost: 0, corrupted: 0 })
    expect(faults.total).toBeGreaterThanOrEqual(unprepared.faults.total + heap.pages)
  })

  test('may disturb itself', () => {
    const dropped = syntheticTrace({
      name: 'dropped',
      seed: 1,
      steps: [
        { do: 'map', ...heap },
        { do: 'touch', ...heap },
        { do: 'epoch' },
        { do: 'advise', ...heap, advice: MADV_DONTNEED },
        { do: 'touch', ...heap, count: EACH },
      ],
    })
    const workload = findWorkload('dirty-tracking') as Workload
    const result = workload.run(createModel(linux618).open(), linux618, dropped, { ...QUIET, memory: 'shmem' })
    expect(result).toMatchObject({ lost: 0, pagesWritten: heap.pages + EACH, reported: heap.pages + EACH })
  })
})
