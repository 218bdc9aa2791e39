/**
 * The trackers that experiments hold against each other, on one kernel.
 * @module
 */
import { createModel, linux618, linux618Sync, mprotectSigsegv, softDirty } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import { findWorkload, type Pgtrace, type UnsupportedResult, type WorkloadOptions, type WorkloadResult } from '@faultline/workloads'

/** A tracker as tables name it. */
export interface ComparedTracker {
  readonly label: string
  readonly design: Design
}

/** All of Linux 6.18. */
export const COMPARED: readonly ComparedTracker[] = [
  { label: 'soft-dirty', design: softDirty },
  { label: 'uffd sync', design: linux618Sync },
  { label: 'uffd async', design: linux618 },
  { label: 'mprotect', design: mprotectSigsegv },
]

/** Nothing happens but what the trace says. */
const QUIET: WorkloadOptions = { epochMarks: 1, reclaim: 0, unmap: 0, khugepaged: 0 }

/** A run, with the counters of the session after each epoch. */
export interface TrackedRun {
  readonly result: WorkloadResult | UnsupportedResult
  readonly afterEpoch: readonly Readonly<Record<string, number>>[]
  /** Mappings when all was over. */
  readonly vmas: number
}

/** Runs dirty tracking on a trace and notes what it had cost after each epoch. */
export function track(design: Design, trace: Pgtrace, options: WorkloadOptions): TrackedRun {
  const workload = findWorkload('dirty-tracking')
  if (workload === undefined) throw new Error('there is no workload dirty-tracking')
  const session = createModel(design).open()
  const afterEpoch: Readonly<Record<string, number>>[] = []
  try {
    const result = workload.run(session, design, trace, { ...QUIET, ...options }, () => void afterEpoch.push({ ...session.counters() }))
    return { result, afterEpoch, vmas: session.vmas('main').now }
  } finally {
    session.close()
  }
}
