/**
 * Splitting a transparent huge page itself, not only its mapping: its pages become small ones, and those that were never
 * written become the zero page.
 *
 * @source v6.18 mm/huge_memory.c split_huge_page_to_list_to_order(), remap_page(); mm/migrate.c try_to_map_unused_to_zeropage()
 * @fidelity simplified: reclaim always splits, where Linux may swap a huge page whole; a page is taken for unwritten when its stamp is 0, and pages move to new frames instead of staying in place
 * @module
 */
import {
  FRAME_ANON,
  FRAME_ENTIRE,
  FRAME_EXCLUSIVE,
  FRAME_INDEX,
  FRAME_MAP,
  FRAME_MAPPING,
  FRAME_ORDER_SHIFT,
  FRAME_REF,
  FRAME_SWAPBACKED,
  PAGE_PRESENT_ANY,
  PAGE_SOFT_DIRTY,
  PAGE_SPECIAL,
  PAGE_UFFD_WP,
  VM_LOCKED,
  type Vma,
} from '@faultline/mm-types'
import { mkPteLo, pteHi, ptePfn, ZERO_PFN } from '@faultline/pagetable-core'
import { HUGE_PAGES, hugePmdLo, splitHugePmd } from './huge.ts'
import type { AddressSpace } from './objects.ts'

/**
 * Splits the anonymous huge page that a page of a vma belongs to.
 *
 * @returns false when there is none, or when others map it too: then only this mapping of it is split
 */
export function splitFolio(mm: AddressSpace, vma: Vma, vpn: number): boolean {
  if (hugePmdLo(mm, vpn) !== 0) splitHugePmd(mm, vma, vpn)
  const frames = mm.machine.frames
  const pfn = presentPfn(mm, vpn)
  if (pfn === 0 || frames.flags(pfn) >>> FRAME_ORDER_SHIFT === 0) return false
  const head = frames.head(pfn)
  if ((frames.flags(head) & FRAME_ANON) === 0 || frames.field(head, FRAME_ENTIRE) !== 0) return false
  const first = vpn - (pfn - head)
  if (mappedHere(mm, first, head) !== frames.field(head, FRAME_REF)) return false
  for (let i = 0; i < HUGE_PAGES; i++) if (presentPfn(mm, first + i) === head + i) makeSmall(mm, vma, first + i, head + i)
  mm.flush(first, HUGE_PAGES)
  return true
}

/** Frame that a page is mapped to by a pte, or 0. */
function presentPfn(mm: AddressSpace, vpn: number): number {
  const tables = mm.machine.tables
  const table = tables.pteTable(mm.pgd, vpn)
  if (table === 0) return 0
  const at = tables.base(table) + (vpn & 511)
  return tables.lo(table)[at] & PAGE_PRESENT_ANY ? ptePfn(tables.lo(table)[at], tables.hi(table)[at]) : 0
}

function mappedHere(mm: AddressSpace, first: number, head: number): number {
  let mapped = 0
  for (let i = 0; i < HUGE_PAGES; i++) if (presentPfn(mm, first + i) === head + i) mapped++
  return mapped
}

/** Gives one page of the folio a frame of its own, or the zero page. Protection stays. */
function makeSmall(mm: AddressSpace, vma: Vma, vpn: number, pfn: number): void {
  const { tables, frames } = mm.machine
  const table = tables.pteTable(mm.pgd, vpn)
  const index = vpn & 511
  const lo = tables.lo(table)[tables.base(table) + index]
  if (frames.stamp(pfn) === 0 && (vma.flags & VM_LOCKED) === 0) {
    const kept = lo & (PAGE_UFFD_WP | PAGE_SOFT_DIRTY)
    tables.set(table, index, mkPteLo(ZERO_PFN, PAGE_SPECIAL | kept, vma.flags), pteHi(ZERO_PFN, vma.flags))
  } else {
    const fresh = frames.alloc(0)
    if (fresh === 0) return
    frames.setFlags(fresh, frames.flags(pfn) & (FRAME_ANON | FRAME_EXCLUSIVE | FRAME_SWAPBACKED))
    for (const field of [FRAME_MAPPING, FRAME_INDEX]) frames.setField(fresh, field, frames.field(pfn, field))
    frames.setStamp(fresh, frames.stamp(pfn))
    frames.setField(fresh, FRAME_MAP, 1)
    tables.set(table, index, (fresh << 12) | (lo & 0xfff), pteHi(fresh, vma.flags))
  }
  frames.setField(pfn, FRAME_MAP, frames.field(pfn, FRAME_MAP) - 1)
  frames.put(pfn)
}
