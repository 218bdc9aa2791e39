/**
 * A swap area: slots with references, contents, and the frame that caches each, in chunks that are added and never moved.
 *
 * Slot 0 is the header and is never handed out, as in Linux.
 * @module
 */
import {
  SLOT_CACHED,
  SLOT_CHUNK_MASK,
  SLOT_CHUNK_SHIFT,
  SLOT_COUNT,
  SLOT_NEXT,
  SLOT_SHIFT,
  SLOT_STAMP,
  type Swap,
} from '@faultline/mm-types'
import { ChunkStock } from './chunk-stock.ts'
import { noRefusal, type Refusal } from './limits.ts'

// Once more: V8 folds constants of a module itself, but loads an imported one at every use.
const COUNT = SLOT_COUNT
const STAMP = SLOT_STAMP
const CACHED = SLOT_CACHED
const NEXT = SLOT_NEXT
const SHIFT = SLOT_SHIFT
const CHUNK_SHIFT = SLOT_CHUNK_SHIFT
const CHUNK_MASK = SLOT_CHUNK_MASK

/** One swap area that grows in chunks up to `slots`. */
export class SwapArea implements Swap {
  readonly slots: number
  private readonly chunks: Int32Array<ArrayBuffer>[] = []
  private readonly stock: ChunkStock
  private readonly refusal: Refusal
  /** Head of the list of slots that were freed, newest first; 0 when there is none. */
  private freed = 0
  private next = 1
  private inUse = 0

  /** @param refusal where it is written what was refused last: a full area is no error, since Linux keeps the page where it is */
  constructor(slots = 0x7fffffff, stock = new ChunkStock(), refusal = noRefusal()) {
    this.slots = slots
    this.stock = stock
    this.refusal = refusal
  }

  chunk(slot: number): Int32Array {
    return this.chunks[slot >>> CHUNK_SHIFT]
  }

  alloc(stamp: number): number {
    let slot = this.freed
    if (slot === 0) {
      slot = this.next
      if (slot >= this.slots) return this.refuse()
      this.next = slot + 1
      if (slot >>> CHUNK_SHIFT >= this.chunks.length) this.chunks.push(this.stock.take(1 << (CHUNK_SHIFT + SHIFT)))
    }
    const chunk = this.chunks[slot >>> CHUNK_SHIFT]
    const record = (slot & CHUNK_MASK) << SHIFT
    this.freed = chunk[record + NEXT]
    chunk[record + COUNT] = 1
    chunk[record + STAMP] = stamp
    this.inUse++
    return slot
  }

  private refuse(): number {
    Object.assign(this.refusal, { what: 'swap slots', asked: 1, inUse: this.inUse, limit: Math.max(0, this.slots - 1) })
    return 0
  }

  /** Takes a reference to a slot. */
  dup(slot: number): void {
    this.chunk(slot)[((slot & CHUNK_MASK) << SHIFT) + COUNT]++
  }

  free(slot: number): void {
    const chunk = this.chunks[slot >>> CHUNK_SHIFT]
    const record = (slot & CHUNK_MASK) << SHIFT
    if (chunk[record + COUNT] <= 0) throw new Error(`swap slot ${slot}: freed more often than it was taken`)
    if (--chunk[record + COUNT] === 0 && chunk[record + CACHED] === 0) this.putBack(chunk, record, slot)
  }

  /** References to a slot. */
  count(slot: number): number {
    return this.chunk(slot)[((slot & CHUNK_MASK) << SHIFT) + COUNT]
  }

  /** The contents of a slot. */
  stamp(slot: number): number {
    return this.chunk(slot)[((slot & CHUNK_MASK) << SHIFT) + STAMP]
  }

  /** Writes the contents of a slot. */
  setStamp(slot: number, stamp: number): void {
    this.chunk(slot)[((slot & CHUNK_MASK) << SHIFT) + STAMP] = stamp
  }

  cached(slot: number): number {
    return this.chunk(slot)[((slot & CHUNK_MASK) << SHIFT) + CACHED]
  }

  /** Puts a frame into the swap cache for a slot; 0 takes it out. */
  setCached(slot: number, pfn: number): void {
    const chunk = this.chunk(slot)
    const record = (slot & CHUNK_MASK) << SHIFT
    chunk[record + CACHED] = pfn
    if (pfn === 0 && chunk[record + COUNT] === 0) this.putBack(chunk, record, slot)
  }

  /** Slots in use. */
  nrUsed(): number {
    return this.inUse
  }

  /** Gives all buffers back; nothing may be asked of the slots any more but how many are in use. */
  release(): void {
    this.stock.put(this.chunks.splice(0))
  }

  private putBack(chunk: Int32Array, record: number, slot: number): void {
    chunk[record + NEXT] = this.freed
    this.freed = slot
    this.inUse--
  }
}
