/**
 * Laws of trackers.
 * @module
 */
import { createModel, linux618SoftDirty } from '@faultline/designs'
import type { TrackerPolicy } from '@faultline/mm-types'
import { findWorkload, syntheticTrace, type WorkloadOptions, type WorkloadResult } from '@faultline/workloads'
import { type Case, hold } from '../case.ts'
import { interfaceCase } from '../model.ts'

const HEAP = { start: 0x100000, pages: 512 }
const EPOCHS = 4
const EACH = 60
const QUIET = { epochMarks: 1, reclaim: 0, unmap: 0, khugepaged: 0 }

/** Touches the heap once, then writes some of it each epoch. */
const trace = () =>
  syntheticTrace({
    name: 'some of a heap',
    seed: 1,
    steps: [
      { do: 'map', ...HEAP },
      { do: 'touch', ...HEAP },
      ...Array.from({ length: EPOCHS }, () => [
        { do: 'epoch' } as const,
        { do: 'touch', ...HEAP, count: EACH, order: 'shuffled' } as const,
      ]).flat(),
    ],
  })

/** What a tracker must do, on a kernel that has both a userfaultfd and soft-dirty bits. */
export function trackerCases(make: () => TrackerPolicy): readonly Case[] {
  const run = (options: WorkloadOptions): WorkloadResult => {
    const design = { ...linux618SoftDirty, name: make().name, tracker: make() }
    const result = findWorkload('dirty-tracking')!.run(createModel(design).open(), design, trace(), options)
    hold(!('unsupported' in result), 'unsupported' in result ? result.unsupported : '')
    return result
  }
  return [
    interfaceCase(make, 'tracker'),
    {
      name: 'all-writes',
      law: 'every page that is written in an epoch is reported, and no other',
      run() {
        const { pagesWritten, lost, spurious } = run(QUIET)
        hold(
          pagesWritten === HEAP.pages + EPOCHS * EACH,
          `${pagesWritten} pages were written, ${HEAP.pages + EPOCHS * EACH} should have been`,
        )
        hold(lost === 0, `${lost} pages that were written are not reported`)
        hold(spurious === 0, `${spurious} pages are reported that nobody wrote`)
      },
    },
    {
      name: 'disturbed',
      law: 'none is lost either where memory is reclaimed, unmapped and merged meanwhile',
      run() {
        const { lost } = run({ epochMarks: 1, reclaim: 0.2, unmap: 0.1, khugepaged: 1 })
        hold(lost === 0, `${lost} pages that were written are not reported`)
      },
    },
    {
      name: 'contents',
      law: 'the program reads what it wrote, and none of its accesses waits for ever',
      run() {
        const { corrupted, stuck } = run({ epochMarks: 1, reclaim: 0.2 })
        hold(corrupted === 0 && stuck === 0, `${corrupted} pages read wrong, ${stuck} accesses never succeeded`)
      },
    },
  ]
}
