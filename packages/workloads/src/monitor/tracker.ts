/**
 * The userland half of a tracker: how a monitor arms memory and learns of writes.
 * @module
 */
import type { Design } from '@faultline/mm-types'
import type { PageRange } from '../range-set.ts'

/** What a workload needs to know of a design: never how it works. */
export type TrackedDesign = Pick<Design, 'name' | 'tracker' | 'uffd' | 'softDirty'>

/** Told the pages (absolute, 4 KiB units) that a tracker found written. */
export type Report = (start: number, pages: number) => void

/** A monitor that tracks writes. */
export interface Tracker {
  /** `stored` wants to hear of every store. */
  readonly watchesStores: boolean
  /** Starts to track mapped pages, and arms them. @throws UnsupportedError when the design refuses */
  track(start: number, pages: number): void
  /** What the program starts with is tracked: the first epoch begins. */
  begin?(): void
  /** Tracked pages are gone, or no longer where they were. */
  forget?(start: number, pages: number): void
  /** The program is about to move pages, or to make their mapping longer. */
  moving?(start: number, pages: number): void
  /** The program changed the rights of tracked pages. */
  reprotected?(start: number, pages: number, writable: boolean): void
  /** Serves a thread that waits. */
  answer(): void
  /** A store ended in SIGSEGV. @returns whether the tracker had asked for that and the store can go on */
  signalled?(vpn: number): boolean
  /** Hears of a store that is about to happen, where `watchesStores`. */
  stored(vpn: number): void
  /** Ends an epoch: reports the written pages that were not reported yet. */
  collect(ranges: readonly PageRange[]): void
  /** Arms all tracked pages for the next epoch. */
  rearm(ranges: readonly PageRange[]): void
}
