/**
 * Reclaim: pages to swap, file pages out of tables, by advice or by pressure.
 *
 * @source v6.18 mm/madvise.c madvise_cold_or_pageout_pte_range(); mm/vmscan.c shrink_folio_list(); mm/rmap.c try_to_unmap_one()
 * @fidelity simplified shrink_folio_list(): no LRU, no references, no writeback; what a second try would take goes at the first
 * @fidelity simplified shrink_folio_list(): a huge page is always split before it goes, as for a swap file; a swap partition takes it whole
 * @module
 */
import {
  FRAME_ANON,
  FRAME_CACHE,
  FRAME_DIRTY,
  FRAME_INDEX,
  FRAME_MAP,
  FRAME_MLOCKED,
  FRAME_SWAPBACKED,
  FRAME_ZERO,
  PAGE_DIRTY,
  VM_LOCKED,
} from '@faultline/mm-types'
import { leafSpanEnd } from '@faultline/pagetable-core'
import { folioBatch, folioMapcount, isMappedShared, mappingsOf, mapsFolio, presentPfn } from './folio.ts'
import { HUGE_PAGES, hugePmdLo, hugePmdPfn, splitHugePmd } from './huge.ts'
import type { AddressSpace, Kernel } from './objects.ts'
import { splitCacheFolio } from './split-cache.ts'
import { splitFolio } from './split-folio.ts'
import { unmapMapping } from './unmap-mapping.ts'
import type { VmArea } from './vma.ts'
import { ZAP_MAPPINGS, ZAP_PLAIN, zapRange } from './zap.ts'

/**
 * Reclaims the pages of [start, end) of a vma that can go.
 *
 * @param pressure true for memory pressure, which takes pages that several address spaces map; MADV_PAGEOUT does not
 * @returns pages reclaimed
 */
export function reclaimPages(mm: AddressSpace, vma: VmArea, start: number, end: number, pressure: boolean): number {
  if (vma.backend === 'hugetlb' || vma.flags & VM_LOCKED) return 0
  let reclaimed = 0
  forEachFolio(mm, vma, start, end, pressure, (vpn, pages) => {
    const run = pages === 1 ? swapOutRun(mm, vpn, end) : 0
    if (run !== 0) {
      reclaimed += run
      return run
    }
    const huge = hugePmdLo(mm, vpn) !== 0
    const pfn = huge ? hugePmdPfn(mm, vpn) : presentPfn(mm, vpn)
    if (mm.machine.frames.flags(pfn) & FRAME_CACHE) reclaimed += reclaimFileFolio(mm.kernel, pfn, huge || pressure ? 0 : pages)
    else if (pages > 1 && dropLazyHuge(mm, vma, vpn)) reclaimed += pages
    else for (let page = vpn; page < vpn + pages; page++) if (reclaimAt(mm, page, pressure)) reclaimed++
    return pages
  })
  return reclaimed
}

/** MADV_COLD. Nothing ages here, but a huge page of which only a part is cold is split. */
export function coolPages(mm: AddressSpace, vma: VmArea, start: number, end: number): void {
  forEachFolio(mm, vma, start, end, false, (_, pages) => pages)
}

/**
 * Visits what is mapped in [start, end). A huge page that is not wholly in it is split before, unless somebody else maps it.
 *
 * @param visit told the first page and the number of pages of each folio; answers how many pages from there on it has dealt with
 * @source v6.18 mm/madvise.c madvise_cold_or_pageout_pte_range()
 */
function forEachFolio(
  mm: AddressSpace,
  vma: VmArea,
  start: number,
  end: number,
  takesShared: boolean,
  visit: (vpn: number, pages: number) => number,
): void {
  const { tables, frames } = mm.machine
  for (let vpn = start; vpn < end; ) {
    if (hugePmdLo(mm, vpn) !== 0) {
      const next = leafSpanEnd(vpn, end, 12)
      if (mayVisitHuge(mm, vma, vpn, next, takesShared)) visit(vpn, next - vpn)
      vpn = next
      continue
    }
    const pfn = presentPfn(mm, vpn)
    if (pfn === 0) {
      vpn = tables.pteTable(mm.pgd, vpn) === 0 ? tables.nextPmd(mm.pgd, vpn - (vpn & 511) + 512, end) : vpn + 1
      continue
    }
    let pages = 1
    if (frames.order(pfn) !== 0 && (frames.flags(pfn) & FRAME_ZERO) === 0) {
      pages = folioBatch(mm, vpn, end)
      if (isMappedShared(mm.kernel, frames.head(pfn)) && !takesShared) {
        vpn += pages
        continue
      }
      if (pages < 2 ** frames.order(pfn)) {
        splitFolio(mm.kernel, pfn)
        continue
      }
    }
    vpn += visit(vpn, pages)
  }
}

/** The huge zero page stays, and one that several map. A part of a huge page can only be visited when it is split. */
function mayVisitHuge(mm: AddressSpace, vma: VmArea, vpn: number, end: number, takesShared: boolean): boolean {
  const { frames } = mm.machine
  const pfn = hugePmdPfn(mm, vpn)
  if (frames.flags(pfn) & FRAME_ZERO) return false
  if (!takesShared && isMappedShared(mm.kernel, pfn)) return false
  // One of a file is unmapped by the split: nothing is left to visit.
  return end - vpn === HUGE_PAGES || (splitFolio(mm.kernel, pfn) && vma.file === null)
}

/** Reclaims one page. A swap file has no room for a huge page in one piece: its folio is split first. */
function reclaimAt(mm: AddressSpace, vpn: number, pressure: boolean): boolean {
  const { frames } = mm.machine
  if (hugePmdLo(mm, vpn) !== 0) {
    splitFolio(mm.kernel, hugePmdPfn(mm, vpn))
  }
  let pfn = presentPfn(mm, vpn)
  if (pfn === 0) return false
  if (frames.order(pfn) !== 0 && (frames.flags(pfn) & FRAME_ZERO) === 0) {
    splitFolio(mm.kernel, pfn)
    pfn = presentPfn(mm, vpn)
  }
  return reclaimPage(mm, pfn, pressure)
}

/** A huge page that is clean and lazily free is dropped without its folio being split; its table of ptes stays. @source v6.18 mm/rmap.c try_to_unmap_one() */
function dropLazyHuge(mm: AddressSpace, vma: VmArea, vpn: number): boolean {
  const { frames } = mm.machine
  const huge = hugePmdLo(mm, vpn)
  const head = huge !== 0 ? hugePmdPfn(mm, vpn) : presentPfn(mm, vpn)
  if ((frames.flags(head) & FRAME_ANON) === 0 || frames.flags(head) & FRAME_SWAPBACKED) return false
  if (frames.flags(head) & FRAME_DIRTY || isMappedShared(mm.kernel, head) || isWritten(mm, vpn, huge)) {
    frames.setFlags(head, FRAME_SWAPBACKED)
    return false
  }
  if (huge !== 0) splitHugePmd(mm, vma, vpn)
  zapRange(mm, vma, vpn, vpn + HUGE_PAGES, ZAP_PLAIN)
  return true
}

/** Whether any of the 512 pages from `vpn` on was written through its entry. */
function isWritten(mm: AddressSpace, vpn: number, huge: number): boolean {
  if (huge !== 0) return (huge & PAGE_DIRTY) !== 0
  for (let page = vpn; page < vpn + HUGE_PAGES; page++) if (entryLo(mm, page) & PAGE_DIRTY) return true
  return false
}

function entryLo(mm: AddressSpace, vpn: number): number {
  const { tables } = mm.machine
  const table = tables.pteTable(mm.pgd, vpn)
  return tables.lo(table)[tables.base(table) + (vpn & 511)]
}

function reclaimPage(mm: AddressSpace, pfn: number, pressure: boolean): boolean {
  const frames = mm.machine.frames
  const flags = frames.flags(pfn)
  if (flags & (FRAME_ZERO | FRAME_MLOCKED)) return false
  if (!pressure && frames.mapcount(pfn) !== 1) return false
  return (flags & FRAME_ANON) !== 0 && swapOut(mm, pfn)
}

/** Swaps pages from `vpn` on of which none needs a look at its reverse mapping: each is mapped here and nowhere else. @returns how many */
function swapOutRun(mm: AddressSpace, vpn: number, end: number): number {
  const { tables, counters } = mm.machine
  const table = tables.pteTable(mm.pgd, vpn)
  const index = vpn & 511
  const done = mm.backends.anon.swapOutRun?.(mm.machine, table, index, Math.min(512, index + (end - vpn))) ?? 0
  if (done === 0) return 0
  counters.swapOuts += done
  mm.kernel.flushEach(mm, vpn, done)
  return done
}

/** Writes an anonymous page to swap and replaces all its mappings; a clean lazyfree page is dropped instead. */
function swapOut(mm: AddressSpace, pfn: number): boolean {
  const { frames, swap, counters } = mm.machine
  const mappings = mm.kernel.anonMappings(pfn).filter(({ vma, vpn }) => presentPfn(vma.mm as AddressSpace, vpn) === pfn)
  if (mappings.some(({ vma }) => vma.flags & VM_LOCKED)) return false
  if ((frames.flags(pfn) & FRAME_SWAPBACKED) === 0 && dropLazy(mm, pfn, mappings)) return true
  const slot = swap.alloc(frames.stamp(pfn))
  if (slot === 0) return false
  frames.get(pfn)
  for (const { vma, vpn } of mappings) {
    const owner = vma.mm as AddressSpace
    const tables = owner.machine.tables
    const table = tables.pteTable(owner.pgd, vpn)
    const index = vpn & 511
    const at = tables.base(table) + index
    const fault = owner.kernel.fault
    fault.mm = owner
    fault.vma = vma
    fault.vpn = vpn
    fault.table = table
    fault.index = index
    fault.lo = tables.lo(table)[at]
    fault.hi = tables.hi(table)[at]
    owner.kernel.backends.anon.swapOutEntry(fault, slot)
  }
  const gone = frames.field(pfn, FRAME_MAP) === 0
  frames.put(pfn)
  swap.free(slot)
  if (gone) counters.swapOuts++
  return gone
}

/** A lazily free page goes without a trace; one that was written since is a page like any other again, for the next try to swap. */
function dropLazy(mm: AddressSpace, pfn: number, mappings: readonly { vma: VmArea; vpn: number }[]): boolean {
  const { frames } = mm.machine
  const written = mappings.some(({ vma, vpn }) => entryLo(vma.mm as AddressSpace, vpn) & PAGE_DIRTY)
  if (written || frames.flags(pfn) & FRAME_DIRTY) {
    frames.setFlags(pfn, FRAME_SWAPBACKED)
    return false
  }
  for (const { vma, vpn } of mappings) zapRange(vma.mm as AddressSpace, vma, vpn, vpn + 1, ZAP_PLAIN)
  return true
}

/**
 * Unmaps a folio of a file (armed entries leave markers) and lets the file reclaim its pages. A swap file has no room for a
 * large one in one piece: it is split.
 *
 * @param mappings with any other number of them it stays; 0 for however many
 * @returns pages reclaimed
 * @source v6.18 mm/shmem.c shmem_writeout()
 */
function reclaimFileFolio(kernel: Kernel, pfn: number, mappings: number): number {
  const { frames } = kernel.machine
  const head = frames.head(pfn)
  const length = 2 ** frames.order(head)
  const inode = kernel.inodeOf(head)
  if (inode === undefined || inode.backend !== 'shmem') return 0
  if (frames.flags(head) & FRAME_MLOCKED || (mappings !== 0 && folioMapcount(kernel, head) !== mappings)) return 0
  const places = mappingsOf(kernel, head, length)
  if (places.some(({ vma, vpn }) => vma.flags & VM_LOCKED && mapsFolio(vma, vpn, head, length))) return 0
  const first = frames.field(head, FRAME_INDEX)
  unmapMapping(inode, first, first + length, ZAP_MAPPINGS)
  if (length > 1) splitCacheFolio(kernel, inode, head, true)
  let reclaimed = 0
  for (let page = first; page < first + length; page++) if (kernel.backends.shmem.reclaimPage(kernel.machine, inode, page)) reclaimed++
  return reclaimed
}
