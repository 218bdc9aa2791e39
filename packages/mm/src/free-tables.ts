/**
 * Freeing page tables.
 *
 * @source v6.18 mm/memory.c free_pgtables(); mm/pt_reclaim.c try_to_free_pte()
 * @module
 */
import { LEVEL_PTE, LEVEL_PUD, WHOLE_NONE } from '@faultline/mm-types'
import { entryPages, entryTable, pmdNumber, pointsToTable, wholeLevel } from '@faultline/pagetable-core'
import type { AddressSpace } from './objects.ts'

/** Pages covered by one entry, by level of the table. */
const ENTRY_PAGES = [1, 512, 262144, 134217728]

/** Frees the table of ptes over a page, or the entry that stands for one. Its entries hold no page any more. @returns false when there is none */
export function freePteTable(mm: AddressSpace, vpn: number): boolean {
  const tables = mm.machine.tables
  const table = tables.pteTable(mm.pgd, vpn)
  if (table === 0) return false
  tables.forget(mm.pgd, vpn)
  tables.set(tables.pmdTableAlloc(mm.pgd, vpn), pmdNumber(vpn) & 511, 0, 0)
  tables.free(table)
  return true
}

/**
 * Frees the tables of ptes that [start, end) covers wholly and that hold nothing any more.
 *
 * @source v6.18 mm/pt_reclaim.c try_get_and_clear_pmd()
 */
export function reclaimPteTables(mm: AddressSpace, start: number, end: number): void {
  const tables = mm.machine.tables
  for (let vpn = Math.ceil(start / 512) * 512; vpn + 512 <= end; vpn = tables.nextPmd(mm.pgd, vpn + 512, end)) {
    const table = tables.pteTable(mm.pgd, vpn)
    if (table === 0 || tables.used(table) !== 0) continue
    const level = tables.isStandIn(table) ? wholeLevel(tables, mm.pgd, vpn, end, 12) : LEVEL_PTE
    if (level === LEVEL_PTE) freePteTable(mm, vpn)
    else {
      tables.setWhole(mm.pgd, vpn, level, WHOLE_NONE)
      vpn += entryPages(level) - 512
    }
  }
}

/** Frees every table of which no page in [start, end) is mapped by a vma any more. */
export function freePgtables(mm: AddressSpace, start: number, end: number): void {
  freeBelow(mm, mm.pgd, 3, 0, start, end)
}

/** Whether one entry stands for 512 empty tables of ptes from a page on. */
function standsForEmpty(mm: AddressSpace, vpn: number): boolean {
  const { tables } = mm.machine
  const table = tables.pteTable(mm.pgd, vpn)
  return table !== 0 && tables.isStandIn(table) && tables.used(table) === 0
}

/** Frees what can be freed under one table. `origin` is the first page the table covers. */
function freeBelow(mm: AddressSpace, table: number, level: number, origin: number, start: number, end: number): void {
  const tables = mm.machine.tables
  const span = ENTRY_PAGES[level]
  const base = tables.base(table)
  const first = Math.max(0, Math.floor((start - origin) / span))
  const last = Math.min(511, Math.floor((end - 1 - origin) / span))
  const los = tables.lo(table)
  // Most tables above the leaves have an entry or two: after the last one nothing is looked at.
  for (let i = first, left = tables.used(table); i <= last && left > 0; i++) {
    const lo = los[base + i]
    if (lo === 0) continue
    left--
    const from = origin + i * span
    if (!pointsToTable(lo)) {
      if (!mm.vmas.meets(from, from + span)) {
        tables.set(table, i, 0, 0)
        continue
      }
      if (level !== LEVEL_PUD || !standsForEmpty(mm, from)) continue
      // Tables would be freed of what is unmapped of it, and stay of the rest.
      tables.pmdTableAlloc(mm.pgd, from)
    }
    const lower = entryTable(los[base + i], tables.hi(table)[base + i])
    if (level > 1) freeBelow(mm, lower, level - 1, from, start, end)
    if (mm.vmas.meets(from, from + span)) continue
    if (level === 1) tables.forget(mm.pgd, from)
    tables.set(table, i, 0, 0)
    tables.free(lower)
  }
}
