/**
 * A translation cache per simulated CPU: direct-mapped, tagged with an address-space number.
 *
 * A whole address space is flushed by giving it a new number, in one step. Capacity and associativity are those of no
 * real CPU: what matters here is when an entry is gone, not how many there are.
 * @module
 */

import { ChunkStock } from './chunk-stock.ts'

const ENTRIES = 1024
const MASK = ENTRIES - 1
/** The translation may be written through. */
export const TLB_WRITE = 1

/** The TLB of one CPU. */
export class Tlb {
  private readonly tags: Float64Array
  /** 0 where nothing was ever inserted: no address space has that number. */
  private readonly asids: Int32Array
  /** Frame of each entry. */
  readonly pfns: Int32Array
  /** TLB_WRITE or 0. */
  readonly rights: Int32Array
  private readonly asidOf: number[] = []
  private nextAsid = 1
  private readonly words: Int32Array<ArrayBuffer>
  private readonly stock: ChunkStock

  constructor(stock = new ChunkStock()) {
    this.stock = stock
    this.words = stock.take(ENTRIES * 5)
    const { buffer } = this.words
    this.tags = new Float64Array(buffer, 0, ENTRIES)
    this.asids = new Int32Array(buffer, ENTRIES * 8, ENTRIES)
    this.pfns = new Int32Array(buffer, ENTRIES * 12, ENTRIES)
    this.rights = new Int32Array(buffer, ENTRIES * 16, ENTRIES)
  }

  /** Gives the buffers back, once; nothing may be asked of the TLB any more. */
  release(): void {
    this.stock.put([this.words])
  }

  /** Index of the entry that translates a page of an address space, or -1. */
  find(mm: number, vpn: number): number {
    const i = vpn & MASK
    return this.tags[i] === vpn && this.asids[i] === this.asidOf[mm] ? i : -1
  }

  /** Remembers a translation, in place of whatever had its entry. */
  insert(mm: number, vpn: number, pfn: number, rights: number): void {
    const i = vpn & MASK
    let asid = this.asidOf[mm]
    if (asid === undefined) asid = this.renew(mm)
    this.tags[i] = vpn
    this.asids[i] = asid
    this.pfns[i] = pfn
    this.rights[i] = rights
  }

  /** Forgets the translation of one page. */
  flushPage(mm: number, vpn: number): void {
    const i = vpn & MASK
    if (this.tags[i] === vpn && this.asids[i] === this.asidOf[mm]) this.tags[i] = -1
  }

  /** Forgets all translations of an address space. */
  flushMm(mm: number): void {
    this.renew(mm)
  }

  private renew(mm: number): number {
    // No two address spaces may have one number, those that were never seen included.
    while (this.asidOf.length <= mm) this.asidOf.push(this.nextAsid++)
    this.asidOf[mm] = this.nextAsid++
    return this.asidOf[mm]
  }
}
