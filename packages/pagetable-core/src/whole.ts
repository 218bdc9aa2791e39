/**
 * Entries above the leaves that stand for tables which are not there, and how ranges use them.
 *
 * Nothing of this is in Linux: pmd and pud markers were only talked about, in the review of UFFD_FEATURE_WP_ZEROPAGE
 * (linux-mm, February 2023). An entry WHOLE_n reads as table n, the stand-in of all such entries.
 * @module
 */
import {
  KNOWN_MARKERS,
  LEVEL_PMD,
  LEVEL_PTE,
  LEVEL_PUD,
  PAGES_PER_PUD,
  type PageTables,
  WHOLE_ARMED,
  WHOLE_EMPTY,
  WHOLE_EMPTY_TABLES,
  WHOLE_NONE,
  type Whole,
} from '@faultline/mm-types'
import { leafLevel } from './leaf.ts'

/** Words of an armed entry: the wp marker of the design's encoding. */
export interface WholeMarker {
  readonly lo: number
  readonly hi: number
}

/** A design without markers. */
export const NO_MARKER: WholeMarker = { lo: 0, hi: 0 }

/** What the 512 entries of each stand-in are, those of table 1 (WHOLE_EMPTY) first. */
export const STAND_INS: readonly Whole[] = [WHOLE_NONE, WHOLE_EMPTY, WHOLE_ARMED]

/**
 * Low words of the entries that stand for empty tables: markers without bits. They are not present, and as swap entries
 * they would name slots at the end of an area that no disk is large enough for. hugetlb, whose leaves are pmds, never has one there.
 */
const EMPTY_LO = 0x200
const EMPTY_TABLES_LO = 0x400

/** Low word of an entry that stands for `whole`. */
export function wholeLo(whole: Whole, marker: WholeMarker): number {
  return whole === WHOLE_ARMED ? marker.lo : whole === WHOLE_EMPTY ? EMPTY_LO : whole === WHOLE_EMPTY_TABLES ? EMPTY_TABLES_LO : 0
}

/** High word of an entry that stands for `whole`. */
export function wholeHi(whole: Whole, marker: WholeMarker): number {
  return whole === WHOLE_ARMED ? marker.hi : 0
}

/** What an entry stands for; WHOLE_NONE too for one that is a leaf or points to a table. */
export function wholeOf(lo: number, hi: number, marker: WholeMarker): Whole {
  if (lo === marker.lo && hi === marker.hi) return WHOLE_ARMED
  if (hi !== 0) return WHOLE_NONE
  return lo === EMPTY_LO ? WHOLE_EMPTY : lo === EMPTY_TABLES_LO ? WHOLE_EMPTY_TABLES : WHOLE_NONE
}

/** Whether all entries of a table are the marker. */
export function isArmed(tables: PageTables, table: number, { lo, hi }: WholeMarker): boolean {
  if (tables.known(table) === KNOWN_MARKERS) return true
  const base = tables.base(table)
  const los = tables.readLo(table)
  const his = tables.readHi(table)
  for (let at = base; at < base + 512; at++) if (los[at] !== lo || his[at] !== hi) return false
  return true
}

/** Pages of one entry, by level. */
const ENTRY_PAGES = [1, 512, PAGES_PER_PUD]

/** Pages of one entry of a level up to LEVEL_PUD. */
export function entryPages(level: number): number {
  return ENTRY_PAGES[level]
}

/**
 * The highest level at which one entry covers pages from `vpn` on, none of them beyond `end`, and stands for what is below it, alone or
 * with others in one entry further up. LEVEL_PTE when there is none above the leaves.
 */
export function wholeLevel(tables: PageTables, pgd: number, vpn: number, end: number, pageShift: number): number {
  const pages = tables.wholePages(pgd, vpn)
  if (pages === PAGES_PER_PUD && pageShift < 30 && fits(vpn, end, LEVEL_PUD)) return LEVEL_PUD
  return pages !== 0 && pageShift === 12 && fits(vpn, end, LEVEL_PMD) ? LEVEL_PMD : LEVEL_PTE
}

function fits(vpn: number, end: number, level: number): boolean {
  return vpn % ENTRY_PAGES[level] === 0 && end - vpn >= ENTRY_PAGES[level]
}

/**
 * Arms what is empty from `vpn` on by one entry, of `highest` level at most.
 *
 * @returns pages that are armed so, from `vpn` on and not beyond `end`; 0 when the caller is to use a table
 */
export function armWhole(tables: PageTables, pgd: number, vpn: number, end: number, pageShift: number, highest: number): number {
  if (highest === LEVEL_PTE) return 0
  const already = tables.wholePages(pgd, vpn)
  if (already !== 0 && isWholeArmed(tables, pgd, vpn, pageShift)) return Math.min(end, vpn - (vpn % already) + already) - vpn
  for (let level = highest; level > leafLevel(pageShift); level--) {
    if (fits(vpn, end, level) && tables.setWhole(pgd, vpn, level, WHOLE_ARMED)) return ENTRY_PAGES[level]
  }
  return 0
}

function isWholeArmed(tables: PageTables, pgd: number, vpn: number, pageShift: number): boolean {
  const table = pageShift === 12 ? tables.pteTable(pgd, vpn) : tables.pmdTable(pgd, vpn)
  return table !== 0 && tables.isStandIn(table) && tables.used(table) !== 0
}

/**
 * Empties what one entry stands for: tables of none entries are left, as they are when their entries are erased one by one.
 *
 * @returns pages that are done, from `vpn` on and not beyond `end`; 0 when the caller is to use a table
 */
export function emptyWhole(tables: PageTables, pgd: number, vpn: number, end: number, pageShift: number): number {
  const level = wholeLevel(tables, pgd, vpn, end, pageShift)
  return level !== LEVEL_PTE && tables.setWhole(pgd, vpn, level, emptied(level, pageShift)) ? ENTRY_PAGES[level] : 0
}

/** What an entry stands for when everything below it has been erased. */
export function emptied(level: number, pageShift: number): Whole {
  return (level - leafLevel(pageShift)) as Whole
}

/** Puts entries in the place of tables over a page in which everything is none and armed, up to `highest` level. */
export function foldWhole(tables: PageTables, pgd: number, vpn: number, pageShift: number, highest: number): void {
  for (let level = leafLevel(pageShift) + 1; level <= highest && tables.fold(pgd, vpn, level); level++);
}
