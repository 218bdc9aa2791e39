import type { TrackerPolicy } from '@faultline/mm-types'
import type { Memory, SyncSession } from '@faultline/program'
import { AsyncTracker } from './async.ts'
import { IdealTracker } from './ideal.ts'
import { MprotectTracker } from './mprotect.ts'
import { SoftDirtyTracker } from './soft-dirty.ts'
import { SyncTracker } from './sync.ts'
import type { Report, TrackedDesign, Tracker } from './tracker.ts'

type CreateTracker = (design: TrackedDesign, session: SyncSession, memory: Memory, report: Report) => Tracker

const TRACKERS: Readonly<Record<TrackerPolicy['mechanism'], CreateTracker>> = {
  'uffd-wp-sync': (design, session, memory, report) => new SyncTracker(design, session, memory, report),
  'uffd-wp-async': (design, session, memory, report) => new AsyncTracker(design, session, memory, report),
  'soft-dirty': (design, session, _memory, report) => new SoftDirtyTracker(design, session, report),
  mprotect: (design, session, memory, report) => new MprotectTracker(design, session, memory, report),
  ideal: (_design, _session, _memory, report) => new IdealTracker(report),
}

/** The tracker a design asks for. @throws UnsupportedError when the design cannot track this memory */
export const createTracker: CreateTracker = (design, session, memory, report) =>
  TRACKERS[design.tracker.mechanism](design, session, memory, report)
