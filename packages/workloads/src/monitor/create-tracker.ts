import type { Memory, SyncSession } from '@faultline/program'
import { UnsupportedError } from '../calls.ts'
import { AsyncTracker } from './async.ts'
import { IdealTracker } from './ideal.ts'
import { SyncTracker } from './sync.ts'
import type { Report, TrackedDesign, Tracker } from './tracker.ts'

/** The tracker a design asks for. @throws UnsupportedError when the design cannot track this memory */
export function createTracker(design: TrackedDesign, session: SyncSession, memory: Memory, report: Report): Tracker {
  switch (design.tracker.mechanism) {
    case 'uffd-wp-sync':
      return new SyncTracker(design, session, memory, report)
    case 'uffd-wp-async':
      return new AsyncTracker(design, session, memory, report)
    case 'ideal':
      return new IdealTracker(report)
    default:
      throw new UnsupportedError(`${design.name} tracks by ${design.tracker.mechanism}, for which there is no monitor`)
  }
}
