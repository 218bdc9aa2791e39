/**
 * Reclaim: pages to swap, file pages out of tables, by advice or by pressure.
 *
 * @source v6.18 mm/madvise.c madvise_cold_or_pageout_pte_range(); mm/vmscan.c shrink_folio_list(); mm/rmap.c try_to_unmap_one()
 * @fidelity simplified madvise_cold_or_pageout_pte_range(): a huge leaf that may go is split, and its pages go one by one
 * @fidelity simplified shrink_folio_list(): no LRU, no references, no writeback; mlocked pages are not spared
 * @module
 */
import {
  type FileBackend,
  FRAME_ANON,
  FRAME_MAP,
  FRAME_SWAPBACKED,
  FRAME_ZERO,
  type Inode,
  PAGE_DIRTY,
  PAGE_PRESENT_ANY,
} from '@faultline/mm-types'
import { pmdNumber, ptePfn } from '@faultline/pagetable-core'
import { hugePmdLo } from './huge.ts'
import type { AddressSpace } from './objects.ts'
import { splitFolio } from './split-folio.ts'
import { filePage, type VmArea } from './vma.ts'
import { ZAP_PLAIN, zapRange } from './zap.ts'

/**
 * Reclaims the pages of [start, end) of a vma that can go.
 *
 * @param pressure true for memory pressure, which takes pages that several address spaces map; MADV_PAGEOUT does not
 * @returns pages reclaimed
 */
export function reclaimPages(mm: AddressSpace, vma: VmArea, start: number, end: number, pressure: boolean): number {
  if (vma.backend === 'hugetlb') return 0
  let reclaimed = 0
  for (let vpn = start; vpn < end; vpn++) {
    const huge = hugePmdLo(mm, vpn)
    if (huge !== 0) {
      if (!mayReclaimHuge(mm, vpn, pressure)) {
        vpn = vpn - (vpn & 511) + 511
        continue
      }
      // Without room in swap for a huge page, its folio is split first. @source v6.18 mm/vmscan.c shrink_folio_list()
      splitFolio(mm, vma, vpn)
    }
    const tables = mm.machine.tables
    const table = tables.pteTable(mm.pgd, vpn)
    if (table === 0) {
      vpn = tables.nextPmd(mm.pgd, vpn - (vpn & 511) + 512, end) - 1
      continue
    }
    const at = tables.base(table) + (vpn & 511)
    const lo = tables.lo(table)[at]
    if (lo & PAGE_PRESENT_ANY && reclaimPage(mm, vma, vpn, ptePfn(lo, tables.hi(table)[at]), pressure)) reclaimed++
  }
  return reclaimed
}

/** The huge zero page stays, and one that several map by MADV_PAGEOUT. @source madvise_cold_or_pageout_pte_range() */
function mayReclaimHuge(mm: AddressSpace, vpn: number, pressure: boolean): boolean {
  const { tables, frames } = mm.machine
  const pmd = tables.pmdTable(mm.pgd, vpn)
  const at = tables.base(pmd) + (pmdNumber(vpn) & 511)
  const pfn = ptePfn(tables.lo(pmd)[at], tables.hi(pmd)[at])
  return (frames.flags(pfn) & FRAME_ZERO) === 0 && (pressure || frames.mapcount(pfn) === 1)
}

function reclaimPage(mm: AddressSpace, vma: VmArea, vpn: number, pfn: number, pressure: boolean): boolean {
  const frames = mm.machine.frames
  const flags = frames.flags(pfn)
  if (flags & FRAME_ZERO) return false
  if (!pressure && frames.mapcount(pfn) !== 1) return false
  return flags & FRAME_ANON ? swapOut(mm, pfn) : dropFilePage(mm, vma, vpn, pressure)
}

/** Writes an anonymous page to swap and replaces all its mappings; a clean lazyfree page is dropped instead. */
function swapOut(mm: AddressSpace, pfn: number): boolean {
  const { frames, swap, counters } = mm.machine
  const mappings = mm.kernel.anonMappings(pfn)
  const lazy = (frames.flags(pfn) & FRAME_SWAPBACKED) === 0
  const slot = lazy ? 0 : swap.alloc(frames.stamp(pfn))
  if (!lazy && slot === 0) return false
  frames.get(pfn)
  for (const { vma, vpn } of mappings) {
    const owner = vma.mm as AddressSpace
    const tables = owner.machine.tables
    const table = tables.pteTable(owner.pgd, vpn)
    if (table === 0) continue
    const index = vpn & 511
    const at = tables.base(table) + index
    const lo = tables.lo(table)[at]
    const hi = tables.hi(table)[at]
    if ((lo & PAGE_PRESENT_ANY) === 0 || ptePfn(lo, hi) !== pfn) continue
    if (lazy) {
      if ((lo & PAGE_DIRTY) === 0) zapRange(owner, vma, vpn, vpn + 1, ZAP_PLAIN)
      else frames.setFlags(pfn, FRAME_SWAPBACKED)
      continue
    }
    const fault = owner.kernel.fault
    Object.assign(fault, { mm: owner, vma, vpn, table, index, lo, hi })
    owner.kernel.backends.anon.swapOutEntry(fault, slot)
  }
  const gone = frames.field(pfn, FRAME_MAP) === 0
  frames.put(pfn)
  if (slot !== 0) swap.free(slot)
  if (gone && !lazy) counters.swapOuts++
  return gone
}

/** Unmaps a page of a file (armed entries leave markers) and lets the file reclaim it. */
function dropFilePage(mm: AddressSpace, vma: VmArea, vpn: number, pressure: boolean): boolean {
  const inode = vma.file as Inode
  const pgoff = filePage(vma, vpn)
  if (pressure) mm.unmapFile(inode, pgoff, pgoff + 1)
  else zapRange(mm, vma, vpn, vpn + 1, ZAP_PLAIN)
  return (mm.kernel.backends[vma.backend] as FileBackend).reclaimPage(mm.machine, inode, pgoff)
}
