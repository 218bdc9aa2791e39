/**
 * mprotect on page tables.
 *
 * @source v6.18 mm/mprotect.c change_protection(), change_pte_range(), can_change_pte_writable()
 * @module
 */
import { PAGE_PRESENT, PAGE_PRESENT_ANY, PAGE_PROTNONE, PAGE_RW, VM_ACCESS_FLAGS } from '@faultline/mm-types'
import { leafIndex, leafPages, leafSpanEnd, leafTable, mayWrite, pmdNumber, writeRule } from '@faultline/pagetable-core'
import { HUGE_PAGES, hugePmdLo, splitHugePmd } from './huge.ts'
import type { AddressSpace } from './objects.ts'
import { unsharePmd } from './pmd-sharing.ts'
import type { VmArea } from './vma.ts'

/** Brings the entries of [start, end) in line with the vma's new flags. Bits, markers and tables stay. */
export function changeProtection(mm: AddressSpace, vma: VmArea, start: number, end: number): void {
  const tables = mm.machine.tables
  const shift = vma.pageShift
  let changed = 0
  for (let vpn = start; vpn < end; ) {
    const next = leafSpanEnd(vpn, end, shift)
    if (shift === 12 && hugePmdLo(mm, vpn) !== 0) {
      if (next - vpn === HUGE_PAGES) {
        changed += changeSpan(mm, vma, tables.pmdTable(mm.pgd, vpn), pmdNumber(vpn) & 511, (pmdNumber(vpn) & 511) + 1)
        vpn = next
        continue
      }
      splitHugePmd(mm, vma, vpn)
    }
    const table = leafTable(tables, mm.pgd, vpn, shift)
    if (table !== 0 && !(shift === 21 && unsharePmd(mm, vpn))) {
      const from = leafIndex(vpn, shift)
      changed += changeSpan(mm, vma, table, from, from + Math.ceil((next - vpn) / leafPages(shift)))
    }
    vpn = next
  }
  // hugetlb flushes whatever it found. @source v6.18 mm/mprotect.c change_pte_range() pte_needs_flush(); mm/hugetlb.c hugetlb_change_protection()
  if (changed > 0 || shift !== 12) mm.kernel.flush(mm, start, end - start, changed)
}

/** @returns how many entries changed */
function changeSpan(mm: AddressSpace, vma: VmArea, table: number, from: number, to: number): number {
  const { tables, frames, counters } = mm.machine
  const los = tables.lo(table)
  const his = tables.hi(table)
  const base = tables.base(table)
  const none = (vma.flags & VM_ACCESS_FLAGS) === 0
  const right = none ? PAGE_PROTNONE : PAGE_PRESENT
  const rule = writeRule(vma)
  let changed = 0
  for (let at = base + from, end = base + to; at < end; at++) {
    const lo = los[at]
    if ((lo & PAGE_PRESENT_ANY) === 0) continue
    let entry = (lo & ~(PAGE_RW | PAGE_PRESENT | PAGE_PROTNONE)) | right
    if (mayWrite(rule, frames, lo, his[at])) entry |= PAGE_RW
    if (entry === lo) continue
    los[at] = entry
    changed++
  }
  counters.ptes += to - from
  return changed
}
