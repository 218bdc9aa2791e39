/**
 * x86-64 page tables with four levels, in typed arrays.
 *
 * Tables are numbered from 1 and live in chunks, small ones first, so that a short program pays for little; a chunk that is not
 * of full size leaves numbers unused. `lo` and `hi` words are in separate arrays (loops over ranges mostly read `lo`). An entry that points to a table holds the table's number where the
 * hardware has a frame number.
 * @module
 */
import type { Counters, Known, PageTables, Whole, Words } from '@faultline/mm-types'
import { KNOWN_NOTHING, KNOWN_UNARMED, LEVEL_PGD, LEVEL_PMD, LEVEL_PTE, LEVEL_PUD, PAGES_PER_PUD, WHOLE_NONE } from '@faultline/mm-types'
import { pmdNumber } from './address.ts'
import { chunkTables } from './chunk-size.ts'
import { ChunkStock } from './chunk-stock.ts'
import { FreeFrames } from './free-frames.ts'
import { noRefusal, type Refusal } from './limits.ts'
import { nextPmd } from './next-pmd.ts'
import { entryTable, pointsToTable } from './pte.ts'
import { isArmed, NO_MARKER, STAND_INS, type WholeMarker, wholeHi, wholeLo, wholeOf } from './whole.ts'

const TABLES_PER_CHUNK_SHIFT = 10
const TABLE_MASK = 1023
/** Flags of an entry that points to a table: present, write, user, accessed, dirty. */
const TABLE_FLAGS = 0x67
// Once more: V8 folds the constants of a module itself, but loads an imported one at every use.
const NOTHING = KNOWN_NOTHING
const UNARMED = KNOWN_UNARMED
const CACHE_SLOTS = 1024
const CACHE_MASK = CACHE_SLOTS - 1

/** The page tables of one machine. */
export class PageTableArena implements PageTables {
  private readonly los: Int32Array<ArrayBuffer>[] = []
  private readonly his: Int32Array<ArrayBuffer>[] = []
  private readonly uses: Uint16Array[] = []
  private readonly levels: Uint8Array[] = []
  /** What is known of all entries of a table: KNOWN_*. */
  private readonly knowns: Uint16Array[] = []
  /** Owners beyond the first of the few tables that have some (hugetlb pmd sharing). */
  private readonly shares = new Map<number, number>()
  /** Lowest first, like frames: tables that are asked for one after the other lie side by side, and those below are warm. */
  private readonly freed = new FreeFrames()
  private readonly counters: Counters
  private readonly limit: number
  private readonly refusal: Refusal
  private readonly marker: WholeMarker
  /** Tables 1 to this one are stand-ins: table n is what an entry WHOLE_n reads as. */
  private readonly standIns: number = 0
  private next = 1
  /** The number after those of the last chunk. */
  private end = 0
  /** Tables that the chunks hold, table 0 with them. */
  private held = 0
  /** Tables in use by level. */
  readonly perLevel = new Int32Array(16)
  // A direct-mapped cache of the last table found for a 2 MiB region: saves three dependent loads. In an empty slot the pgd is 0: no table.
  private readonly cacheRegion: Int32Array<ArrayBuffer>
  private readonly cachePgd: Int32Array<ArrayBuffer>
  private readonly cacheTable: Int32Array<ArrayBuffer>
  private readonly stock: ChunkStock
  // The last table of pmds found: new tables of ptes lie side by side. What an entry no longer points to is freed, by one owner at least.
  private lastPgd = 0
  private lastNumber = 0
  private lastPmd = 0

  /**
   * @param limit tables at most; reaching it makes `alloc` return 0
   * @param refusal where it is written what was refused last
   * @param marker what an armed entry looks like, above the leaves as at the leaves; without one no entry stands for a table
   */
  constructor(counters: Counters, limit = 0x7ffffff, marker: WholeMarker = NO_MARKER, stock = new ChunkStock(), refusal = noRefusal()) {
    this.counters = counters
    this.stock = stock
    this.refusal = refusal
    this.cacheRegion = stock.take(CACHE_SLOTS)
    this.cachePgd = stock.take(CACHE_SLOTS)
    this.cacheTable = stock.take(CACHE_SLOTS)
    this.marker = marker
    this.limit = limit
    if (marker.lo !== 0 || marker.hi !== 0) {
      this.standIns = STAND_INS.length
      this.limit += this.standIns
      this.grow()
      this.next += this.standIns
      for (const [i, child] of STAND_INS.entries()) this.fillStandIn(i + 1, child)
    }
  }

  /** Stand-ins are never counted: no address space owns one. */
  private fillStandIn(table: number, child: Whole): void {
    const base = this.base(table)
    this.lo(table).fill(wholeLo(child, this.marker), base, base + 512)
    this.hi(table).fill(wholeHi(child, this.marker), base, base + 512)
    if (child !== WHOLE_NONE) this.addUsed(table, 512)
  }

  /** The chunk of low words that holds a table, for who may write to that. */
  lo(table: number): Int32Array {
    this.knowns[table >>> TABLES_PER_CHUNK_SHIFT][table & TABLE_MASK] = NOTHING
    return this.los[table >>> TABLES_PER_CHUNK_SHIFT]
  }

  /** The chunk of high words that holds a table, for who may write to that. */
  hi(table: number): Int32Array {
    this.knowns[table >>> TABLES_PER_CHUNK_SHIFT][table & TABLE_MASK] = NOTHING
    return this.his[table >>> TABLES_PER_CHUNK_SHIFT]
  }

  loToDisarm(table: number): Int32Array {
    const knowns = this.knowns[table >>> TABLES_PER_CHUNK_SHIFT]
    const known = knowns[table & TABLE_MASK]
    knowns[table & TABLE_MASK] = known > UNARMED ? known - 1 : NOTHING
    return this.los[table >>> TABLES_PER_CHUNK_SHIFT]
  }

  readLo(table: number): Words {
    return this.los[table >>> TABLES_PER_CHUNK_SHIFT]
  }

  readHi(table: number): Words {
    return this.his[table >>> TABLES_PER_CHUNK_SHIFT]
  }

  known(table: number): Known {
    return this.knowns[table >>> TABLES_PER_CHUNK_SHIFT][table & TABLE_MASK]
  }

  setKnown(table: number, known: Known): void {
    this.knowns[table >>> TABLES_PER_CHUNK_SHIFT][table & TABLE_MASK] = known
  }

  /** Where a table starts in its chunks. */
  base(table: number): number {
    return (table & TABLE_MASK) << 9
  }

  used(table: number): number {
    return this.uses[table >>> TABLES_PER_CHUNK_SHIFT][table & TABLE_MASK]
  }

  /** Tells that `change` entries became something, or none when negative. */
  addUsed(table: number, change: number): void {
    this.uses[table >>> TABLES_PER_CHUNK_SHIFT][table & TABLE_MASK] += change
  }

  set(table: number, index: number, lo: number, hi: number): void {
    const los = this.los[table >>> TABLES_PER_CHUNK_SHIFT]
    const his = this.his[table >>> TABLES_PER_CHUNK_SHIFT]
    const at = ((table & TABLE_MASK) << 9) + index
    const was = los[at] | his[at]
    this.knowns[table >>> TABLES_PER_CHUNK_SHIFT][table & TABLE_MASK] = NOTHING
    los[at] = lo
    his[at] = hi
    if ((was === 0) !== ((lo | hi) === 0)) this.uses[table >>> TABLES_PER_CHUNK_SHIFT][table & TABLE_MASK] += was === 0 ? 1 : -1
  }

  /** `LEVEL_*` of a table. */
  level(table: number): number {
    return this.levels[table >>> TABLES_PER_CHUNK_SHIFT][table & TABLE_MASK]
  }

  alloc(level: number): number {
    let table = this.freed.take()
    if (table === 0) {
      if (this.next >= this.end && !this.grow()) return this.refuse(1)
      table = this.next++
      // A store first: after a load of new memory, for which the system maps its page of zeros, the store would be a second page fault.
      this.lo(table)[this.base(table)] = this.hi(table)[this.base(table)] = 0
    }
    this.levels[table >>> TABLES_PER_CHUNK_SHIFT][table & TABLE_MASK] = level
    this.perLevel[level]++
    this.counters.tablesAllocated++
    return table
  }

  /** Tables that can still be allocated. */
  room(): number {
    return this.limit - this.standIns - this.nrTables() - this.nrPgds()
  }

  /** Writes down that `asked` tables could not be had. @returns 0 */
  refuse(asked: number): number {
    Object.assign(this.refusal, { what: 'page tables', asked, inUse: this.nrTables() + this.nrPgds(), limit: this.limit - this.standIns })
    return 0
  }

  share(table: number): void {
    this.shares.set(table, (this.shares.get(table) ?? 0) + 1)
  }

  /** Whether more than one entry points to the table. */
  isShared(table: number): boolean {
    return this.shares.has(table)
  }

  free(table: number): void {
    if (this.isStandIn(table)) return
    if (table === this.lastPmd) this.lastPmd = 0
    const others = this.shares.get(table)
    if (others !== undefined) {
      if (others > 1) this.shares.set(table, others - 1)
      else this.shares.delete(table)
      return
    }
    const base = this.base(table)
    if (this.used(table) !== 0) {
      this.lo(table).fill(0, base, base + 512)
      this.hi(table).fill(0, base, base + 512)
      this.addUsed(table, -this.used(table))
    }
    this.setKnown(table, KNOWN_NOTHING)
    this.perLevel[this.level(table)]--
    this.counters.tablesFreed++
    this.freed.put(table)
  }

  /** Gives all buffers back; nothing may be asked of the tables any more. */
  release(): void {
    if (this.los.length === 0) return
    this.stock.put(this.los.splice(0))
    this.stock.put(this.his.splice(0))
    this.stock.put([this.cacheRegion, this.cachePgd, this.cacheTable])
  }

  /** Adds a chunk. Tables are kept all zero while free, so that allocation writes nothing. @returns false at the limit */
  private grow(): boolean {
    const tables = Math.min(chunkTables(this.held), this.limit + 1 - this.held)
    if (tables <= 0) return false
    this.next = Math.max(1, this.los.length << TABLES_PER_CHUNK_SHIFT)
    this.end = (this.los.length << TABLES_PER_CHUNK_SHIFT) + tables
    this.held += tables
    this.los.push(this.stock.take(tables * 512))
    this.his.push(this.stock.take(tables * 512))
    this.uses.push(new Uint16Array(tables))
    this.levels.push(new Uint8Array(tables))
    this.knowns.push(new Uint16Array(tables))
    return true
  }

  pteTable(pgd: number, vpn: number): number {
    const region = pmdNumber(vpn)
    const slot = region & CACHE_MASK
    if (this.cacheRegion[slot] === region && this.cachePgd[slot] === pgd) return this.cacheTable[slot]
    const pmd = this.pmdTable(pgd, vpn)
    return pmd === 0 ? 0 : this.remember(slot, region, pgd, this.below(pmd, region & 511))
  }

  pteTableAlloc(pgd: number, vpn: number): number {
    const region = pmdNumber(vpn)
    const slot = region & CACHE_MASK
    if (this.cacheRegion[slot] === region && this.cachePgd[slot] === pgd) return this.cacheTable[slot]
    const pmd = this.pmdTableAlloc(pgd, vpn)
    return pmd === 0 ? 0 : this.remember(slot, region, pgd, this.belowAlloc(pmd, region & 511, LEVEL_PTE))
  }

  pmdTable(pgd: number, vpn: number): number {
    const number = pmdNumber(vpn) >> 9
    if (this.lastPmd !== 0 && this.lastPgd === pgd && this.lastNumber === number) return this.lastPmd
    const pud = this.pudTable(pgd, vpn)
    const found = pud === 0 ? 0 : this.below(pud, number & 511)
    if (found > this.standIns) {
      this.lastPgd = pgd
      this.lastNumber = number
      this.lastPmd = found
    }
    return found
  }

  /** The table of pmds covering a page, allocating what is missing; 0 when the limit is reached. */
  pmdTableAlloc(pgd: number, vpn: number): number {
    if (this.lastPmd !== 0 && this.lastPgd === pgd && this.lastNumber === pmdNumber(vpn) >> 9) return this.lastPmd
    const pud = this.pudTableAlloc(pgd, vpn)
    return pud === 0 ? 0 : this.belowAlloc(pud, (pmdNumber(vpn) >> 9) & 511, LEVEL_PMD)
  }

  pudTable(pgd: number, vpn: number): number {
    return this.below(pgd, (pmdNumber(vpn) >> 18) & 511)
  }

  /** The table of puds covering a page, allocating what is missing; 0 when the limit is reached. */
  pudTableAlloc(pgd: number, vpn: number): number {
    return this.belowAlloc(pgd, (pmdNumber(vpn) >> 18) & 511, LEVEL_PUD)
  }

  forget(pgd: number, vpn: number): void {
    const region = pmdNumber(vpn)
    const slot = region & CACHE_MASK
    if (this.cacheRegion[slot] === region && this.cachePgd[slot] === pgd) this.cacheRegion[slot] = -1
  }

  nextPmd(pgd: number, vpn: number, end: number): number {
    return nextPmd(this, pgd, vpn, end)
  }

  nrTables(): number {
    return this.perLevel[LEVEL_PTE] + this.perLevel[LEVEL_PMD] + this.perLevel[LEVEL_PUD]
  }

  /** Address spaces alive: their pgds. */
  nrPgds(): number {
    return this.perLevel[LEVEL_PGD]
  }

  /** Bytes of the buffers that hold the entries. */
  bufferBytes(): number {
    return this.held * 4096
  }

  isStandIn(table: number): boolean {
    return table <= this.standIns
  }

  wholePages(pgd: number, vpn: number): number {
    const pud = this.pudTable(pgd, vpn)
    if (pud === 0) return 0
    const pmd = this.below(pud, (pmdNumber(vpn) >> 9) & 511)
    if (pmd === 0) return 0
    if (pmd <= this.standIns) return PAGES_PER_PUD
    const ptes = this.below(pmd, pmdNumber(vpn) & 511)
    return ptes !== 0 && ptes <= this.standIns ? 512 : 0
  }

  setWhole(pgd: number, vpn: number, level: number, whole: Whole): boolean {
    if (this.standIns === 0) return false
    const table = level === LEVEL_PUD ? this.pudTableAlloc(pgd, vpn) : this.pmdTableAlloc(pgd, vpn)
    if (table === 0) return false
    const index = (level === LEVEL_PUD ? pmdNumber(vpn) >> 9 : pmdNumber(vpn)) & 511
    const at = this.base(table) + index
    const lo = this.readLo(table)[at]
    const hi = this.readHi(table)[at]
    if ((lo !== 0 || hi !== 0) && wholeOf(lo, hi, this.marker) === WHOLE_NONE) return false
    this.set(table, index, wholeLo(whole, this.marker), wholeHi(whole, this.marker))
    return true
  }

  fold(pgd: number, vpn: number, level: number): boolean {
    const upper = level === LEVEL_PUD ? this.pudTable(pgd, vpn) : this.pmdTable(pgd, vpn)
    if (upper === 0 || upper <= this.standIns) return false
    const index = (level === LEVEL_PUD ? pmdNumber(vpn) >> 9 : pmdNumber(vpn)) & 511
    const table = this.below(upper, index)
    if (table <= this.standIns || this.used(table) !== 512 || this.isShared(table) || !isArmed(this, table, this.marker)) return false
    if (level === LEVEL_PMD) this.forget(pgd, vpn)
    this.set(upper, index, this.marker.lo, this.marker.hi)
    this.free(table)
    this.counters.folds++
    return true
  }

  private remember(slot: number, region: number, pgd: number, table: number): number {
    if (table > this.standIns) {
      this.cacheRegion[slot] = region
      this.cachePgd[slot] = pgd
      this.cacheTable[slot] = table
    }
    return table
  }

  private below(table: number, index: number): number {
    const at = this.base(table) + index
    const lo = this.readLo(table)[at]
    if (pointsToTable(lo)) return entryTable(lo, this.readHi(table)[at])
    return lo === 0 || this.standIns === 0 ? 0 : wholeOf(lo, this.readHi(table)[at], this.marker)
  }

  private belowAlloc(table: number, index: number, level: number): number {
    const found = this.below(table, index)
    if (found > this.standIns) return found
    const fresh = this.alloc(level)
    if (fresh === 0) return 0
    if (found !== 0) this.spread(table, index, found, fresh)
    this.link(table, index, fresh)
    return fresh
  }

  /** The entry's own table is filled with what it stood for; the entry is none for a moment. */
  private spread(table: number, index: number, standIn: number, fresh: number): void {
    this.set(table, index, 0, 0)
    this.counters.spreads++
    const used = this.used(standIn)
    if (used === 0) return
    const from = this.base(standIn)
    this.lo(fresh).set(this.lo(standIn).subarray(from, from + 512), this.base(fresh))
    this.hi(fresh).set(this.hi(standIn).subarray(from, from + 512), this.base(fresh))
    this.addUsed(fresh, used)
    this.counters.ptes += used
  }

  /** Writes an entry that points to a table where there was none. */
  link(table: number, index: number, lower: number): void {
    const at = this.base(table) + index
    this.lo(table)[at] = (lower << 12) | TABLE_FLAGS
    this.hi(table)[at] = lower >>> 20
    this.addUsed(table, 1)
  }
}
