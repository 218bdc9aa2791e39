/**
 * What a program must find in its memory, and where each page was last seen, told from the program's own operations alone.
 * @module
 */
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

interface ShadowChunk {
  readonly stamps: Int32Array
  readonly where: Uint8Array
  /** WHERE_COLLAPSED or 0. */
  readonly collapsed: Uint8Array
}

const CHUNK_MASK = 0xfff

/**
 * The content-truth: the stamp last stored in each 4 KiB page, and the page's residency in units of the memory's own pages.
 *
 * It hears what the workload does and never asks the system, so it is the same for every design.
 */
export class PageShadow {
  /** Pages of 4 KiB in one page of the memory: 1, or 512 for hugetlb. */
  readonly unit: number
  #chunks: PageChunks<ShadowChunk>
  /** Takes an index in a chunk to the one its unit is kept at. */
  readonly #unitMask: number

  constructor(unit: number) {
    this.unit = unit
    this.#unitMask = CHUNK_MASK & ~(unit - 1)
    this.#chunks = new PageChunks(() => ({
      stamps: new Int32Array(CHUNK_MASK + 1),
      where: new Uint8Array(CHUNK_MASK + 1),
      collapsed: new Uint8Array(CHUNK_MASK + 1),
    }))
  }

  /** Notes a store. */
  store(vpn: number, stamp: number): void {
    const chunk = this.#chunks.at(vpn)
    chunk.stamps[vpn & CHUNK_MASK] = stamp
    chunk.where[vpn & this.#unitMask] = WHERE_RESIDENT
  }

  /** Notes a load and tells whether it saw what was stored last. */
  load(vpn: number, seen: number): boolean {
    const chunk = this.#chunks.at(vpn)
    chunk.where[vpn & this.#unitMask] = WHERE_RESIDENT
    return chunk.stamps[vpn & CHUNK_MASK] === seen
  }

  /** The stamp that a load of the page must see. */
  stamp(vpn: number): number {
    return this.#chunks.at(vpn).stamps[vpn & CHUNK_MASK]
  }

  /** WHERE_* of the page that holds `vpn`. */
  where(vpn: number): number {
    const chunk = this.#chunks.at(vpn)
    const at = vpn & this.#unitMask
    return chunk.where[at] | chunk.collapsed[at]
  }

  /** Forgets pages: mapped anew, or discarded; a load must see 0. */
  clear(start: number, pages: number): void {
    for (let vpn = start, end = start + pages; vpn < end; vpn++) {
      const chunk = this.#chunks.at(vpn)
      chunk.stamps[vpn & CHUNK_MASK] = 0
      chunk.where[vpn & CHUNK_MASK] = WHERE_ABSENT
      chunk.collapsed[vpn & CHUNK_MASK] = 0
    }
  }

  /** Notes that pages which were ever touched went `where`. */
  send(start: number, pages: number, where: number): void {
    for (let vpn = start, end = start + pages; vpn < end; vpn += this.unit) {
      const chunk = this.#chunks.at(vpn)
      const at = vpn & this.#unitMask
      if (chunk.where[at] !== WHERE_ABSENT) chunk.where[at] = where
    }
  }

  /**
   * Notes that khugepaged merged pages. Whether it does is the design's affair, so where the pages are for the choice of
   * disturbances does not change.
   */
  collapse(start: number, pages: number): void {
    for (let vpn = start, end = start + pages; vpn < end; vpn++) this.#chunks.at(vpn).collapsed[vpn & CHUNK_MASK] = WHERE_COLLAPSED
  }

  /** Moves pages and what they hold; the old place is cleared. */
  move(from: number, pages: number, to: number): void {
    const stamps = new Int32Array(pages)
    const where = new Uint8Array(pages)
    for (let i = 0; i < pages; i++) {
      stamps[i] = this.stamp(from + i)
      where[i] = this.where(from + i) & ~WHERE_COLLAPSED
    }
    this.clear(from, pages)
    for (let i = 0; i < pages; i++) {
      const chunk = this.#chunks.at(to + i)
      chunk.stamps[(to + i) & CHUNK_MASK] = stamps[i]
      chunk.where[(to + i) & CHUNK_MASK] = where[i]
    }
  }

  /** Appends the pages of `ranges` that are resident, one number a unit. */
  resident(ranges: readonly PageRange[], into: number[]): void {
    const unit = this.unit
    for (const { start, end } of ranges) {
      for (let vpn = start; vpn < end; vpn += unit) if ((this.where(vpn) & ~WHERE_COLLAPSED) === WHERE_RESIDENT) into.push(vpn)
    }
  }

  /** A copy that later stores do not change. */
  freeze(): PageShadow {
    const frozen = new PageShadow(this.unit)
    frozen.#chunks = this.#chunks.clone((chunk) => ({
      stamps: chunk.stamps.slice(),
      where: chunk.where.slice(),
      collapsed: chunk.collapsed.slice(),
    }))
    return frozen
  }
}
