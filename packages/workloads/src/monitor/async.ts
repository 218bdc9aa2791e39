import { PAGE_IS_WRITTEN, PM_SCAN_CHECK_WPASYNC, PM_SCAN_WP_MATCHING, UFFD_FEATURE_WP_ASYNC } from '@faultline/mm-types'
import { type Memory, range, type SyncSession } from '@faultline/program'
import { must, UnsupportedError } from '../calls.ts'
import type { PageRange } from '../range-set.ts'
import type { Report, TrackedDesign, Tracker } from './tracker.ts'
import { openUffd, registerWp, WP_FEATURES } from './uffd.ts'

const UFFD = 'tracker'

/** Regions one PAGEMAP_SCAN can answer, as CRIU and the selftests size their vectors. */
const VECTOR_LENGTH = 1024

/**
 * Tracks by scanning: the kernel resolves write-protect faults itself, and PAGEMAP_SCAN finds the pages whose protection is
 * gone, and protects them again in the same step.
 */
export class AsyncTracker implements Tracker {
  readonly watchesStores = false
  readonly #design: TrackedDesign
  readonly #session: SyncSession
  readonly #memory: Memory
  readonly #report: Report

  constructor(design: TrackedDesign, session: SyncSession, memory: Memory, report: Report) {
    if ((design.uffd.features & UFFD_FEATURE_WP_ASYNC) === 0) {
      throw new UnsupportedError(`${design.name} has no asynchronous write-protection (UFFD_FEATURE_WP_ASYNC)`)
    }
    this.#design = design
    this.#session = session
    this.#memory = memory
    this.#report = report
    openUffd(design, session, memory, UFFD, WP_FEATURES | UFFD_FEATURE_WP_ASYNC)
  }

  track(start: number, pages: number): void {
    registerWp(this.#design, this.#session, this.#memory, UFFD, start, pages)
    this.#scan(start, start + pages, () => {})
  }

  /** Nobody waits for an asynchronous tracker. */
  answer(): void {}

  stored(): void {}

  collect(ranges: readonly PageRange[]): void {
    for (const { start, end } of ranges) this.#scan(start, end, this.#report)
  }

  /** The scan that collected has armed the pages again. */
  rearm(): void {}

  #scan(start: number, end: number, report: Report): void {
    while (start < end) {
      const outcome = must(this.#session, {
        op: 'scan',
        range: range('@', start, end - start),
        flags: PM_SCAN_WP_MATCHING | PM_SCAN_CHECK_WPASYNC,
        inverted: 0,
        mask: PAGE_IS_WRITTEN,
        anyof: 0,
        returned: PAGE_IS_WRITTEN,
        maxPages: 0,
        vecLen: VECTOR_LENGTH,
      })
      const regions = outcome.regions ?? []
      for (const region of regions) report(region.start / 4096, (region.end - region.start) / 4096)
      const reached = (outcome.walkEnd ?? end * 4096) / 4096
      if (reached <= start) return
      start = reached
    }
  }
}
