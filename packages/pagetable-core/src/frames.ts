/**
 * The frame table: a record of eight words a frame, in chunks that are added and never moved.
 *
 * Frame numbers are handed out upwards; freed frames are reused lowest first, large folios newest first. Large folios are aligned to
 * their size. Frames 0 is never used, frame 1 is the zero page and 512-1023 the huge zero page.
 * @module
 */
import {
  type Counters,
  FRAME_CACHE,
  FRAME_CHUNK_MASK,
  FRAME_CHUNK_SHIFT,
  FRAME_COLUMN,
  FRAME_DIRTY,
  FRAME_ENTIRE,
  FRAME_FLAGS,
  FRAME_HUGETLB,
  FRAME_INDEX,
  FRAME_MAP,
  FRAME_MAPPING,
  FRAME_ORDER_MASK,
  FRAME_ORDER_SHIFT,
  FRAME_REF,
  FRAME_RESTORE_RESERVE,
  FRAME_SLOT,
  FRAME_STAMP,
  FRAME_SWAPBACKED,
  FRAME_TAIL,
  FRAME_WORDS,
  FRAME_ZERO,
  type Frames,
} from '@faultline/mm-types'
import { ChunkStock } from './chunk-stock.ts'
import { FreeFrames } from './free-frames.ts'
import { noRefusal, type Refusal } from './limits.ts'

// Once more: V8 folds the constants of a module itself, but loads an imported one at every use.
const CHUNK_MASK = FRAME_CHUNK_MASK
const CHUNK_SHIFT = FRAME_CHUNK_SHIFT
const FLAGS = FRAME_FLAGS
const MAP = FRAME_MAP
const REF = FRAME_REF
const STAMP = FRAME_STAMP
const MAPPING = FRAME_MAPPING
const INDEX = FRAME_INDEX
const SLOT = FRAME_SLOT
const ENTIRE = FRAME_ENTIRE
const ORDER_SHIFT = FRAME_ORDER_SHIFT
const ORDER_MASK = FRAME_ORDER_MASK
const ZERO = FRAME_ZERO
const TAIL = FRAME_TAIL

/** The zero page. */
export const ZERO_PFN = 1
/** First frame of the huge zero page. */
export const HUGE_ZERO_PFN = 512
/** Frames below this one are the zero pages, or nothing. */
export const FIRST_PFN = 1024

/** The frame table of one machine. */
export class FrameTable implements Frames {
  private readonly chunks: Int32Array<ArrayBuffer>[] = []
  private readonly stock: ChunkStock
  private readonly counters: Counters
  private readonly free = new FreeFrames()
  /** Heads of the free lists of large folios, by order; linked through ENTIRE. */
  private readonly freeHead = new Int32Array(64)
  private readonly hugetlb = new Int32Array(64)
  private readonly reserved = new Int32Array(64)
  private next = FIRST_PFN
  private inUse = 0
  private readonly limit: number
  private readonly refusal: Refusal

  /** @param limit frames at most (pfns below it); a machine has 2^31 at most */
  constructor(counters: Counters, limit = 0x7fff0000, stock = new ChunkStock(), refusal = noRefusal()) {
    this.refusal = refusal
    this.counters = counters
    this.stock = stock
    this.limit = limit
    this.ensure(FIRST_PFN)
    this.setFlags(ZERO_PFN, ZERO)
    for (let i = 0; i < 512; i++) this.setFlags(HUGE_ZERO_PFN + i, ZERO | (9 << ORDER_SHIFT) | (i ? TAIL : 0))
  }

  chunk(pfn: number): Int32Array {
    return this.chunks[pfn >>> CHUNK_SHIFT]
  }

  alloc(order: number): number {
    if (order !== 0) return this.allocLarge(order)
    let pfn = this.free.take()
    if (pfn === 0) {
      pfn = this.next
      if (pfn >= this.limit) return this.refuse(1)
      this.next = pfn + 1
      if (pfn >>> CHUNK_SHIFT >= this.chunks.length) this.ensure(pfn + 1)
    }
    // Cleared now and not when it was freed: pages are freed in any order, and taken in that of the columns.
    const chunk = this.chunks[pfn >>> CHUNK_SHIFT]
    const at = pfn & CHUNK_MASK
    chunk[at + REF] = 1
    chunk[at + MAP] = 0
    chunk[at + FLAGS] = 0
    chunk[at + STAMP] = 0
    chunk[at + MAPPING] = 0
    chunk[at + INDEX] = 0
    chunk[at + SLOT] = 0
    chunk[at + ENTIRE] = 0
    this.inUse++
    this.counters.framesAllocated++
    return pfn
  }

  private refuse(asked: number): number {
    Object.assign(this.refusal, { what: 'frames', asked, inUse: this.inUse, limit: Math.max(0, this.limit - FIRST_PFN) })
    return 0
  }

  private allocLarge(order: number): number {
    const nr = 2 ** order
    let pfn = this.freeHead[order]
    if (pfn !== 0) this.freeHead[order] = this.field(pfn, ENTIRE)
    else {
      pfn = Math.ceil(this.next / nr) * nr
      if (pfn + nr > this.limit) return this.refuse(nr)
      // Frames skipped for alignment serve single pages later.
      for (let skipped = this.next; skipped < pfn && skipped < this.next + 512; skipped++) this.pushFree(skipped, 0)
      this.next = pfn + nr
      this.ensure(this.next)
      this.markFolio(pfn, order)
    }
    this.setField(pfn, REF, 1)
    this.setField(pfn, ENTIRE, 0)
    this.inUse += nr
    this.counters.framesAllocated++
    return pfn
  }

  /** Writes all records of a folio that nobody holds. */
  private markFolio(pfn: number, order: number): void {
    for (let first = pfn, end = pfn + 2 ** order; first < end; ) {
      const at = first & CHUNK_MASK
      const nr = Math.min(end - first, CHUNK_MASK + 1 - at)
      const chunk = this.chunk(first)
      for (let column = 0; column < FRAME_WORDS; column += FRAME_COLUMN)
        chunk.fill(column === FLAGS ? (order << ORDER_SHIFT) | TAIL : 0, column + at, column + at + nr)
      first += nr
    }
    this.setField(pfn, FLAGS, order << ORDER_SHIFT)
  }

  /** Takes a reference to the folio of a frame. */
  get(pfn: number): void {
    const head = this.head(pfn)
    this.chunks[head >>> CHUNK_SHIFT][(head & CHUNK_MASK) + REF]++
  }

  put(pfn: number): number {
    const chunk = this.chunks[pfn >>> CHUNK_SHIFT]
    const at = pfn & CHUNK_MASK
    const flags = chunk[at + FLAGS]
    if (flags & ZERO) return 1
    if (flags >>> ORDER_SHIFT) return this.putLarge(pfn)
    const left = --chunk[at + REF]
    if (left === 0) {
      this.free.put(pfn)
      this.inUse--
    } else if (left < 0) throw new Error(`frame ${pfn}: dropped more references than it had`)
    return left
  }

  freeRun(first: number, nr: number): void {
    this.inUse -= nr
    if (nr === 1) this.free.put(first)
    else this.free.putRun(first, nr)
  }

  private putLarge(pfn: number): number {
    const head = this.head(pfn)
    const left = this.field(head, REF) - 1
    this.setField(head, REF, left)
    if (left < 0) throw new Error(`frame ${head}: dropped more references than it had`)
    if (left > 0) return left
    const order = this.order(head)
    const nr = 2 ** order
    if (this.flags(head) & FRAME_HUGETLB) this.hugetlb[order]--
    if (this.flags(head) & FRAME_RESTORE_RESERVE) this.reserved[order]++
    this.inUse -= nr
    // Marked now for when it is taken again: at once with what clears its records.
    if (order >= 9) {
      this.markFolio(head, order)
      this.pushFree(head, order)
      return 0
    }
    // What a split has left of a huge page is of use to nobody as a whole.
    for (let i = 0; i < nr; i++) this.pushFree(head + i, 0)
    return 0
  }

  /** @source v6.18 mm/huge_memory.c __split_folio_to_order() */
  split(head: number): void {
    const nr = 2 ** this.order(head)
    const inherited = this.flags(head) & (FRAME_DIRTY | FRAME_SWAPBACKED)
    for (let i = 0; i < nr; i++) {
      if (this.regroup(head + i, 0, inherited) !== 0) continue
      this.setField(head + i, REF, 1)
      this.put(head + i)
    }
  }

  /** @source v6.18 mm/huge_memory.c __split_unmapped_folio() */
  splitAt(pfn: number): void {
    let head = this.head(pfn)
    const inherited = this.flags(head) & (FRAME_DIRTY | FRAME_SWAPBACKED)
    for (let order = this.order(head) - 1; order >= 0; order--) {
      const upper = head + 2 ** order
      this.regroup(pfn < upper ? upper : head, order, inherited)
      if (pfn >= upper) head = upper
    }
    this.regroup(pfn, 0, inherited)
  }

  /** Makes one folio of 2^order pages of another, unmapped as a whole. @returns its references */
  private regroup(first: number, order: number, inherited: number): number {
    let references = 0
    for (let page = first; page < first + 2 ** order; page++) {
      const own = this.flags(page) & ~(TAIL | FRAME_DIRTY | FRAME_SWAPBACKED | (ORDER_MASK << ORDER_SHIFT))
      this.setField(page, FLAGS, own | inherited | (order << ORDER_SHIFT) | (page > first ? TAIL : 0))
      this.setField(page, ENTIRE, 0)
      this.setField(page, REF, 0)
      references += this.field(page, MAP) + (own & FRAME_CACHE ? 1 : 0)
    }
    this.setField(first, REF, references)
    return references
  }

  private pushFree(pfn: number, order: number): void {
    this.ensure(pfn + 1)
    if (order === 0) this.free.put(pfn)
    else {
      this.setField(pfn, ENTIRE, this.freeHead[order])
      this.freeHead[order] = pfn
    }
  }

  head(pfn: number): number {
    const flags = this.flags(pfn)
    return flags & TAIL ? pfn & (-1 << ((flags >>> ORDER_SHIFT) & ORDER_MASK)) : pfn
  }

  /** log2 of the pages of the folio of a frame. */
  order(pfn: number): number {
    return (this.flags(pfn) >>> ORDER_SHIFT) & ORDER_MASK
  }

  /** One word of the record: `REF` to `SLOT`. */
  field(pfn: number, field: number): number {
    return this.chunks[pfn >>> CHUNK_SHIFT][(pfn & CHUNK_MASK) + field]
  }

  /** Writes one word of the record. */
  setField(pfn: number, field: number, value: number): void {
    this.chunks[pfn >>> CHUNK_SHIFT][(pfn & CHUNK_MASK) + field] = value
  }

  /** The flags word: `FRAME_*`. */
  flags(pfn: number): number {
    return this.chunks[pfn >>> CHUNK_SHIFT][(pfn & CHUNK_MASK) + FLAGS]
  }

  /** Sets flags, leaving the others. */
  setFlags(pfn: number, flags: number): void {
    this.chunks[pfn >>> CHUNK_SHIFT][(pfn & CHUNK_MASK) + FLAGS] |= flags
  }

  /** Clears flags, leaving the others. */
  clearFlags(pfn: number, flags: number): void {
    this.chunks[pfn >>> CHUNK_SHIFT][(pfn & CHUNK_MASK) + FLAGS] &= ~flags
  }

  /** The contents: the value last written. */
  stamp(pfn: number): number {
    return this.chunks[pfn >>> CHUNK_SHIFT][(pfn & CHUNK_MASK) + STAMP]
  }

  /** Writes the contents. */
  setStamp(pfn: number, stamp: number): void {
    this.chunks[pfn >>> CHUNK_SHIFT][(pfn & CHUNK_MASK) + STAMP] = stamp
  }

  mapcount(pfn: number): number {
    const own = this.field(pfn, MAP)
    return this.order(pfn) ? own + this.field(this.head(pfn), ENTIRE) : own
  }

  hugetlbInUse(order: number, change = 0): number {
    this.hugetlb[order] += change
    return this.hugetlb[order]
  }

  hugetlbReserved(order: number, change = 0): number {
    this.reserved[order] += change
    return this.reserved[order]
  }

  nrUsed(): number {
    return this.inUse
  }

  /** Gives all buffers back; nothing may be asked of the frames any more but how many are in use. */
  release(): void {
    this.stock.put(this.chunks.splice(0))
  }

  /** Adds chunks until frames below `end` have records. Chunks never move, so nothing is copied. */
  private ensure(end: number): void {
    while (this.chunks.length << CHUNK_SHIFT < end) {
      this.chunks.push(this.stock.take(FRAME_WORDS))
    }
  }
}

/** True when a frame's swap-cache slot is set. */
export function inSwapCache(frames: Frames, pfn: number): boolean {
  return frames.field(pfn, SLOT) !== 0
}
