/**
 * Seam: collapse. May khugepaged merge here, and what becomes of the tables?
 * @module
 */
import type { MarkerEncoding } from './encoding.ts'
import type { Frames } from './machine.ts'

/** Limits of a scan; the names are those of the sysfs files. */
export interface CollapseLimits {
  /** None or zero-page entries allowed of 512. */
  readonly maxPtesNone: number
  readonly maxPtesSwap: number
  readonly maxPtesShared: number
}

/** What a scan of one table is told. */
export interface CollapseScan {
  readonly limits: CollapseLimits
  readonly vmFlags: number
  readonly encoding: MarkerEncoding
  readonly frames: Frames
  /** MADV_COLLAPSE: the limits do not apply (but none entries of an armed vma do). */
  readonly forced: boolean
}

/**
 * Decides over one range of 2 MiB.
 *
 * `vmaAllows` is asked once per vma and pass; `scanPmd` once per table, and owns the loop over its 512 entries. A scan
 * writes nothing and allocates nothing.
 */
export interface CollapsePolicy {
  readonly name: string
  /** Whether ranges of a vma with these flags are looked at at all. */
  vmaAllows(vmFlags: number): boolean
  /** @returns a SCAN_* code; SCAN_SUCCEED lets the collapse go ahead */
  scanPmd(lo: Int32Array, hi: Int32Array, base: number, scan: CollapseScan): number
  /** Whether a shmem collapse may free this vma's table of ptes and map the range huge. */
  retracts(vmFlags: number): boolean
  readonly source: string
}
