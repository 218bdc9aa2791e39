import type { Report, Tracker } from './tracker.ts'

/**
 * The oracle row: sees every store as it happens. It never loses one, never reports one that was not, and costs nothing.
 */
export class IdealTracker implements Tracker {
  readonly watchesStores = true
  readonly #report: Report

  constructor(report: Report) {
    this.#report = report
  }

  track(): void {}

  answer(): void {}

  stored(vpn: number): void {
    this.#report(vpn, 1)
  }

  collect(): void {}

  rearm(): void {}
}
