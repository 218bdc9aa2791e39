/**
 * A swap area: slots with references, contents, and the frame that caches each.
 *
 * Slot 0 is the header and is never handed out, as in Linux.
 * @module
 */
import type { Swap } from '@faultline/mm-types'

/** One swap area that grows in chunks up to `slots`. */
export class SwapArea implements Swap {
  readonly slots: number
  private counts = new Int32Array(16)
  private stamps = new Int32Array(16)
  private frames = new Int32Array(16)
  /** A stack of `nrFreed` slots that nobody holds. */
  private freed = new Int32Array(16)
  private nrFreed = 0
  private next = 1
  private inUse = 0

  constructor(slots = 0x7fffffff) {
    this.slots = slots
  }

  alloc(stamp: number): number {
    let slot: number
    if (this.nrFreed > 0) slot = this.freed[--this.nrFreed]
    else {
      if (this.next >= this.slots) return 0
      slot = this.next++
      if (slot >= this.counts.length) this.grow()
    }
    this.counts[slot] = 1
    this.stamps[slot] = stamp
    this.frames[slot] = 0
    this.inUse++
    return slot
  }

  /** Takes a reference to a slot. */
  dup(slot: number): void {
    this.counts[slot]++
  }

  free(slot: number): void {
    if (this.counts[slot] <= 0) throw new Error(`swap slot ${slot}: freed more often than it was taken`)
    this.counts[slot]--
    this.release(slot)
  }

  /** References to a slot. */
  count(slot: number): number {
    return this.counts[slot]
  }

  /** The contents of a slot. */
  stamp(slot: number): number {
    return this.stamps[slot]
  }

  /** Writes the contents of a slot. */
  setStamp(slot: number, stamp: number): void {
    this.stamps[slot] = stamp
  }

  cached(slot: number): number {
    return this.frames[slot]
  }

  /** Puts a frame into the swap cache for a slot; 0 takes it out. */
  setCached(slot: number, pfn: number): void {
    this.frames[slot] = pfn
    this.release(slot)
  }

  /** Slots in use. */
  nrUsed(): number {
    return this.inUse
  }

  private release(slot: number): void {
    if (this.counts[slot] !== 0 || this.frames[slot] !== 0) return
    this.inUse--
    this.freed[this.nrFreed++] = slot
  }

  private grow(): void {
    this.counts = grown(this.counts)
    this.stamps = grown(this.stamps)
    this.frames = grown(this.frames)
    this.freed = grown(this.freed)
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2)
  larger.set(array)
  return larger
}
