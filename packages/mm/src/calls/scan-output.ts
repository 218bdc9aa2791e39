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
  PAGE_PRESENT_ANY,
  PAGE_SOFT_DIRTY,
  PAGE_UFFD_WP,
  PM_SCAN_WP_MATCHING,
  type Words,
} from '@faultline/mm-types'
import type { ScanRegion } from '@faultline/program'

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

/** Numbers of a region: first page, end, categories. */
const FIELDS = 3

/** Regions of one answer. They are made objects of when somebody looks at them: a scan may find a million. */
export class ScanRegions {
  private readonly numbers: Float64Array
  private made: ScanRegion[] | null = null

  /** @param numbers three a region */
  constructor(numbers: Float64Array) {
    this.numbers = numbers
  }

  /** The regions, addresses in bytes. */
  list(): readonly ScanRegion[] {
    if (this.made !== null) return this.made
    const { numbers } = this
    const made: ScanRegion[] = []
    for (let at = 0; at < numbers.length; at += FIELDS) {
      const start = numbers[at]
      const end = numbers[at + 1]
      if (end > start) made.push({ start: start * 4096, end: end * 4096, categories: numbers[at + 2] })
    }
    this.made = made
    return made
  }
}

/** The bits by which present entries differ in categories, shifted by this, number four kinds of them. */
const KIND_SHIFT = 10

function categoriesOf(bits: number): number {
  return (bits & PAGE_UFFD_WP ? 0 : PAGE_IS_WRITTEN) | (bits & PAGE_SOFT_DIRTY ? PAGE_IS_SOFT_DIRTY : 0)
}

/** What a scan without any region answers. */
export const NO_REGIONS = new ScanRegions(new Float64Array())
/** More pages than there are. */
const NO_LIMIT = 2 ** 40

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
  private numbers = new Float64Array(16 * FIELDS)
  /** Numbers in use, and up to where they may be used: by the vector's length or the array's. */
  private length = 0
  private room = 0
  /** Of the four kinds of present entries, a bit for each that is asked for, and the categories that all have; -1 where frames are asked too. */
  private asked = -1
  private ofPresent = 0
  private softDirty = 0

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
    this.length = 0
    this.room = Math.min(request.vecLen * FIELDS, this.numbers.length)
  }

  /** Whether pages of these categories are asked for. */
  matches(categories: number): boolean {
    const turned = categories ^ this.inverted
    return (turned & this.mask) === this.mask && (this.anyof === 0 || (turned & this.anyof) !== 0)
  }

  /** Prepares `addPresent` for a vma of these categories. */
  forPresent(category: number, softDirty: boolean): void {
    this.asked = -1
    if (this.arms || this.interest & (PAGE_IS_FILE | PAGE_IS_PFNZERO)) return
    this.asked = 0
    this.ofPresent = category | PAGE_IS_PRESENT
    this.softDirty = softDirty ? PAGE_SOFT_DIRTY : 0
    for (let kind = 0; kind < 4; kind++) if (this.matches(this.ofPresent | categoriesOf(kind << KIND_SHIFT))) this.asked |= 1 << kind
  }

  /**
   * Reports present entries from `at` on as long as they come, when there is room for whatever they may be. What a scan that is asked for
   * neither frames nor arming does nearly all of the time; `add` for each run takes five times as long.
   *
   * @param vpn page of the first
   * @returns the first entry that was not looked at
   */
  addPresent(los: Words, at: number, last: number, vpn: number): number {
    const { asked, ofPresent, returned } = this
    if (asked < 0 || this.left < last - at || !this.reserve(last - at)) return at
    const { numbers } = this
    const kinds = PAGE_UFFD_WP | this.softDirty
    const mask = PAGE_PRESENT_ANY | kinds
    const offset = vpn - at
    let { length } = this
    let pages = 0
    let next = at
    while (next < last) {
      const lo = los[next]
      if ((lo & PAGE_PRESENT_ANY) === 0) break
      const from = next++
      const bits = lo & kinds
      if (((asked >>> (bits >>> KIND_SHIFT)) & 1) === 0) continue
      while (next < last && (los[next] & mask) === (lo & mask)) next++
      const categories = (ofPresent | categoriesOf(bits)) & returned
      pages += next - from
      if (length !== 0 && numbers[length - 2] === from + offset && numbers[length - 1] === categories) numbers[length - 2] = next + offset
      else {
        numbers[length] = from + offset
        numbers[length + 1] = next + offset
        numbers[length + 2] = categories
        length += FIELDS
      }
    }
    this.length = length
    this.left -= pages
    return next
  }

  /** Whether the vector takes that many more regions. */
  private reserve(regions: number): boolean {
    const needed = this.length + regions * FIELDS
    if (needed > this.vecLen * FIELDS) return false
    while (this.room < needed) this.grow()
    return true
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

  private push(categories: number, start: number, end: number): boolean {
    const { length, numbers } = this
    if (length !== 0 && numbers[length - 2] === start && numbers[length - 1] === categories) {
      numbers[length - 2] = end
      return true
    }
    if (length === this.room) return this.grow() && this.push(categories, start, end)
    numbers[length] = start
    numbers[length + 1] = end
    numbers[length + 2] = categories
    this.length = length + FIELDS
    return true
  }

  /** @returns false when the vector is full */
  private grow(): boolean {
    const most = this.vecLen * FIELDS
    if (this.length >= most) return false
    const numbers = new Float64Array(2 * this.numbers.length)
    numbers.set(this.numbers)
    this.numbers = numbers
    this.room = Math.min(most, numbers.length)
    return true
  }

  /** Remembers the answer so far, for `restore`. */
  mark(): readonly [number, number, number] {
    return [this.left, this.length, this.length > 0 ? this.numbers[this.length - 2] : 0]
  }

  /** Takes back what was added since a mark; where the walk was to end stays as it was said then. */
  restore(mark: readonly [number, number, number]): void {
    const [left, length, end] = mark
    this.left = left
    this.length = length
    if (length > 0) this.numbers[length - 2] = end
  }

  regions(): ScanRegions {
    return this.length === 0 ? NO_REGIONS : new ScanRegions(this.numbers.slice(0, this.length))
  }
}
