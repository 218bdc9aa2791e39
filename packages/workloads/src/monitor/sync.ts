import { UFFD_PAGEFAULT_FLAG_WP, UFFDIO_WRITEPROTECT_MODE_WP } from '@faultline/mm-types'
import { type Memory, type ReceiveOp, range, type SyncSession } from '@faultline/program'
import { must, unitOf } from '../calls.ts'
import type { PageRange } from '../range-set.ts'
import type { Report, TrackedDesign, Tracker } from './tracker.ts'
import { openUffd, registerWp, WP_FEATURES } from './uffd.ts'

const UFFD = 'tracker'
const RECEIVE: ReceiveOp = { op: 'receive', uffd: UFFD }

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
      const outcome = this.#session.perform(RECEIVE)
      const message = outcome.messages?.[0]
      if (outcome.errno !== 0 || message === undefined) return
      if (((message.flags ?? 0) & UFFD_PAGEFAULT_FLAG_WP) === 0) continue
      const vpn = Math.floor(message.address / 4096)
      const start = vpn - (vpn % this.#unit)
      this.#report(start, this.#unit)
      must(this.#session, { op: 'writeprotect', uffd: UFFD, range: range('@', start, this.#unit), mode: 0 })
    }
  }

  stored(): void {}

  /** Every written page was reported when it was written. */
  collect(): void {}

  rearm(ranges: readonly PageRange[]): void {
    for (const { start, end } of ranges) this.#protect(start, end - start)
  }

  #protect(start: number, pages: number): void {
    must(this.#session, { op: 'writeprotect', uffd: UFFD, range: range('@', start, pages), mode: UFFDIO_WRITEPROTECT_MODE_WP })
  }
}
