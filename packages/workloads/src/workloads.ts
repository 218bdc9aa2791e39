/**
 * The workloads that run a recorded program through a design.
 * @module
 */
import { ExpressionError, type Memory, type SyncSession } from '@faultline/program'
import { UnsupportedError } from './calls.ts'
import { DirtyTracking } from './dirty-tracking.ts'
import { LiveSnapshot } from './live-snapshot.ts'
import type { TrackedDesign } from './monitor/tracker.ts'
import {
  COMMON_OPTIONS,
  completeOptions,
  type DirtyTrackingOptions,
  type LiveSnapshotOptions,
  type OptionSpec,
  type Progress,
  SNAPSHOT_OPTIONS,
} from './options.ts'
import type { UnsupportedResult, WorkloadResult } from './result.ts'
import type { Pgtrace } from './trace/pgtrace.ts'

/** A program with a point. */
export interface Workload {
  /** As `--workload` takes it. */
  readonly name: string
  readonly title: string
  readonly description: string
  /** Numeric options, besides `memory`. */
  readonly options: readonly OptionSpec[]
  /**
   * Runs the workload on a session opened for it; the same inputs give the same result.
   *
   * @param options completed from their defaults
   * @param progress told after each epoch or slice of one
   * @throws RangeError for an option that does not exist or is out of range
   */
  run(
    session: SyncSession,
    design: TrackedDesign,
    trace: Pgtrace,
    options?: WorkloadOptions,
    progress?: Progress,
  ): WorkloadResult | UnsupportedResult
}

/** Options by name; those left out take their defaults. */
export interface WorkloadOptions {
  readonly memory?: Memory
  readonly [name: string]: number | string | undefined
}

const quiet: Progress = () => {}

/** Runs `body`, and makes a result of a design that cannot serve it. */
function attempt(
  workload: string,
  design: TrackedDesign,
  options: { readonly memory: Memory; readonly seed: number },
  body: () => WorkloadResult,
): WorkloadResult | UnsupportedResult {
  try {
    return body()
  } catch (error) {
    if (!(error instanceof UnsupportedError) && !(error instanceof ExpressionError)) throw error
    const { memory, seed } = options
    return { workload, design: design.name, memory, seed, unsupported: error.message }
  }
}

const dirtyTracking: Workload = {
  name: 'dirty-tracking',
  title: 'Dirty tracking',
  description:
    'Arms all writable memory, lets the program run for an epoch, collects the pages it wrote and arms again, while memory is reclaimed, unmapped and collapsed.',
  options: COMMON_OPTIONS,
  run(session, design, trace, options = {}, progress = quiet) {
    const complete = completeOptions<DirtyTrackingOptions>(COMMON_OPTIONS, options)
    return attempt('dirty-tracking', design, complete, () => new DirtyTracking(session, design, trace, complete).run(progress))
  },
}

const SNAPSHOT_SPECS = [...COMMON_OPTIONS, ...SNAPSHOT_OPTIONS]

const liveSnapshot: Workload = {
  name: 'live-snapshot',
  title: 'Live snapshot',
  description:
    'Arms all writable memory at one moment and copies each page once, before its first write, while the program goes on and memory is reclaimed, unmapped and collapsed.',
  options: SNAPSHOT_SPECS,
  run(session, design, trace, options = {}, progress = quiet) {
    const complete = completeOptions<LiveSnapshotOptions>(SNAPSHOT_SPECS, options)
    return attempt('live-snapshot', design, complete, () => new LiveSnapshot(session, design, trace, complete).run(progress))
  },
}

/** Every workload on a pgtrace. */
export const workloads: readonly Workload[] = [dirtyTracking, liveSnapshot]

/** The workload of that name. */
export function findWorkload(name: string): Workload | undefined {
  return workloads.find((workload) => workload.name === name)
}
