/**
 * Seam: huge write-protect. What becomes of an armed huge page?
 * @module
 */

/** Plain data: read when a whole huge page is armed, and when an armed one is written. */
export interface HugeWpPolicy {
  readonly name: string
  /** Arming a whole huge page splits it into ptes at once. */
  readonly splitsWhenArmed: boolean
  /** A write to an armed huge page splits it, so that one page is reported; otherwise the whole page is. */
  readonly splitsOnWrite: boolean
  readonly source: string
}
