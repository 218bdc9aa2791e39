/**
 * Seam: arming the empty. How is memory write-protected that is not there?
 * @module
 */
import type { MarkerEncoding } from './encoding.ts'
import type { PageTables } from './machine.ts'

/** What an arming policy may write into a none entry. */
export interface ArmingContext {
  readonly encoding: MarkerEncoding
  /** Words of a read-only zero-page entry with the uffd-wp bit, for this mapping. */
  readonly zeroLo: number
  readonly zeroHi: number
  /** Every entry of the span is none, so that it can be filled without a look at each, which takes a fifth of the time. */
  readonly isEmpty: boolean
}

/**
 * Decides what UFFDIO_WRITEPROTECT leaves in entries that are none.
 *
 * Called by `policy-uffd`, once per table that a call arms and that has none entries in its span; it owns the loop over
 * the span. It must write nothing but none entries, must not allocate, and must not look outside the span.
 */
export interface ArmingPolicy {
  readonly name: string
  /** True when an empty range needs a table of ptes; false lets the walk pass over ranges without one. */
  readonly needsTable: boolean
  /** True when pages it armed are present (so that reads of them do not fault). */
  readonly populates: boolean
  /**
   * True when an empty, aligned range of 2 MiB of anonymous memory that may be huge is armed by mapping the huge zero page
   * there, and `armNone` is left with the rest.
   */
  readonly mapsHugeZeroPage: boolean
  /**
   * What a none entry of a mapping registered for write-protection means. False, as in Linux: it is not armed, and whatever is must
   * be recorded. True: it is armed, and whatever is not carries a marker PTE_MARKER_NO_WP, which the encoding must have.
   *
   * With true, the address space gives pages that come from none entries the bit, leaves NO_WP in place of erased entries
   * whose bit was clear (none in place of the others), and disarming writes NO_WP into none entries, tables and all; arming
   * takes NO_WP away again, and so does the end of the registration.
   */
  readonly noneIsArmed: boolean
  /**
   * The highest level at which one entry may arm a range from page `vpn` on, where nothing is below that entry: LEVEL_PTE for none above
   * the leaves, LEVEL_PMD, LEVEL_PUD. Asked once a table. Where it is above LEVEL_PTE, `armNone` must write the encoding's
   * wp marker into every none entry: one entry and a table full of those are taken for the same, and made into one another.
   *
   * @param tables - what is around that page, to be looked at and not written
   * @param pgd - root of the address space in `tables`
   */
  wholeLevel(vpn: number, tables: PageTables, pgd: number): number
  /**
   * Arms the none entries of `lo`/`hi` in [from, to): by the plain wp marker of the encoding, or, where it `populates`, by present
   * entries with the uffd-wp bit that may not be written. A table full of those is known for that from then on.
   * @returns entries that are no longer none
   */
  armNone(lo: Int32Array, hi: Int32Array, from: number, to: number, context: ArmingContext): number
  readonly source: string
}
