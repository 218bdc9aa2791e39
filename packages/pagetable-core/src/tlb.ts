/**
 * A translation cache per simulated CPU: direct-mapped, tagged with an address-space number.
 *
 * A whole address space is flushed by giving it a new number, in one step. Capacity and associativity are those of no
 * real CPU: what matters here is when an entry is gone, not how many there are.
 * @module
 */

import { ChunkStock } from './chunk-stock.ts'

/** Translations that a TLB holds at most: a page has the entry of its number modulo this. */
export const TLB_ENTRIES = 1024
const ENTRIES = TLB_ENTRIES
const MASK = ENTRIES - 1
/** The translation may be written through. */
export const TLB_WRITE = 1

/** Page numbers are below this (48-bit addresses): a tag is the number of an address space times it, plus the page. */
const PAGES = 2 ** 36
/** Numbers of address spaces are below this, so that tags are exact in doubles. */
const MOST_ASIDS = 2 ** 17

/** The TLB of one CPU. */
export class Tlb {
  /** Address space and page in one, so that a hit is one comparison: a whole number of address spaces and a page of one. */
  readonly tags: Float64Array
  /** Frame of each entry. */
  readonly pfns: Int32Array
  /** TLB_WRITE or 0. */
  readonly rights: Int32Array
  /** The tag of page 0 of each address space that is known; NaN, which equals no tag, for those that have no number now. */
  readonly bases: number[] = []
  /** 0 is nobody's: what was never inserted has it. */
  private nextAsid = 1
  private readonly words: Int32Array<ArrayBuffer>
  private readonly stock: ChunkStock

  constructor(stock = new ChunkStock()) {
    this.stock = stock
    this.words = stock.take(ENTRIES * 4)
    const { buffer } = this.words
    this.tags = new Float64Array(buffer, 0, ENTRIES)
    this.pfns = new Int32Array(buffer, ENTRIES * 8, ENTRIES)
    this.rights = new Int32Array(buffer, ENTRIES * 12, ENTRIES)
  }

  /** Gives the buffers back, once; nothing may be asked of the TLB any more. */
  release(): void {
    this.stock.put([this.words])
  }

  /** Sees to it that `bases` has an element for an address space. */
  know(mm: number): void {
    while (this.bases.length <= mm) this.bases.push(Number.NaN)
  }

  /** What to add to the number of a page of an address space for its tag; NaN where nothing of it can be cached. */
  base(mm: number): number {
    return mm < this.bases.length ? this.bases[mm] : Number.NaN
  }

  /** Index of the entry that translates a page of an address space, or -1. */
  find(mm: number, vpn: number): number {
    const i = vpn & MASK
    return this.tags[i] === this.base(mm) + vpn ? i : -1
  }

  /** Remembers a translation, in place of whatever had its entry. */
  insert(mm: number, vpn: number, pfn: number, rights: number): void {
    const i = vpn & MASK
    // Not the answer of a call, which was made an object: 16 bytes a fault.
    if (mm >= this.bases.length || Number.isNaN(this.bases[mm])) this.renew(mm)
    this.tags[i] = this.bases[mm] + vpn
    this.pfns[i] = pfn
    this.rights[i] = rights
  }

  /** Forgets the translation of one page. */
  flushPage(mm: number, vpn: number): void {
    const i = vpn & MASK
    if (this.tags[i] === this.base(mm) + vpn) this.tags[i] = 0
  }

  /** Forgets all translations of an address space. */
  flushMm(mm: number): void {
    this.renew(mm)
  }

  private renew(mm: number): void {
    if (this.nextAsid === MOST_ASIDS) this.startOver()
    this.know(mm)
    this.bases[mm] = PAGES * this.nextAsid++
  }

  /** Forgets everything, once all numbers were given out. */
  private startOver(): void {
    this.tags.fill(0)
    this.bases.fill(Number.NaN)
    this.nextAsid = 1
  }
}
