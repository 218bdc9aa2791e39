import { type ClearRefsOp, range, STATE_SOFT_DIRTY, type SyncSession } from '@faultline/program'
import { must, UnsupportedError } from '../calls.ts'
import type { PageRange } from '../range-set.ts'
import type { Report, TrackedDesign, Tracker } from './tracker.ts'

/** Pages whose entries one read(2) of /proc/pid/pagemap asks for: a buffer of 512 KiB. */
const PAGES_PER_READ = 65_536
const CLEAR_REFS: ClearRefsOp = { op: 'clear_refs' }

/**
 * Tracks by soft-dirty bits: 4 written to /proc/pid/clear_refs begins an epoch, reading /proc/pid/pagemap ends it.
 *
 * Both are of the whole process, so a mapping that is made during an epoch cannot be armed by itself: until the epoch ends all of
 * it counts as written, which is what the kernel says of it (VM_SOFTDIRTY) too. Whoever reads only what bit 55 says sees no
 * difference between a page that was written and one that never existed. hugetlb memory is taken as it comes: the kernel refuses
 * nothing, and clears and shows the flag of the mapping only.
 */
export class SoftDirtyTracker implements Tracker {
  readonly watchesStores = false
  readonly #session: SyncSession
  readonly #report: Report

  constructor(design: TrackedDesign, session: SyncSession, report: Report) {
    if (!design.softDirty) throw new UnsupportedError(`${design.name} has no soft-dirty bits (CONFIG_MEM_SOFT_DIRTY)`)
    this.#session = session
    this.#report = report
  }

  /** A new mapping is dirty as a whole until the next `clear_refs`. */
  track(): void {}

  begin(): void {
    must(this.#session, CLEAR_REFS)
  }

  /** Nobody ever waits. */
  answer(): void {}

  stored(): void {}

  collect(ranges: readonly PageRange[]): void {
    for (const { start, end } of ranges) {
      for (let vpn = start; vpn < end; vpn += PAGES_PER_READ) this.#read(vpn, Math.min(PAGES_PER_READ, end - vpn))
    }
  }

  rearm(): void {
    must(this.#session, CLEAR_REFS)
  }

  #read(start: number, pages: number): void {
    const states = must(this.#session, { op: 'pagemap', range: range('@', start, pages) }).pages ?? []
    for (let i = 0; i < pages; i++) {
      if ((states[i] & STATE_SOFT_DIRTY) === 0) continue
      const first = i
      while (i + 1 < pages && (states[i + 1] & STATE_SOFT_DIRTY) !== 0) i++
      this.#report(start + first, i + 1 - first)
    }
  }
}
