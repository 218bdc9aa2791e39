/**
 * What a PAGEMAP_SCAN found, as short as it comes: a word a run of pages, reported or not, from where the scan began; or a bit a page
 * where pages of two kinds take turns.
 * @module
 */
import { PAGE_PRESENT, type Words } from '@faultline/mm-types'
import type { ScanRegion } from '@faultline/program'

/** What pages are: 0 when they are not reported, else their categories, which are below 2^9, and this. */
export const REPORTED = 0x200
const CATEGORIES = REPORTED - 1
/** A word has a tag of so many bits, and above it the number of pages. */
const TAG_BITS = 10
const TAG_MASK = 2 ** TAG_BITS - 1
/** Longer runs take several words. */
const LONGEST = 2 ** (32 - TAG_BITS) - 1
/** In place of a tag: pages follow in groups. The next word has the tags of a bit that is clear and of one that is set. */
const GROUPS = 1
/** Pages of a group: a bit each, four groups to a word. */
const GROUP_SHIFT = 3
/** Of an answer that is short: at most some 100 regions. */
const FEW_WORDS = 8
// Of the innermost loop, once more: V8 folds constants of a module itself, but loads an imported one at every use.
const PRESENT = PAGE_PRESENT

/** Where an answer stood. */
export interface RunsMark {
  readonly reached: number
  readonly regions: number
  readonly length: number
  readonly lastRun: number
  readonly lastTag: number
  readonly lastWord: number
}

/** The answer of a scan while it grows. */
export class ScanRuns {
  /** The page after the last run. */
  reached = 0
  /** Regions so far. */
  regions = 0
  private first = 0
  private words = new Int32Array(64)
  private length = 0
  /** Where the word of the last run is; -1 where groups came after it. */
  private lastRun = -1
  private lastTag = 0

  begin(first: number): void {
    this.first = first
    this.rewind({ reached: first, regions: 0, length: 0, lastRun: -1, lastTag: 0, lastWord: 0 })
  }

  /** Whether pages from `start` on would belong to the last region. */
  goesOn(start: number, tag: number): boolean {
    return start === this.reached && tag === this.lastTag
  }

  /** Adds pages [start, end), all alike, after some that are not reported. */
  add(start: number, end: number, tag: number): void {
    if (start > this.reached) this.push(start - this.reached, 0)
    if (tag !== 0 && tag !== this.lastTag) this.regions++
    this.push(end - start, tag)
    this.reached = end
  }

  private push(pages: number, tag: number): void {
    const { lastRun } = this
    let left = pages
    if (tag === this.lastTag && lastRun >= 0) {
      const more = Math.min(left, LONGEST - (this.words[lastRun] >>> TAG_BITS))
      this.words[lastRun] += more << TAG_BITS
      left -= more
    }
    this.lastTag = tag
    while (left > 0) {
      const some = Math.min(left, LONGEST)
      this.reserve(1)
      this.lastRun = this.length
      this.words[this.length++] = (some << TAG_BITS) | tag
      left -= some
    }
  }

  /**
   * Adds the pages of present entries from `at` on, in groups, as long as there are such. That nothing is decided by an entry is what
   * makes it fast: runs of a page or two take five times as long.
   *
   * @param start page of the first
   * @param bit by which the entries differ
   * @returns pages added that are reported
   */
  addGroups(los: Words, at: number, last: number, start: number, bit: number, clear: number, set: number): number {
    this.reserve(4 + ((last - at) >>> 5))
    if (start > this.reached) this.push(start - this.reached, 0)
    this.reached = start
    const header = this.length
    const groups = gather(los, at, last, bit, this.words, header + 2)
    if (groups === 0) return 0
    const { words } = this
    words[header] = (groups << TAG_BITS) | GROUPS
    words[header + 1] = (set << TAG_BITS) | clear
    this.length = header + 2 + ((groups + 3) >>> 2)
    this.lastRun = -1
    this.reached = start + (groups << GROUP_SHIFT)
    return this.count(header + 2, groups << GROUP_SHIFT, clear, set)
  }

  /** Counts regions and pages of groups that were added. */
  private count(from: number, added: number, clear: number, set: number): number {
    const { words, length, lastTag } = this
    const inverted = clear !== 0 && set === 0 ? -1 : 0
    const all = clear !== 0 && set !== 0 ? -1 : 0
    let before = lastTag === clear ? 0 : lastTag === set ? 1 : ~words[from] & 1
    let pages = 0
    let regions = 0
    for (let at = from; at < length; at++) {
      const bits = words[at]
      const beyond = at === length - 1 ? -added & 31 : 0
      const reported = ((bits ^ inverted) | all) & (-1 >>> beyond)
      const changes = bits ^ ((bits << 1) | before)
      regions += bitCount(changes & reported)
      pages += bitCount(reported)
      before = (bits >>> (31 - beyond)) & 1
    }
    this.regions += regions
    this.lastTag = before ? set : clear
    return pages
  }

  mark(): RunsMark {
    const { reached, regions, length, lastRun, lastTag, words } = this
    return { reached, regions, length, lastRun, lastTag, lastWord: length === 0 ? 0 : words[length - 1] }
  }

  /** Takes back what was added since a mark. */
  rewind(mark: RunsMark): void {
    this.reached = mark.reached
    this.regions = mark.regions
    this.length = mark.length
    this.lastRun = mark.lastRun
    this.lastTag = mark.lastTag
    if (mark.length > 0) this.words[mark.length - 1] = mark.lastWord
  }

  finish(): ScanRegions {
    return this.regions === 0 ? NO_REGIONS : new ScanRegions(this.first, this.words.slice(0, this.length))
  }

  private reserve(more: number): void {
    if (this.length + more <= this.words.length) return
    const words = new Int32Array(2 * this.words.length + more)
    words.set(this.words)
    this.words = words
  }
}

/** Writes groups of present entries from `at` on, four to a word from `out` on. @returns groups */
function gather(los: Words, at: number, last: number, bit: number, words: Int32Array, out: number): number {
  const shift = 31 - Math.clz32(bit)
  let groups = 0
  let held = 0
  for (let i = at; i <= last - 8; i += 8) {
    const a = los[i]
    const b = los[i + 1]
    const c = los[i + 2]
    const d = los[i + 3]
    const e = los[i + 4]
    const f = los[i + 5]
    const g = los[i + 6]
    const h = los[i + 7]
    if ((a & b & c & d & e & f & g & h & PRESENT) === 0) break
    const low = (a & bit) | ((b & bit) << 1) | ((c & bit) << 2) | ((d & bit) << 3)
    const high = (e & bit) | ((f & bit) << 1) | ((g & bit) << 2) | ((h & bit) << 3)
    held |= ((low | (high << 4)) >>> shift) << ((groups & 3) << 3)
    if ((++groups & 3) !== 0) continue
    words[out + (groups >>> 2) - 1] = held
    held = 0
  }
  if ((groups & 3) !== 0) words[out + (groups >>> 2)] = held
  return groups
}

/** Bits that are set. */
function bitCount(bits: number): number {
  const pairs = (bits - ((bits >>> 1) & 0x55555555)) | 0
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** Regions of one answer. They are made objects of when somebody looks at them: a scan may find a million. */
export class ScanRegions {
  private readonly first: number
  private readonly words: Int32Array
  private made: ScanRegion[] | null = null

  /** @param first page where the first run begins */
  constructor(first: number, words: Int32Array) {
    this.first = first
    this.words = words
  }

  /** So few that they are objects in no time. */
  get areFew(): boolean {
    return this.words.length <= FEW_WORDS
  }

  /** The regions, addresses in bytes. */
  list(): readonly ScanRegion[] {
    this.made ??= this.make()
    return this.made
  }

  private make(): ScanRegion[] {
    const { words } = this
    const made: { start: number; end: number; categories: number }[] = []
    let page = this.first
    let lastTag = 0
    const add = (pages: number, tag: number) => {
      const end = (page + pages) * 4096
      if (tag !== 0 && tag === lastTag) made[made.length - 1].end = end
      else if (tag !== 0) made.push({ start: page * 4096, end, categories: tag & CATEGORIES })
      lastTag = tag
      page += pages
    }
    for (let at = 0; at < words.length; at++) {
      const count = words[at] >>> TAG_BITS
      if ((words[at] & TAG_MASK) !== GROUPS) {
        add(count, words[at] & TAG_MASK)
        continue
      }
      const tags = words[++at]
      for (let left = count << GROUP_SHIFT; left > 0; left -= 32) {
        const bits = words[++at]
        for (let i = 0; i < Math.min(left, 32); i++) add(1, (bits >>> i) & 1 ? tags >>> TAG_BITS : tags & TAG_MASK)
      }
    }
    return made
  }
}

/** What a scan without any region answers. */
export const NO_REGIONS = new ScanRegions(0, new Int32Array())
