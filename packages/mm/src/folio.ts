/**
 * Large folios as a whole: who maps them, and how much of one a range maps.
 *
 * @source v6.18 include/linux/mm.h folio_maybe_mapped_shared(); mm/internal.h folio_pte_batch()
 * @fidelity simplified folio_maybe_mapped_shared(): counts the address spaces, where Linux follows two of them and may take what a third maps alone for shared
 * @module
 */
import {
  FRAME_ANON,
  FRAME_ENTIRE,
  FRAME_INDEX,
  FRAME_MAP,
  PAGE_ACCESSED,
  PAGE_DIRTY,
  PAGE_PRESENT_ANY,
  PAGE_RW,
  PAGE_SOFT_DIRTY,
} from '@faultline/mm-types'
import { ptePfn } from '@faultline/pagetable-core'
import { hugePmdLo, hugePmdPfn } from './huge.ts'
import type { AddressSpace, Kernel } from './objects.ts'
import type { VmArea } from './vma.ts'

/** Bits in which the entries of one batch may differ. */
const BATCH_IGNORES = PAGE_ACCESSED | PAGE_DIRTY | PAGE_SOFT_DIRTY | PAGE_RW

/** Frame that a page is mapped to by a pte, or 0. */
export function presentPfn(mm: AddressSpace, vpn: number): number {
  const tables = mm.machine.tables
  const table = tables.pteTable(mm.pgd, vpn)
  if (table === 0) return 0
  const at = tables.base(table) + (vpn & 511)
  return tables.lo(table)[at] & PAGE_PRESENT_ANY ? ptePfn(tables.lo(table)[at], tables.hi(table)[at]) : 0
}

/** Mappings of all pages of a folio together. @source v6.18 include/linux/mm.h folio_mapcount() */
export function folioMapcount(kernel: Kernel, head: number): number {
  const { frames } = kernel.machine
  const pages = 2 ** frames.order(head)
  let count = frames.field(head, FRAME_ENTIRE)
  for (let i = 0; i < pages; i++) count += frames.field(head + i, FRAME_MAP)
  return count
}

/** As `Kernel.anonMappings`, for pages of a file too. @source v6.18 mm/rmap.c rmap_walk() */
export function mappingsOf(kernel: Kernel, head: number, pages: number): readonly { vma: VmArea; vpn: number }[] {
  const { frames } = kernel.machine
  if (frames.flags(head) & FRAME_ANON) return kernel.anonMappings(head, pages)
  const index = frames.field(head, FRAME_INDEX)
  const found: { vma: VmArea; vpn: number }[] = []
  for (const vma of kernel.inodeOf(head)?.vmas ?? []) {
    const vpn = vma.start + index - vma.pgoff
    if (vpn + pages > vma.start && vpn < vma.end) found.push({ vma: vma as VmArea, vpn })
  }
  return found
}

/** True when more than one address space maps pages of a folio. */
export function isMappedShared(kernel: Kernel, head: number): boolean {
  const { frames } = kernel.machine
  if (frames.order(head) === 0) return frames.field(head, FRAME_MAP) > 1
  if (folioMapcount(kernel, head) <= 1) return false
  let owner: AddressSpace | undefined
  const pages = 2 ** frames.order(head)
  for (const { vma, vpn } of mappingsOf(kernel, head, pages)) {
    const mm = vma.mm as AddressSpace
    if (mm === owner || !mapsFolio(vma, vpn, head, pages)) continue
    if (owner !== undefined) return true
    owner = mm
  }
  return false
}

/** Whether a vma maps a page of a folio; `first` is where the folio begins, perhaps before the vma. */
export function mapsFolio(vma: VmArea, first: number, head: number, pages: number): boolean {
  const mm = vma.mm as AddressSpace
  const end = Math.min(vma.end, first + pages)
  for (let vpn = Math.max(vma.start, first); vpn < end; vpn++) {
    if (hugePmdLo(mm, vpn) === 0) {
      if (presentPfn(mm, vpn) === head + (vpn - first)) return true
    } else if (hugePmdPfn(mm, vpn) === head) return true
  }
  return false
}

/** Pages from `vpn` on, before `end`, that successive entries alike in their bits map from one folio. */
export function folioBatch(mm: AddressSpace, vpn: number, end: number): number {
  const { tables, frames } = mm.machine
  const table = tables.pteTable(mm.pgd, vpn)
  const los = tables.lo(table)
  const his = tables.hi(table)
  const at = tables.base(table) + (vpn & 511)
  const pfn = ptePfn(los[at], his[at])
  const head = frames.head(pfn)
  const most = Math.min(end - vpn, 512 - (vpn & 511), head + 2 ** frames.order(head) - pfn)
  let nr = 1
  while (nr < most && ptePfn(los[at + nr], his[at + nr]) === pfn + nr && alike(los[at + nr], los[at])) nr++
  return nr
}

function alike(a: number, b: number): boolean {
  return ((a ^ b) & 0xfff & ~BATCH_IGNORES) === 0
}
