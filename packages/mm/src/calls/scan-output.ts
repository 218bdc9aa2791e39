/**
 * The answer of a PAGEMAP_SCAN while it grows: regions, limits, where the walk ended.
 *
 * @source v6.18 fs/proc/task_mmu.c pagemap_scan_output(), pagemap_scan_push_range(), pagemap_scan_backout_range()
 * @module
 */
import { PM_SCAN_WP_MATCHING } from '@faultline/mm-types'

/** One scan call. Addresses in bytes; masks are PAGE_IS_*. */
export interface ScanRequest {
  readonly start: number
  readonly end: number
  readonly flags: number
  readonly inverted: number
  readonly mask: number
  readonly anyof: number
  readonly returned: number
  /** Pages reported at most; 0 for no limit. */
  readonly maxPages: number
  /** Regions the output vector holds; 0 for no vector. */
  readonly vecLen: number
}

/** What it answers. */
export interface ScanResult {
  readonly errno: number
  readonly regions: readonly { readonly start: number; readonly end: number; readonly categories: number }[]
  readonly walkEnd: number
}

/** Collects regions page range by page range. */
export class ScanOutput {
  /** Page where the walk ended early, or -1. */
  walkEnd = -1
  /** PM_SCAN_WP_MATCHING: what matches is armed. */
  readonly arms: boolean
  /** Arming without a vector: masks are not looked at in tables of ptes. */
  readonly exclusive: boolean
  /** Categories that any mask names. @source v6.18 fs/proc/task_mmu.c pagemap_scan_get_args() */
  readonly interest: number
  private readonly request: ScanRequest
  private readonly maxPages: number
  private found = 0
  private readonly starts: number[] = []
  private readonly ends: number[] = []
  private readonly categories: number[] = []

  constructor(request: ScanRequest) {
    this.request = request
    this.arms = (request.flags & PM_SCAN_WP_MATCHING) !== 0
    this.exclusive = this.arms && request.vecLen === 0
    this.interest = request.inverted | request.mask | request.anyof | request.returned
    this.maxPages = request.maxPages === 0 ? Number.POSITIVE_INFINITY : request.maxPages
  }

  /** Whether pages of these categories are asked for. */
  matches(categories: number): boolean {
    const { inverted, mask, anyof } = this.request
    const turned = categories ^ inverted
    return (turned & mask) === mask && (anyof === 0 || (turned & anyof) !== 0)
  }

  /** Reports pages [start, end). @returns the page up to which they fitted in */
  add(categories: number, start: number, end: number): number {
    if (this.request.vecLen === 0) return end
    const returned = categories & this.request.returned
    let done = end
    if (this.found + (end - start) > this.maxPages) done = start + (this.maxPages - this.found)
    if (!this.push(returned, start, done)) done = start
    this.found += done - start
    if (done < end) this.walkEnd = done
    return done
  }

  private push(categories: number, start: number, end: number): boolean {
    const last = this.starts.length - 1
    if (last >= 0 && this.ends[last] === start && this.categories[last] === categories) {
      this.ends[last] = end
      return true
    }
    if (this.starts.length >= this.request.vecLen) return false
    this.starts.push(start)
    this.ends.push(end)
    this.categories.push(categories)
    return true
  }

  /** Remembers the answer so far, for `restore`. */
  mark(): readonly [number, number, number] {
    const last = this.starts.length
    return [this.found, last, last > 0 ? this.ends[last - 1] : 0]
  }

  /** Takes back what was added since a mark; where the walk was to end stays as it was said then. */
  restore(mark: readonly [number, number, number]): void {
    const [found, length, end] = mark
    this.found = found
    this.starts.length = length
    this.ends.length = length
    this.categories.length = length
    if (length > 0) this.ends[length - 1] = end
  }

  regions(): { start: number; end: number; categories: number }[] {
    const { starts, ends, categories } = this
    const found: { start: number; end: number; categories: number }[] = []
    for (let i = 0; i < starts.length; i++)
      if (ends[i] > starts[i]) found.push({ start: starts[i] * 4096, end: ends[i] * 4096, categories: categories[i] })
    return found
  }
}
