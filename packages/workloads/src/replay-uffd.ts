/**
 * The replay of a recorded userfaultfd stream, as a command runs it.
 * @module
 */
import { ExpressionError, type Memory, type SyncSession } from '@faultline/program'
import { UnsupportedError } from './calls.ts'
import type { TrackedDesign } from './monitor/tracker.ts'
import type { Progress } from './options.ts'
import { sessionCosts } from './result.ts'
import type { Uffdtrace } from './trace/uffdtrace.ts'
import { UffdReplay } from './uffd-replay.ts'
import type { UffdReplayCounts } from './uffd-tally.ts'

/** What a replay gives. */
export interface UffdReplayResult extends UffdReplayCounts, ReturnType<typeof sessionCosts> {
  readonly workload: 'uffd-replay'
  readonly design: string
  readonly memory: Memory
}

/** A design on which a stream cannot be replayed, and why. */
export interface UnsupportedReplay {
  readonly workload: 'uffd-replay'
  readonly design: string
  readonly memory: Memory
  readonly unsupported: string
}

/**
 * Replays a stream on a session opened for it; the same inputs give the same result.
 *
 * The stream is explained when `unexplained` is 0.
 *
 * @param reclaims how often, evenly through the stream, the kernel reclaims the region's pages behind the program's back: not in the
 * recording, and no message may change by it
 */
export function replayUffdtrace(
  session: SyncSession,
  design: Pick<TrackedDesign, 'name'>,
  trace: Uffdtrace,
  progress: Progress = () => {},
  reclaims = 0,
): UffdReplayResult | UnsupportedReplay {
  const head = { workload: 'uffd-replay', design: design.name, memory: trace.header.memory } as const
  try {
    return { ...head, ...new UffdReplay(session, trace).run(progress, reclaims), ...sessionCosts(session) }
  } catch (error) {
    if (!(error instanceof UnsupportedError) && !(error instanceof ExpressionError)) throw error
    return { ...head, unsupported: error.message }
  }
}
