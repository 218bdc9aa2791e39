/**
 * What a program must find in its memory, and where each page was last seen, told from the program's own operations alone.
 * @module
 */
import type { AccessBatch } from '@faultline/program'
import { PageChunks } from './page-chunks.ts'
import type { PageRange } from './range-set.ts'

/** Never touched since it was mapped or its content was discarded. */
export const WHERE_ABSENT = 0
/** Touched, and not taken out since. */
export const WHERE_RESIDENT = 1
/** Reclaimed since it was last touched. */
export const WHERE_SWAPPED = 2
/** Unmapped with its content kept (MADV_DONTNEED on shared memory) since it was last touched. */
export const WHERE_UNMAPPED = 3
/** Added to the others: the page lies in a range that khugepaged merged, and has not been cleared since. */
export const WHERE_COLLAPSED = 4

const CHUNK_MASK = 0xfff
// What a module exports is a variable to V8.
const RESIDENT = WHERE_RESIDENT
const COLLAPSED = WHERE_COLLAPSED

/**
 * The content-truth: the stamp last stored in each 4 KiB page, and the page's residency in units of the memory's own pages.
 *
 * It hears what the workload does and never asks the system, so it is the same for every design.
 */
export class PageShadow {
  /** Pages of 4 KiB in one page of the memory: 1, or 512 for hugetlb. */
  readonly unit: number
  /** Two words a page, side by side as both are wanted: the stamp, and where the page is. */
  #chunks = new PageChunks(() => new Int32Array(2 * (CHUNK_MASK + 1)))
  /** Takes an index in a chunk to the one its unit is kept at. */
  readonly #unitMask: number

  constructor(unit: number) {
    this.unit = unit
    this.#unitMask = CHUNK_MASK & ~(unit - 1)
  }

  /** Notes a store. */
  store(vpn: number, stamp: number): void {
    const words = this.#chunks.at(vpn)
    words[2 * (vpn & CHUNK_MASK)] = stamp
    this.#touch(words, vpn)
  }

  /** Notes accesses [from, to) of a batch, which were done. @returns loads among them that did not see what was stored last */
  follow({ vpns, writes, stamps }: AccessBatch, from: number, to: number): number {
    const unitMask = this.#unitMask
    let wrong = 0
    let start = -1
    let words = stamps
    for (let i = from; i < to; i++) {
      const vpn = vpns[i]
      const at = vpn & CHUNK_MASK
      // Most accesses are near the one before.
      if (vpn - at !== start) {
        words = this.#chunks.at(vpn)
        start = vpn - at
      }
      const where = 2 * (at & unitMask) + 1
      words[where] = (words[where] & COLLAPSED) | RESIDENT
      if (writes[i] !== 0) words[2 * at] = stamps[i]
      else if (words[2 * at] !== stamps[i]) wrong++
    }
    return wrong
  }

  /** Notes a load and tells whether it saw what was stored last. */
  load(vpn: number, seen: number): boolean {
    const words = this.#chunks.at(vpn)
    this.#touch(words, vpn)
    return words[2 * (vpn & CHUNK_MASK)] === seen
  }

  #touch(words: Int32Array, vpn: number): void {
    const at = 2 * (vpn & this.#unitMask) + 1
    words[at] = (words[at] & COLLAPSED) | RESIDENT
  }

  /** The stamp that a load of the page must see. */
  stamp(vpn: number): number {
    return this.#chunks.at(vpn)[2 * (vpn & CHUNK_MASK)]
  }

  /** WHERE_* of the page that holds `vpn`. */
  where(vpn: number): number {
    return this.#chunks.at(vpn)[2 * (vpn & this.#unitMask) + 1]
  }

  /** Forgets pages: mapped anew, or discarded; a load must see 0. */
  clear(start: number, pages: number): void {
    for (let vpn = start, end = start + pages; vpn < end; ) {
      const at = vpn & CHUNK_MASK
      const length = Math.min(end - vpn, CHUNK_MASK + 1 - at)
      this.#chunks.at(vpn).fill(0, 2 * at, 2 * (at + length))
      vpn += length
    }
  }

  /** Notes that pages which were ever touched went `where`. */
  send(start: number, pages: number, where: number): void {
    for (let vpn = start, end = start + pages; vpn < end; vpn += this.unit) {
      const words = this.#chunks.at(vpn)
      const at = 2 * (vpn & this.#unitMask) + 1
      if ((words[at] & ~COLLAPSED) !== WHERE_ABSENT) words[at] = (words[at] & COLLAPSED) | where
    }
  }

  /**
   * Notes that khugepaged merged pages. Whether it does is the design's affair, so where the pages are for the choice of
   * disturbances does not change.
   */
  collapse(start: number, pages: number): void {
    for (let vpn = start, end = start + pages; vpn < end; vpn++) this.#chunks.at(vpn)[2 * (vpn & CHUNK_MASK) + 1] |= COLLAPSED
  }

  /** Moves pages and what they hold; the old place is cleared. */
  move(from: number, pages: number, to: number): void {
    const stamps = new Int32Array(pages)
    const where = new Uint8Array(pages)
    for (let i = 0; i < pages; i++) {
      stamps[i] = this.stamp(from + i)
      where[i] = this.where(from + i) & ~COLLAPSED
    }
    this.clear(from, pages)
    for (let i = 0; i < pages; i++) {
      const words = this.#chunks.at(to + i)
      const at = 2 * ((to + i) & CHUNK_MASK)
      words[at] = stamps[i]
      words[at + 1] = (words[at + 1] & COLLAPSED) | where[i]
    }
  }

  /** Appends the pages of `ranges` that are resident, one number a unit. */
  resident(ranges: readonly PageRange[], into: number[]): void {
    const unit = this.unit
    for (const { start, end } of ranges) {
      for (let vpn = start; vpn < end; vpn += unit) if ((this.where(vpn) & ~COLLAPSED) === RESIDENT) into.push(vpn)
    }
  }

  /** A copy that later stores do not change. */
  freeze(): PageShadow {
    const frozen = new PageShadow(this.unit)
    frozen.#chunks = this.#chunks.clone((words) => words.slice())
    return frozen
  }
}
