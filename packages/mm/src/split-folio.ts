/**
 * Splitting a transparent huge page itself, not only its mapping: its pages become small ones, and those that hold nothing
 * but zeroes become the zero page.
 *
 * @source v6.18 mm/huge_memory.c split_folio(), __folio_split(), remap_page(); mm/migrate.c try_to_map_unused_to_zeropage()
 * @fidelity simplified: a page holds nothing but zeroes when its stamp is 0
 * @module
 */
import {
  FRAME_ANON,
  FRAME_DIRTY,
  FRAME_MAP,
  FRAME_REF,
  FRAME_ZERO,
  PAGE_DIRTY,
  PAGE_SOFT_DIRTY,
  PAGE_SPECIAL,
  PAGE_UFFD_WP,
  VM_LOCKED,
} from '@faultline/mm-types'
import { mkPteLo, pteHi, ZERO_PFN } from '@faultline/pagetable-core'
import { folioMapcount, presentPfn } from './folio.ts'
import { HUGE_PAGES, hugePmdLo, hugePmdPfn, splitHugePmd } from './huge.ts'
import type { AddressSpace, Kernel } from './objects.ts'
import { splitCacheFolio } from './split-cache.ts'
import type { VmArea } from './vma.ts'

/**
 * Splits the large folio that a frame belongs to, wherever it is mapped; one of a file is unmapped by that.
 *
 * @returns false when there is none, or when somebody beside its mappings holds it
 */
export function splitFolio(kernel: Kernel, pfn: number): boolean {
  const { frames } = kernel.machine
  const head = frames.head(pfn)
  if (frames.order(head) === 0 || frames.flags(head) & FRAME_ZERO) return false
  if ((frames.flags(head) & FRAME_ANON) === 0) return splitFileFolio(kernel, head)
  const places = kernel.anonMappings(head, HUGE_PAGES)
  for (const { vma, vpn } of places) {
    const mm = vma.mm as AddressSpace
    if (vpn >= vma.start && hugePmdLo(mm, vpn) !== 0 && hugePmdPfn(mm, vpn) === head) splitHugePmd(mm, vma, vpn, true)
  }
  if (folioMapcount(kernel, head) !== frames.field(head, FRAME_REF)) return false
  const { splitMapsZeroPage, splitKeepsDirty } = kernel.design.calls
  const mapsZeroPage = splitMapsZeroPage && !kernel.design.forbidsZeropage
  const used = places.map(({ vma, vpn }) => ({ vma, vpn, pages: pagesHere(vma, vpn, head) }))
  if (used.some(({ vma, vpn, pages }) => pages.some((i) => isDirty(vma, vpn + i)))) frames.setFlags(head, FRAME_DIRTY)
  if (!splitKeepsDirty)
    for (const { vma, vpn, pages } of used) for (const i of pages) if (isDirty(vma, vpn + i)) markSoftDirty(vma, vpn + i)
  frames.split(head)
  for (const { vma, vpn, pages } of used) {
    for (const i of pages) if (mapsZeroPage && frames.stamp(head + i) === 0) mapUnusedToZeroPage(vma, vpn + i, head + i)
    ;(vma.mm as AddressSpace).flush(vpn, HUGE_PAGES)
  }
  return true
}

/** What is mapped again as dirty is soft-dirty by that, before `splitKeepsDirty`. @source v6.1 mm/migrate.c remove_migration_pte() */
function markSoftDirty(vma: VmArea, vpn: number): void {
  const mm = vma.mm as AddressSpace
  const { tables } = mm.machine
  const table = tables.pteTable(mm.pgd, vpn)
  tables.lo(table)[tables.base(table) + (vpn & 511)] |= PAGE_SOFT_DIRTY
}

function splitFileFolio(kernel: Kernel, head: number): boolean {
  const inode = kernel.inodeOf(head)
  if (inode === undefined || inode.backend !== 'shmem') return false
  splitCacheFolio(kernel, inode, head, true)
  return true
}

/** The pages of a folio that a vma maps, by number; `first` is where page 0 would be. */
function pagesHere(vma: VmArea, first: number, head: number): number[] {
  const pages: number[] = []
  for (let i = Math.max(0, vma.start - first); i < HUGE_PAGES && first + i < vma.end; i++) {
    if (presentPfn(vma.mm as AddressSpace, first + i) === head + i) pages.push(i)
  }
  return pages
}

/** What unmapping it for the split tells the folio. @source v6.18 mm/rmap.c try_to_migrate_one() */
function isDirty(vma: VmArea, vpn: number): boolean {
  const { tables } = (vma.mm as AddressSpace).machine
  const table = tables.pteTable(vma.mm.pgd, vpn)
  return (tables.lo(table)[tables.base(table) + (vpn & 511)] & PAGE_DIRTY) !== 0
}

/** Protection stays. Locked memory keeps its page. */
function mapUnusedToZeroPage(vma: VmArea, vpn: number, pfn: number): void {
  if (vma.flags & VM_LOCKED) return
  const mm = vma.mm as AddressSpace
  const { tables, frames } = mm.machine
  const table = tables.pteTable(mm.pgd, vpn)
  const index = vpn & 511
  const kept = tables.lo(table)[tables.base(table) + index] & (PAGE_UFFD_WP | PAGE_SOFT_DIRTY)
  tables.set(table, index, mkPteLo(ZERO_PFN, PAGE_SPECIAL | kept, vma.flags), pteHi(ZERO_PFN, vma.flags))
  frames.setField(pfn, FRAME_MAP, frames.field(pfn, FRAME_MAP) - 1)
  frames.put(pfn)
}
