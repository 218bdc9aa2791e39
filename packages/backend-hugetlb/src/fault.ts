/**
 * Faults on huge leaves of hugetlb mappings.
 * @module
 */
import {
  type AnonVma,
  FAULT_DONE,
  FAULT_MINOR,
  FAULT_MISSING,
  FAULT_SIGBUS,
  type Fault,
  FRAME_ANON,
  FRAME_ENTIRE,
  FRAME_EXCLUSIVE,
  FRAME_HUGETLB,
  FRAME_INDEX,
  FRAME_MAPPING,
  type Inode,
  PAGE_DIRTY,
  PAGE_PSE,
  PAGE_RW,
  PAGE_UFFD_WP,
  VM_SHARED,
  VM_UFFD_MINOR,
  VM_UFFD_MISSING,
  VM_WRITE,
} from '@faultline/mm-types'
import { DIRTY_BY_SOFTWARE, leafPages, pteHi, pteLo, ptePfn } from '@faultline/pagetable-core'
import { addHugePage, findHugePage } from './page-cache.ts'
import type { HugePool } from './pool.ts'

/**
 * Serves a none leaf, or one that is a marker: from the cache, or by a new page.
 *
 * @returns FAULT_DONE, FAULT_MISSING, FAULT_MINOR, FAULT_SIGBUS (beyond the file, or the pool is empty)
 * @source v6.18 mm/hugetlb.c hugetlb_no_page()
 */
export function faultHugetlb(fault: Fault, pool: HugePool): number {
  const { vma, mm } = fault
  const machine = mm.machine
  const inode = vma.file as Inode
  const pgoff = hugeOffset(fault)
  if (pgoff >= inode.size) return FAULT_SIGBUS
  const shared = (vma.flags & VM_SHARED) !== 0
  let page = findHugePage(inode, pgoff)
  let anon = false
  if (page === 0) {
    if (vma.flags & VM_UFFD_MISSING) return FAULT_MISSING
    page = shared ? addHugePage(machine, inode, pgoff, 0, pool) : pool.take(machine, inode, pgoff, vma)
    if (page === 0) return FAULT_SIGBUS
    anon = !shared
    if (anon) markAnon(fault, page)
  } else if (vma.flags & VM_UFFD_MINOR) return FAULT_MINOR
  if (!anon) machine.frames.get(page)
  machine.frames.setField(page, FRAME_ENTIRE, machine.frames.field(page, FRAME_ENTIRE) + 1)
  const writable = shared && vma.flags & VM_WRITE
  let flags = PAGE_PSE | (writable ? PAGE_RW | PAGE_DIRTY : 0)
  if (fault.armed) flags = (flags & ~PAGE_RW) | PAGE_UFFD_WP
  fault.lo = pteLo(page, flags)
  fault.hi = pteHi(page, vma.flags)
  machine.tables.set(fault.table, fault.index, fault.lo, fault.hi)
  return fault.write && !shared ? copyOnWriteHugetlb(fault, pool) : FAULT_DONE
}

/**
 * A write to, or an unsharing of, a read-only private huge page.
 *
 * An armed page is never copied: the bit must be resolved first.
 * @source v6.18 mm/hugetlb.c hugetlb_wp()
 * @fidelity simplified: a writer that finds the pool empty gets SIGBUS; no page is taken from a child
 */
export function copyOnWriteHugetlb(fault: Fault, pool: HugePool): number {
  const { vma, mm, lo, hi } = fault
  const { frames, tables, counters } = mm.machine
  if (!fault.unshare && lo & PAGE_UFFD_WP) return FAULT_DONE
  const old = ptePfn(lo, hi)
  if (frames.flags(old) & FRAME_ANON && frames.field(old, FRAME_ENTIRE) === 1) {
    frames.setFlags(old, FRAME_EXCLUSIVE)
    if (!fault.unshare) tables.set(fault.table, fault.index, lo | PAGE_RW | DIRTY_BY_SOFTWARE, hi)
    return FAULT_DONE
  }
  const fresh = pool.take(mm.machine, vma.file as Inode, hugeOffset(fault), vma)
  if (fresh === 0) return FAULT_SIGBUS
  const pages = leafPages(vma.pageShift)
  for (let i = 0; i < pages; i++) frames.setStamp(fresh + i, frames.stamp(old + i))
  counters.pagesCopied += pages
  counters.faultsCow++
  markAnon(fault, fresh)
  frames.setField(fresh, FRAME_ENTIRE, 1)
  const flags = PAGE_PSE | (fault.unshare ? 0 : PAGE_RW | PAGE_DIRTY) | (lo & PAGE_UFFD_WP)
  tables.set(fault.table, fault.index, pteLo(fresh, flags), pteHi(fresh, vma.flags))
  frames.setField(old, FRAME_ENTIRE, frames.field(old, FRAME_ENTIRE) - 1)
  frames.put(old)
  mm.flush(fault.vpn - (fault.vpn % pages), pages)
  return FAULT_DONE
}

function markAnon(fault: Fault, pfn: number): void {
  const { vma, mm } = fault
  if (vma.anonVma === null) mm.prepareAnonVma(vma)
  const frames = mm.machine.frames
  frames.setFlags(pfn, FRAME_ANON | FRAME_EXCLUSIVE | FRAME_HUGETLB)
  frames.setField(pfn, FRAME_MAPPING, (vma.anonVma as AnonVma).id)
  frames.setField(pfn, FRAME_INDEX, hugeOffset(fault))
}

function hugeOffset(fault: Fault): number {
  const { vma } = fault
  return Math.floor((vma.pgoff + (fault.vpn - vma.start)) / leafPages(vma.pageShift))
}
