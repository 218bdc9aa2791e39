/**
 * The answer of a PAGEMAP_SCAN while it grows: regions, limits, where the walk ended.
 *
 * @source v6.18 fs/proc/task_mmu.c pagemap_scan_output(), pagemap_scan_push_range(), pagemap_scan_backout_range()
 * @module
 */
import {
  PAGE_IS_FILE,
  PAGE_IS_PFNZERO,
  PAGE_IS_PRESENT,
  PAGE_IS_SOFT_DIRTY,
  PAGE_IS_WRITTEN,
  PAGE_SOFT_DIRTY,
  PAGE_UFFD_WP,
  PM_SCAN_WP_MATCHING,
  type Words,
} from '@faultline/mm-types'
import { REPORTED, type RunsMark, type ScanRegions, ScanRuns } from './scan-regions.ts'

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
  readonly found: ScanRegions
  readonly walkEnd: number
}

function categoriesOf(bits: number): number {
  return (bits & PAGE_UFFD_WP ? 0 : PAGE_IS_WRITTEN) | (bits & PAGE_SOFT_DIRTY ? PAGE_IS_SOFT_DIRTY : 0)
}

/** More pages than there are. */
const NO_LIMIT = 2 ** 40

/** Where an answer stood. */
interface ScanMark {
  readonly left: number
  readonly runs: RunsMark
}

/** Collects regions page range by page range. One for a kernel: scans do not nest. */
export class ScanOutput {
  /** Page where the walk ended early, or -1. */
  walkEnd = -1
  /** PM_SCAN_WP_MATCHING: what matches is armed. */
  arms = false
  /** Arming without a vector: masks are not looked at in tables of ptes. */
  exclusive = false
  /** Categories that any mask names. @source v6.18 fs/proc/task_mmu.c pagemap_scan_get_args() */
  interest = 0
  private inverted = 0
  private mask = 0
  private anyof = 0
  private returned = 0
  private vecLen = 0
  /** Pages that may still be reported. */
  private left = NO_LIMIT
  private readonly runs = new ScanRuns()
  /** By which present entries of the vma differ; -1 where more tells them apart than one bit. And what they are without it, and with. */
  private bit = -1
  private clear = 0
  private set = 0

  /** Starts a new answer. */
  begin(request: ScanRequest): void {
    this.walkEnd = -1
    this.arms = (request.flags & PM_SCAN_WP_MATCHING) !== 0
    this.exclusive = this.arms && request.vecLen === 0
    this.interest = request.inverted | request.mask | request.anyof | request.returned
    this.inverted = request.inverted
    this.mask = request.mask
    this.anyof = request.anyof
    this.returned = request.returned
    this.vecLen = request.vecLen
    this.left = request.maxPages === 0 ? NO_LIMIT : request.maxPages
    this.runs.begin(request.start / 4096)
  }

  /** Whether pages of these categories are asked for. */
  matches(categories: number): boolean {
    const turned = categories ^ this.inverted
    return (turned & this.mask) === this.mask && (this.anyof === 0 || (turned & this.anyof) !== 0)
  }

  /** Prepares `addPresent` for a vma of these categories. */
  forPresent(category: number, softDirty: boolean): void {
    this.bit = -1
    const asked = this.interest & (softDirty ? PAGE_IS_SOFT_DIRTY | PAGE_IS_WRITTEN : PAGE_IS_WRITTEN)
    const tellsTwice = asked === (PAGE_IS_SOFT_DIRTY | PAGE_IS_WRITTEN)
    if (this.arms || tellsTwice || this.interest & (PAGE_IS_FILE | PAGE_IS_PFNZERO)) return
    const bit = asked === PAGE_IS_SOFT_DIRTY ? PAGE_SOFT_DIRTY : PAGE_UFFD_WP
    this.clear = this.tagOf(category | PAGE_IS_PRESENT | categoriesOf(0))
    this.set = this.tagOf(category | PAGE_IS_PRESENT | categoriesOf(bit))
    this.bit = this.clear === this.set ? 0 : bit
  }

  private tagOf(categories: number): number {
    return this.matches(categories) ? REPORTED | (categories & this.returned) : 0
  }

  /**
   * Reports present entries from `at` on as long as they come in groups, when there is room for whatever they may be. What a scan that is
   * asked for neither frames nor arming does nearly all of the time.
   *
   * @param vpn page of the first
   * @returns the first entry that was not looked at
   */
  addPresent(los: Words, at: number, last: number, vpn: number): number {
    const { runs, bit } = this
    const most = last - at
    if (bit < 0 || this.left < most || runs.regions + most > this.vecLen) return at
    this.left -= runs.addGroups(los, at, last, vpn, bit, this.clear, this.set)
    return at + (runs.reached - vpn)
  }

  /** Reports pages [start, end). @returns the page up to which they fitted in */
  add(categories: number, start: number, end: number): number {
    if (this.vecLen === 0) return end
    const done = end - start > this.left ? start + this.left : end
    if (!this.push(categories & this.returned, start, done)) return this.stop(start)
    this.left -= done - start
    return done < end ? this.stop(done) : end
  }

  private stop(page: number): number {
    this.walkEnd = page
    return page
  }

  /** @returns false when the vector is full */
  private push(categories: number, start: number, end: number): boolean {
    const { runs } = this
    const tag = REPORTED | categories
    if (runs.regions === this.vecLen && !runs.goesOn(start, tag)) return false
    if (end > start) runs.add(start, end, tag)
    return true
  }

  /** Remembers the answer so far, for `restore`. */
  mark(): ScanMark {
    return { left: this.left, runs: this.runs.mark() }
  }

  /** Takes back what was added since a mark; where the walk was to end stays as it was said then. */
  restore(mark: ScanMark): void {
    this.left = mark.left
    this.runs.rewind(mark.runs)
  }

  regions(): ScanRegions {
    return this.runs.finish()
  }
}
