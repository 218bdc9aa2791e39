/**
 * MADV_FREE: pages that may be dropped instead of swapped.
 *
 * @source v6.18 mm/madvise.c madvise_free_pte_range(); mm/swap.c folio_mark_lazyfree()
 * @module
 */
import {
  FRAME_ANON,
  FRAME_DIRTY,
  FRAME_SLOT,
  FRAME_SWAPBACKED,
  FRAME_ZERO,
  PAGE_ACCESSED,
  PAGE_DIRTY,
  PAGE_PRESENT_ANY,
  PTE_MARKER_POISONED,
  SOFTLEAF_HWPOISON,
  SOFTLEAF_MARKER,
  SOFTLEAF_SWAP,
} from '@faultline/mm-types'
import { leafSpanEnd, pmdNumber, ptePfn } from '@faultline/pagetable-core'
import { swpOffset } from '@faultline/swap-entry'
import { folioBatch, folioMapcount, isMappedShared } from '../folio.ts'
import { HUGE_PAGES, hugePmdPfn } from '../huge.ts'
import type { AddressSpace } from '../objects.ts'
import { splitFolio } from '../split-folio.ts'
import { dropSwapCache } from '../swap-cache.ts'
import { freeSwapEntry } from '../zap.ts'

/** Marks the pages of [start, end) lazily freeable; swap entries and poison go at once, other markers stay. */
export function lazyFree(mm: AddressSpace, start: number, end: number): void {
  const { tables, frames } = mm.machine
  for (let vpn = start; vpn < end; ) {
    if (mm.hugeLeaf(vpn) !== 0) {
      const next = leafSpanEnd(vpn, end, 12)
      // Split, its pages are looked at one by one; otherwise it was marked, or stays as it is.
      if (next - vpn === HUGE_PAGES || !splitPart(mm, vpn)) {
        if (next - vpn === HUGE_PAGES) markHugeLazy(mm, vpn)
        vpn = next
      }
      continue
    }
    const table = tables.pteTable(mm.pgd, vpn)
    if (table === 0) {
      vpn = tables.nextPmd(mm.pgd, vpn - (vpn & 511) + 512, end)
      continue
    }
    const index = vpn & 511
    const at = tables.base(table) + index
    const lo = tables.lo(table)[at]
    const hi = tables.hi(table)[at]
    let pages = 1
    if (lo & PAGE_PRESENT_ANY) {
      const pfn = ptePfn(lo, hi)
      const order = frames.order(pfn)
      if (order !== 0) {
        pages = folioBatch(mm, vpn, end)
        if (pages < 2 ** order) {
          if (isMappedShared(mm.kernel, frames.head(pfn))) vpn += pages
          else splitFolio(mm.kernel, pfn)
          continue
        }
      }
      markLazy(mm, at, table, pages, frames.head(pfn))
    } else if (lo !== 0 || hi !== 0) freeSoftleaf(mm, table, index, lo, hi)
    vpn += pages
  }
  mm.kernel.flush(mm, start, end - start, end - start)
}

/** @returns true when the huge page was split; the zero page and one that others map too are not */
function splitPart(mm: AddressSpace, vpn: number): boolean {
  const pfn = hugePmdPfn(mm, vpn)
  return (mm.machine.frames.flags(pfn) & FRAME_ZERO) === 0 && !isMappedShared(mm.kernel, pfn) && splitFolio(mm.kernel, pfn)
}

/** @source v6.18 mm/huge_memory.c madvise_free_huge_pmd() */
function markHugeLazy(mm: AddressSpace, vpn: number): void {
  const { frames, tables } = mm.machine
  const pfn = hugePmdPfn(mm, vpn)
  if (frames.flags(pfn) & FRAME_ZERO || isMappedShared(mm.kernel, pfn)) return
  const pmd = tables.pmdTable(mm.pgd, vpn)
  tables.lo(pmd)[tables.base(pmd) + (pmdNumber(vpn) & 511)] &= ~(PAGE_DIRTY | PAGE_ACCESSED)
  frames.clearFlags(pfn, FRAME_DIRTY | FRAME_SWAPBACKED)
}

/** Marks the folio that `pages` entries from `at` on map wholly. */
function markLazy(mm: AddressSpace, at: number, table: number, pages: number, head: number): void {
  const { frames, swap, tables } = mm.machine
  const flags = frames.flags(head)
  if (flags & FRAME_ZERO || (flags & FRAME_ANON) === 0) return
  const slot = frames.field(head, FRAME_SLOT)
  if (slot !== 0 || flags & FRAME_DIRTY) {
    // Only of what is dirty in itself, or in the swap cache, it is asked whether others map it too.
    if (folioMapcount(mm.kernel, head) !== pages || (slot !== 0 && swap.count(slot - 1) !== 0)) return
    dropSwapCache(mm.machine, head)
    frames.clearFlags(head, FRAME_DIRTY)
  }
  for (let i = 0; i < pages; i++) tables.lo(table)[at + i] &= ~(PAGE_DIRTY | PAGE_ACCESSED)
  frames.clearFlags(head, FRAME_SWAPBACKED)
}

function freeSoftleaf(mm: AddressSpace, table: number, index: number, lo: number, hi: number): void {
  const kind = mm.classify(lo, hi)
  if (kind === SOFTLEAF_SWAP) freeSwapEntry(mm.machine, swpOffset(lo, hi))
  else if (kind !== SOFTLEAF_HWPOISON && !(kind === SOFTLEAF_MARKER && mm.encoding.markerBits(lo, hi) & PTE_MARKER_POISONED)) return
  mm.machine.tables.set(table, index, 0, 0)
}
