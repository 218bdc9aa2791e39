/**
 * All experiments, in the order lists print them.
 * @module
 */
import { armingEmpty } from './arming-empty.ts'
import type { Experiment } from './experiment.ts'
import { khugepagedSparse } from './khugepaged-sparse.ts'
import { liveSnapshot } from './live-snapshot.ts'
import { pmdSharing } from './pmd-sharing.ts'
import { softDirtyVsUffd } from './soft-dirty-vs-uffd.ts'
import { specialPteVsSwapType } from './special-pte-vs-swap-type.ts'
import { trackerChoice } from './tracker-choice.ts'
import { umapsort } from './umapsort.ts'

/** Every experiment once. */
export const experiments: readonly Experiment[] = [
  armingEmpty,
  specialPteVsSwapType,
  khugepagedSparse,
  pmdSharing,
  liveSnapshot,
  umapsort,
  softDirtyVsUffd,
  trackerChoice,
]

/** The experiment of that name. */
export function findExperiment(name: string): Experiment | undefined {
  return experiments.find((experiment) => experiment.name === name)
}
