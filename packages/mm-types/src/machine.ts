/**
 * What the memory of a simulated machine offers to the code above it: tables, frames, swap, TLBs, counters.
 *
 * `@faultline/pagetable-core` implements these; backends and policies see only them.
 * @module
 */

/** Levels of tables: the leaf level is 0. */
export const LEVEL_PTE = 0
/** Entries of 2 MiB. */
export const LEVEL_PMD = 1
/** Entries of 1 GiB. */
export const LEVEL_PUD = 2
/** The root. */
export const LEVEL_PGD = 3

/** What an entry above the leaves stands for when nothing is below it: no table at all, */
export const WHOLE_NONE = 0
/** a table of none entries, */
export const WHOLE_EMPTY = 1
/** a table of entries that each stand for a table of none entries, */
export const WHOLE_EMPTY_TABLES = 2
/** or tables in which every leaf is none and armed. */
export const WHOLE_ARMED = 3

/** WHOLE_* */
export type Whole = 0 | 1 | 2 | 3

/** Words of entries, for who does not write to them. */
export interface Words {
  readonly length: number
  readonly [index: number]: number
}

/** Nothing is known of all entries of a table. */
export const KNOWN_NOTHING = 0
/** Every entry is the plain wp marker of the design. */
export const KNOWN_MARKERS = 1
/** Every entry is present (or PROT_NONE) and lacks the uffd-wp bit. More than this by n: n of them have it, and are not writable. */
export const KNOWN_UNARMED = 0x400
/** All of them have it. */
export const KNOWN_ARMED = KNOWN_UNARMED + 512

/** KNOWN_*, or between KNOWN_UNARMED and KNOWN_ARMED. */
export type Known = number

/**
 * Page tables of all address spaces, 512 entries each, in chunks of 512 tables. A table is a number from 1; entry `i`
 * of table `t` is `lo(t)[base(t) + i]` and `hi(t)[base(t) + i]`.
 *
 * Whoever writes an entry from none to something, or back, tells `addUsed`; the counts are what frees tables.
 *
 * An entry above the leaves may stand for a table that is not there (WHOLE_*). It reads as that table: the walks answer a
 * stand-in, one for all such entries, which nobody may write, as nobody may write the zero page. A walk that allocates
 * answers a copy of it. So whoever only reads needs to know nothing of this, and whoever writes entries that are not
 * present allocates first, or asks `isStandIn`.
 */
export interface PageTables {
  /**
   * The chunk of low words that holds a table, for who may write to that table, and to no other, before anybody calls `setKnown` for it:
   * what is known of all its entries is forgotten.
   */
  lo(table: number): Int32Array
  /** The chunk of high words that holds a table, on the same terms. */
  hi(table: number): Int32Array
  /**
   * The chunk of low words, for who takes the uffd-wp bit from one present entry and changes no other: one entry less is known to have
   * it, so that a table of which all pages were written one by one is known to be unarmed.
   */
  loToDisarm(table: number): Int32Array
  /** The chunk of low words, for who only reads. */
  readLo(table: number): Words
  /** The chunk of high words, for who only reads. */
  readHi(table: number): Words
  /**
   * What is known of all 512 entries of a table without a look at them, so that a call over a range that finds a table as it left it
   * costs once a table. Whoever may change an entry makes it KNOWN_NOTHING: by `lo`, `hi`, `set`, `free`.
   */
  known(table: number): Known
  /** Tells what a walk over all entries of a table has found, or left there. */
  setKnown(table: number, known: Known): void
  /** Where a table starts in its chunks. */
  base(table: number): number
  /** Non-none entries of a table. */
  used(table: number): number
  /** Tells that `change` entries became something, or none when negative. */
  addUsed(table: number, change: number): void
  /** Writes one entry and keeps the count of used entries. */
  set(table: number, index: number, lo: number, hi: number): void
  /** `LEVEL_*` of a table. */
  level(table: number): number
  /** A zeroed table, or 0 when the limit is reached. */
  alloc(level: number): number
  /** Gives back a table, or one owner's share of it. */
  free(table: number): void
  /** Adds an owner to a table; every owner's entry points to it. */
  share(table: number): void
  /** Whether more than one entry points to the table. */
  isShared(table: number): boolean
  /** True for a table that may be read only; asked of tables that are not 0. */
  isStandIn(table: number): boolean
  /** Pages that the entry over a page stands for without a table: 512, 262144, or 0 when there is no such entry. */
  wholePages(pgd: number, vpn: number): number
  /**
   * Makes the entry of `level` over a page stand for what is below it.
   *
   * @returns false, and nothing is changed, when a table or a leaf is there, no table is left for the levels above, or the design has no marker
   */
  setWhole(pgd: number, vpn: number, level: number, whole: Whole): boolean
  /** Puts one entry of `level` in the place of the table below it if all of that is armed and none. @returns whether it was */
  fold(pgd: number, vpn: number, level: number): boolean
  /** The table of leaf ptes covering a page, or 0 (no table, or a huge leaf). */
  pteTable(pgd: number, vpn: number): number
  /** The same, allocating what is missing; 0 when the limit is reached. The page must not be under a huge leaf. */
  pteTableAlloc(pgd: number, vpn: number): number
  /** The table of pmds covering a page, or 0. */
  pmdTable(pgd: number, vpn: number): number
  /** The same, allocating what is missing; 0 when the limit is reached. */
  pmdTableAlloc(pgd: number, vpn: number): number
  /** The table of puds covering a page, or 0. */
  pudTable(pgd: number, vpn: number): number
  /** The same, allocating what is missing; 0 when the limit is reached. */
  pudTableAlloc(pgd: number, vpn: number): number
  /** Makes entry `index` of a table, now none, point to a lower table. */
  link(table: number, index: number, lower: number): void
  /** Must be told when the pmd entry of a page changes in any way but through the calls above. */
  forget(pgd: number, vpn: number): void
  /** First page at or after `vpn` and before `end` whose pmd entry is not none; `end` when there is none. */
  nextPmd(pgd: number, vpn: number, end: number): number
  /** Tables allocated now, all levels but the pgd. */
  nrTables(): number
}

/** The frame table; see `frame.ts` for a record. */
export interface Frames {
  /** The chunk of records that holds a frame. */
  chunk(pfn: number): Int32Array
  /** A new folio of 2^order pages with one reference, no mapping, all stamps 0. @returns its first frame */
  alloc(order: number): number
  /** Takes a reference to the folio of a frame. */
  get(pfn: number): void
  /** Drops a reference; the folio goes back to the free list with the last. @returns references left */
  put(pfn: number): number
  /** Frees `nr` single pages from `first` on, of each of which the caller has taken away the last reference. */
  freeRun(first: number, nr: number): void
  /**
   * Makes each page of a folio a folio of its own, with one reference for each entry that maps it and one for the cache;
   * pages without any are freed. What the first page knows of the whole folio (dirty, swap-backed) each page knows then.
   */
  split(head: number): void
  /** Halves the folio of a page until that page is a folio of its own; the other halves stay as large as they are. */
  splitAt(pfn: number): void
  /** First frame of the folio a frame belongs to. */
  head(pfn: number): number
  /** log2 of the pages of the folio of a frame. */
  order(pfn: number): number
  /** One word of the record: `FRAME_REF` to `FRAME_SLOT`. */
  field(pfn: number, field: number): number
  /** Writes one word of the record. */
  setField(pfn: number, field: number, value: number): void
  /** The flags word: `FRAME_*`. */
  flags(pfn: number): number
  /** Sets flags, leaving the others. */
  setFlags(pfn: number, flags: number): void
  /** Clears flags, leaving the others. */
  clearFlags(pfn: number, flags: number): void
  /** The contents: the value last written. */
  stamp(pfn: number): number
  /** Writes the contents. */
  setStamp(pfn: number, stamp: number): void
  /** Page-table entries that map this page, huge leaves included. */
  mapcount(pfn: number): number
  /** Huge pages of 2^order taken from a hugetlb pool now; `change` adds to the count, `put` takes away. */
  hugetlbInUse(order: number, change?: number): number
  /** Huge pages of 2^order that are promised and not yet taken; below 0 while what replaces one is not yet free. */
  hugetlbReserved(order: number, change?: number): number
  /** Frames in use, zero pages not counted. */
  nrUsed(): number
}

/** One swap area: slots with a count of references and the contents of the page. Slot 0 is the header. */
export interface Swap {
  /** The chunk of records that holds a slot; see `slot.ts` for a record. */
  chunk(slot: number): Int32Array
  /** A slot with one reference holding `stamp`, or 0 when the area is full. */
  alloc(stamp: number): number
  /** Takes a reference to a slot. */
  dup(slot: number): void
  /** Drops a reference; the slot is free with the last one unless it is in the swap cache. */
  free(slot: number): void
  /** References to a slot. */
  count(slot: number): number
  /** The contents of a slot. */
  stamp(slot: number): number
  /** Writes the contents of a slot. */
  setStamp(slot: number, stamp: number): void
  /** The frame in the swap cache for a slot, or 0. */
  cached(slot: number): number
  /** Puts a frame into the swap cache for a slot; 0 takes it out. */
  setCached(slot: number, pfn: number): void
  /** Slots in use. */
  nrUsed(): number
  readonly slots: number
}

/** Counts of what the machine did. Steps are counted events, never time. */
export interface Counters {
  /** Page-table entries read or written by walks over ranges and by faults. */
  ptes: number
  tablesAllocated: number
  tablesFreed: number
  framesAllocated: number
  pagesCopied: number
  faults: number
  faultsMissing: number
  faultsMinor: number
  faultsWp: number
  faultsCow: number
  faultsSwapIn: number
  faultsMarker: number
  faultsSpurious: number
  messages: number
  tlbHits: number
  tlbMisses: number
  /** TLB flush operations (one per call, batch or page, as the design flushes). */
  tlbFlushes: number
  /** Pages named in those flushes. */
  tlbFlushedPages: number
  swapOuts: number
  swapIns: number
  collapses: number
  splits: number
  markersInstalled: number
  /** Entries that stood for a table and got one, and tables of which one entry was made (WHOLE_*). */
  spreads: number
  folds: number
  calls: number
  /** Vmas that calls on a part of one added, and those that went into a neighbour. Moving the border of two is neither. */
  vmaSplits: number
  vmaMerges: number
  /** SIGSEGV and SIGBUS delivered to accesses; the return from a handler is part of it. */
  signals: number
}

/** The memory of one simulated machine. */
export interface Machine {
  readonly tables: PageTables
  readonly frames: Frames
  readonly swap: Swap
  readonly counters: Counters
}
