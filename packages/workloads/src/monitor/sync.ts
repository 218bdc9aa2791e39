import { UFFD_PAGEFAULT_FLAG_WP, UFFDIO_WRITEPROTECT_MODE_WP } from '@faultline/mm-types'
import type { Memory, SyncSession } from '@faultline/program'
import { mustProtect, unitOf } from '../calls.ts'
import type { PageRange } from '../range-set.ts'
import type { Report, TrackedDesign, Tracker } from './tracker.ts'
import { openUffd, registerWp, WP_FEATURES } from './uffd.ts'

const UFFD = 'tracker'

/**
 * Tracks by messages: memory is write-protected, the first write to a page blocks its thread and sends one, the monitor
 * notes the page and unprotects it.
 */
export class SyncTracker implements Tracker {
  readonly watchesStores = false
  readonly #design: TrackedDesign
  readonly #session: SyncSession
  readonly #memory: Memory
  readonly #unit: number
  readonly #report: Report

  constructor(design: TrackedDesign, session: SyncSession, memory: Memory, report: Report) {
    this.#design = design
    this.#session = session
    this.#memory = memory
    this.#unit = unitOf(memory)
    this.#report = report
    openUffd(design, session, memory, UFFD, WP_FEATURES)
  }

  track(start: number, pages: number): void {
    registerWp(this.#design, this.#session, this.#memory, UFFD, start, pages)
    this.#protect(start, pages)
  }

  answer(): void {
    for (;;) {
      const message = this.#session.receive(UFFD)
      if (message === undefined) return
      if (((message.flags ?? 0) & UFFD_PAGEFAULT_FLAG_WP) === 0) continue
      const vpn = Math.floor(message.address / 4096)
      const start = vpn - (vpn % this.#unit)
      this.#report(start, this.#unit)
      mustProtect(this.#session, UFFD, start, this.#unit, 0)
    }
  }

  stored(): void {}

  /** Every written page was reported when it was written. */
  collect(): void {}

  rearm(ranges: readonly PageRange[]): void {
    for (const { start, end } of ranges) this.#protect(start, end - start)
  }

  #protect(start: number, pages: number): void {
    mustProtect(this.#session, UFFD, start, pages, UFFDIO_WRITEPROTECT_MODE_WP)
  }
}
