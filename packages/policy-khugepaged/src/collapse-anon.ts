/**
 * Collapse of anonymous memory: 512 ptes become one huge leaf.
 *
 * @source v6.18 mm/khugepaged.c collapse_huge_page()
 * @fidelity simplified: no isolation, locks or charging; swapped pages come straight into the huge page
 * @module
 */
import {
  type AnonVma,
  FRAME_ANON,
  FRAME_ENTIRE,
  FRAME_EXCLUSIVE,
  FRAME_INDEX,
  FRAME_MAP,
  FRAME_MAPPING,
  FRAME_SLOT,
  FRAME_SWAPBACKED,
  FRAME_ZERO,
  type HostMm,
  PAGE_DIRTY,
  PAGE_PRESENT_ANY,
  PAGE_PSE,
  PAGE_RW,
  SOFTLEAF_SWAP,
  VM_WRITE,
  type Vma,
} from '@faultline/mm-types'
import { mkPteLo, pmdNumber, pteHi, ptePfn } from '@faultline/pagetable-core'
import { swpOffset } from '@faultline/swap-entry'

/**
 * Merges the table over `vpn` into a new huge page, writable as the vma is. A policy that lets an armed pte through loses its bit.
 *
 * @returns false when no huge page was to be had
 */
export function collapseAnon(mm: HostMm, vma: Vma, vpn: number, table: number): boolean {
  const { tables, frames, counters } = mm.machine
  const huge = frames.alloc(9)
  if (huge === 0) return false
  if (vma.anonVma === null) mm.prepareAnonVma(vma)
  const los = tables.lo(table)
  const his = tables.hi(table)
  const base = tables.base(table)
  for (let i = 0; i < 512; i++) {
    const lo = los[base + i]
    const hi = his[base + i]
    frames.setFlags(huge + i, FRAME_ANON | FRAME_EXCLUSIVE | FRAME_SWAPBACKED)
    frames.setField(huge + i, FRAME_MAPPING, (vma.anonVma as AnonVma).id)
    frames.setField(huge + i, FRAME_INDEX, vma.pgoff + (vpn + i - vma.start))
    if (lo & PAGE_PRESENT_ANY) {
      const pfn = ptePfn(lo, hi)
      if (frames.flags(pfn) & FRAME_ZERO) continue
      frames.setStamp(huge + i, frames.stamp(pfn))
      frames.setField(pfn, FRAME_MAP, frames.field(pfn, FRAME_MAP) - 1)
      frames.put(pfn)
      counters.pagesCopied++
    } else if (lo !== 0 && mm.classify(lo, hi) === SOFTLEAF_SWAP) takeFromSwap(mm, huge + i, swpOffset(lo, hi))
  }
  tables.forget(mm.pgd, vpn)
  tables.free(table)
  // The table that was freed is deposited under the huge leaf: VmPTE stays.
  mm.deposit(1, true)
  mm.setHugeLeaf(vpn, mkPteLo(huge, PAGE_PSE | (vma.flags & VM_WRITE ? PAGE_RW | PAGE_DIRTY : 0), vma.flags), pteHi(huge, vma.flags))
  frames.setField(huge, FRAME_ENTIRE, 1)
  counters.ptes += 512
  mm.flushChanged(pmdNumber(vpn) * 512, 512, 512)
  return true
}

/** Brings a swapped page into its place in the huge page. */
function takeFromSwap(mm: HostMm, pfn: number, slot: number): void {
  const { frames, swap, counters } = mm.machine
  frames.setStamp(pfn, swap.cached(slot) !== 0 ? frames.stamp(swap.cached(slot)) : swap.stamp(slot))
  counters.swapIns++
  swap.free(slot)
  const cached = swap.cached(slot)
  if (cached !== 0 && swap.count(slot) === 0) {
    frames.setField(cached, FRAME_SLOT, 0)
    swap.setCached(slot, 0)
    frames.put(cached)
  }
}
