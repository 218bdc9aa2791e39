/**
 * MADV_FREE: pages that may be dropped instead of swapped.
 *
 * @source v6.18 mm/madvise.c madvise_free_pte_range(); mm/swap.c folio_mark_lazyfree()
 * @fidelity simplified madvise_free_pte_range(): a whole huge leaf is split too, where Linux keeps it huge
 * @module
 */
import {
  FRAME_ANON,
  FRAME_DIRTY,
  FRAME_MAP,
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
import { ptePfn } from '@faultline/pagetable-core'
import { swpOffset } from '@faultline/swap-entry'
import { splitHugePmd } from '../huge.ts'
import type { AddressSpace } from '../objects.ts'
import type { VmArea } from '../vma.ts'
import { freeSwapEntry } from '../zap.ts'

/** Marks the pages of [start, end) lazily freeable; swap entries and poison go at once, other markers stay. */
export function lazyFree(mm: AddressSpace, vma: VmArea, start: number, end: number): void {
  const tables = mm.machine.tables
  for (let vpn = start; vpn < end; vpn++) {
    if (mm.hugeLeaf(vpn) !== 0) splitHugePmd(mm, vma, vpn)
    const table = tables.pteTable(mm.pgd, vpn)
    if (table === 0) {
      vpn = tables.nextPmd(mm.pgd, vpn - (vpn & 511) + 512, end) - 1
      continue
    }
    const index = vpn & 511
    const at = tables.base(table) + index
    const lo = tables.lo(table)[at]
    const hi = tables.hi(table)[at]
    if (lo & PAGE_PRESENT_ANY) markLazy(mm, table, at, ptePfn(lo, hi))
    else if (lo !== 0 || hi !== 0) freeSoftleaf(mm, table, index, lo, hi)
  }
  mm.kernel.flush(mm, start, end - start, end - start)
}

function markLazy(mm: AddressSpace, table: number, at: number, pfn: number): void {
  const frames = mm.machine.frames
  const flags = frames.flags(pfn)
  if (flags & FRAME_ZERO || (flags & FRAME_ANON) === 0) return
  if (frames.field(pfn, FRAME_MAP) !== 1) return
  mm.machine.tables.lo(table)[at] &= ~(PAGE_DIRTY | PAGE_ACCESSED)
  frames.clearFlags(pfn, FRAME_DIRTY)
  if (frames.field(pfn, FRAME_SLOT) === 0) frames.clearFlags(pfn, FRAME_SWAPBACKED)
}

function freeSoftleaf(mm: AddressSpace, table: number, index: number, lo: number, hi: number): void {
  const kind = mm.classify(lo, hi)
  if (kind === SOFTLEAF_SWAP) freeSwapEntry(mm.machine, swpOffset(lo, hi))
  else if (kind !== SOFTLEAF_HWPOISON && !(kind === SOFTLEAF_MARKER && mm.encoding.markerBits(lo, hi) & PTE_MARKER_POISONED)) return
  mm.machine.tables.set(table, index, 0, 0)
}
