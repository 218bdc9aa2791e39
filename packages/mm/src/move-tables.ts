/**
 * Moving the entries of a vma to another place.
 *
 * @source v6.18 mm/mremap.c move_page_tables(), move_ptes(); mm/hugetlb.c move_hugetlb_page_tables()
 * @fidelity simplified move_page_tables(): tables of pmds are never handed over whole
 * @module
 */
import {
  LEVEL_PTE,
  LEVEL_PUD,
  PAGE_PRESENT_ANY,
  PAGE_SOFT_DIRTY,
  PAGE_UFFD_WP,
  PTE_MARKER_NO_WP,
  PTE_MARKER_UFFD_WP,
  SOFTLEAF_MARKER,
  SOFTLEAF_SPECIAL_PTE,
  SOFTLEAF_SWAP,
  SWP_SOFT_DIRTY,
  SWP_UFFD_WP,
  WHOLE_ARMED,
  WHOLE_NONE,
} from '@faultline/mm-types'
import {
  emptied,
  entryPages,
  LimitError,
  leafIndex,
  leafPages,
  leafSpanEnd,
  leafTable,
  leafTableAlloc,
  pmdNumber,
  wholeLevel,
} from '@faultline/pagetable-core'
import { HUGE_PAGES, hugePmdLo, setPmd, splitHugePmd } from './huge.ts'
import type { AddressSpace } from './objects.ts'
import { unsharePmd } from './pmd-sharing.ts'
import type { VmArea } from './vma.ts'
import { ownTable } from './zap.ts'

/**
 * Moves the entries of [start, end) of `vma` so that `start` comes to `to`.
 *
 * @param clears true when the new place is not registered: bits are cleared and wp markers dropped
 */
export function moveTables(mm: AddressSpace, vma: VmArea, start: number, end: number, to: number, clears: boolean): void {
  const tables = mm.machine.tables
  const shift = vma.pageShift
  for (let vpn = start; vpn < end; ) {
    const target = to + (vpn - start)
    // One step stays within one table on both sides.
    const room = leafSpanEnd(target, target + (end - vpn), shift) - target
    const next = Math.min(leafSpanEnd(vpn, end, shift), vpn + room)
    if (shift === 12 && hugePmdLo(mm, vpn) !== 0) {
      if (next - vpn === HUGE_PAGES && target % HUGE_PAGES === 0) {
        moveHugePmd(mm, vpn, target, clears)
        vpn = next
        continue
      }
      splitHugePmd(mm, vma, vpn)
    }
    const whole = moveWhole(mm, vpn, end, target, shift, clears)
    if (whole !== 0) {
      vpn += whole
      continue
    }
    if (next - vpn === HUGE_PAGES && !clears && shift === 12 && moveTable(mm, vpn, target)) {
      vpn = next
      continue
    }
    let table = leafTable(tables, mm.pgd, vpn, shift)
    if (table !== 0 && tables.isStandIn(table)) table = ownTable(mm, vpn, shift)
    // hugetlb allocates the new table leaf by leaf, and none leaves need none.
    if (
      table !== 0 &&
      !(shift === 21 && unsharePmd(mm, vpn)) &&
      (shift === 12 || !isEmpty(mm, table, leafIndex(vpn, shift), Math.ceil((next - vpn) / leafPages(shift))))
    ) {
      const out = leafTableAlloc(tables, mm.pgd, target, shift)
      if (out === 0) throw new LimitError(mm.kernel.machine.refusal)
      const from = leafIndex(vpn, shift)
      moveSpan(mm, table, from, from + Math.ceil((next - vpn) / leafPages(shift)), out, leafIndex(target, shift), clears)
    }
    vpn = next
  }
  mm.kernel.flush(mm, start, end - start, end - start)
}

/**
 * Moves an entry that stands for tables, where none is yet. What is left behind is what would be if it were tables: none where they are
 * handed over, empty ones where their entries are moved one by one.
 *
 * @returns pages moved
 */
function moveWhole(mm: AddressSpace, vpn: number, end: number, target: number, pageShift: number, clears: boolean): number {
  const { tables, counters } = mm.machine
  const level = wholeLevel(tables, mm.pgd, vpn, end, pageShift)
  if (level === LEVEL_PTE || target % entryPages(level) !== 0) return 0
  const small = pageShift === 12
  if (!small && mm.softDirty) return 0
  const armed = tables.used(leafTable(tables, mm.pgd, vpn, pageShift)) !== 0
  const there = level === LEVEL_PUD ? tables.pmdTable(mm.pgd, target) : tables.pteTable(mm.pgd, target)
  if (there !== 0) return 0
  const empty = emptied(level, pageShift)
  // Empty tables of hugetlb stay.
  if ((small || armed) && !tables.setWhole(mm.pgd, target, level, armed && !clears ? WHOLE_ARMED : empty)) return 0
  tables.setWhole(mm.pgd, vpn, level, small && !clears ? WHOLE_NONE : empty)
  counters.ptes += 2
  return entryPages(level)
}

/** Hands a table of ptes over whole, where there is none yet. @source v6.18 mm/mremap.c move_normal_pmd() */
function moveTable(mm: AddressSpace, vpn: number, target: number): boolean {
  const tables = mm.machine.tables
  const table = tables.pteTable(mm.pgd, vpn)
  if (table === 0 || tables.isStandIn(table) || target % HUGE_PAGES !== 0 || tables.pteTable(mm.pgd, target) !== 0) return false
  const pmd = tables.pmdTableAlloc(mm.pgd, target)
  if (pmd === 0) return false
  setPmd(mm, vpn, 0, 0)
  tables.forget(mm.pgd, target)
  tables.link(pmd, pmdNumber(target) & 511, table)
  return true
}

function isEmpty(mm: AddressSpace, table: number, from: number, length: number): boolean {
  const tables = mm.machine.tables
  const base = tables.base(table) + from
  for (let at = base; at < base + length; at++) if (tables.lo(table)[at] !== 0 || tables.hi(table)[at] !== 0) return false
  return true
}

function moveHugePmd(mm: AddressSpace, vpn: number, target: number, clears: boolean): void {
  const tables = mm.machine.tables
  const pmd = tables.pmdTable(mm.pgd, vpn)
  const at = tables.base(pmd) + (pmdNumber(vpn) & 511)
  const lo = tables.lo(pmd)[at]
  const hi = tables.hi(pmd)[at]
  setPmd(mm, vpn, 0, 0)
  tables.pmdTableAlloc(mm.pgd, target)
  const soft = mm.softDirty ? PAGE_SOFT_DIRTY : 0
  setPmd(mm, target, (clears ? lo & ~PAGE_UFFD_WP : lo) | soft, hi)
}

function moveSpan(mm: AddressSpace, table: number, from: number, to: number, out: number, outFrom: number, clears: boolean): void {
  const tables = mm.machine.tables
  const los = tables.lo(table)
  const his = tables.hi(table)
  const base = tables.base(table)
  // @source v6.18 mm/mremap.c move_soft_dirty_pte(): what was moved counts as written
  const soft = mm.softDirty
  for (let i = from; i < to; i++) {
    const lo = los[base + i]
    const hi = his[base + i]
    if (lo === 0 && hi === 0) continue
    tables.set(table, i, 0, 0)
    const kept = clears ? withoutBit(mm, lo, hi) : lo
    const moved = soft && kept !== 0 ? markMoved(mm, kept, hi) : kept
    if (moved !== 0 || hi !== 0) tables.set(out, outFrom + (i - from), moved, moved === 0 ? 0 : hi)
  }
  mm.machine.counters.ptes += to - from
}

function markMoved(mm: AddressSpace, lo: number, hi: number): number {
  if (lo & PAGE_PRESENT_ANY) return lo | PAGE_SOFT_DIRTY
  const kind = mm.classify(lo, hi)
  // A marker too. @source v6.12 mm/mremap.c move_soft_dirty_pte()
  return kind === SOFTLEAF_SWAP || kind === SOFTLEAF_MARKER ? lo | SWP_SOFT_DIRTY : lo
}

/** The low word without the uffd-wp bit; 0 for a wp marker. */
function withoutBit(mm: AddressSpace, lo: number, hi: number): number {
  if (lo & PAGE_PRESENT_ANY) return lo & ~PAGE_UFFD_WP
  const kind = mm.classify(lo, hi)
  if (kind === SOFTLEAF_MARKER || kind === SOFTLEAF_SPECIAL_PTE) {
    if (mm.encoding.markerBits(lo, hi) & (PTE_MARKER_UFFD_WP | PTE_MARKER_NO_WP)) return 0
    if (kind === SOFTLEAF_SPECIAL_PTE) return lo
  }
  return lo & ~SWP_UFFD_WP
}
