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
  FRAME_INDEX,
  FRAME_MAPPING,
  type Inode,
  PAGE_DIRTY,
  PAGE_PRESENT_ANY,
  PAGE_PSE,
  PAGE_RW,
  PAGE_UFFD_WP,
  VM_SHARED,
  VM_UFFD_MINOR,
  VM_UFFD_MISSING,
  VM_WRITE,
  type Vma,
} from '@faultline/mm-types'
import { DIRTY_BY_SOFTWARE, leafIndex, leafPages, leafTable, pteHi, pteLo, ptePfn } from '@faultline/pagetable-core'
import { addHugePage, findHugePage } from './page-cache.ts'
import { filePageOf, type HugePool } from './pool.ts'

/**
 * Serves a none leaf, or one that is a marker: from the cache, or by a new page.
 *
 * @returns FAULT_DONE, FAULT_MISSING, FAULT_MINOR, FAULT_SIGBUS (beyond the file, the pool is empty, or a page was taken away)
 * @source v6.18 mm/hugetlb.c hugetlb_no_page()
 */
export function faultHugetlb(fault: Fault, pool: HugePool): number {
  const { vma, mm } = fault
  const machine = mm.machine
  const inode = vma.file as Inode
  const pgoff = filePageOf(vma, fault.vpn)
  if (vma.robbed || pgoff >= inode.size) return FAULT_SIGBUS
  const shared = (vma.flags & VM_SHARED) !== 0
  let page = findHugePage(inode, pgoff)
  if (page === 0) {
    if (vma.flags & VM_UFFD_MISSING) return FAULT_MISSING
    page = shared ? addHugePage(machine, inode, pgoff, 0, pool) : newPrivatePage(vma, fault.vpn, pool, false)
    if (page === 0) return FAULT_SIGBUS
    if (shared) mapCached(fault, page)
  } else {
    if (vma.flags & VM_UFFD_MINOR) return FAULT_MINOR
    mapCached(fault, page)
  }
  const writable = shared && vma.flags & VM_WRITE
  let flags = PAGE_PSE | (writable ? PAGE_RW | PAGE_DIRTY : 0)
  if (fault.armed) flags = (flags & ~PAGE_RW) | PAGE_UFFD_WP
  fault.lo = pteLo(page, flags)
  fault.hi = pteHi(page, vma.flags)
  machine.tables.set(fault.table, fault.index, fault.lo, fault.hi)
  return fault.write && !shared ? copyOnWriteHugetlb(fault, pool) : FAULT_DONE
}

function mapCached(fault: Fault, page: number): void {
  const frames = fault.mm.machine.frames
  frames.get(page)
  frames.setField(page, FRAME_ENTIRE, frames.field(page, FRAME_ENTIRE) + 1)
}

/**
 * A write to, or an unsharing of, a read-only private huge page.
 *
 * An armed page is never copied: the bit must be resolved first. Who made the reservation gets a page even when there is none
 * left: the one that it shares with its children, who lose it.
 * @source v6.18 mm/hugetlb.c hugetlb_wp()
 */
export function copyOnWriteHugetlb(fault: Fault, pool: HugePool): number {
  const { vma, mm, lo, hi } = fault
  const { frames, tables, counters } = mm.machine
  if (!fault.unshare && lo & PAGE_UFFD_WP) return FAULT_DONE
  const old = ptePfn(lo, hi)
  const isAnon = (frames.flags(old) & FRAME_ANON) !== 0
  if (isAnon && frames.field(old, FRAME_ENTIRE) === 1) return reuse(fault, old)
  const owns = isAnon && vma.reservations !== null
  const fresh = newPrivatePage(vma, fault.vpn, pool, owns)
  if (fresh === 0) {
    if (!owns) return FAULT_SIGBUS
    unmapOthers(fault, old)
    return frames.field(old, FRAME_ENTIRE) === 1 ? reuse(fault, old) : FAULT_SIGBUS
  }
  const pages = leafPages(vma.pageShift)
  for (let i = 0; i < pages; i++) frames.setStamp(fresh + i, frames.stamp(old + i))
  counters.pagesCopied += pages
  counters.faultsCow++
  const flags = PAGE_PSE | (fault.unshare ? 0 : PAGE_RW | PAGE_DIRTY) | (lo & PAGE_UFFD_WP)
  tables.set(fault.table, fault.index, pteLo(fresh, flags), pteHi(fresh, vma.flags))
  frames.setField(old, FRAME_ENTIRE, frames.field(old, FRAME_ENTIRE) - 1)
  frames.put(old)
  mm.flush(fault.vpn - (fault.vpn % pages), pages)
  return FAULT_DONE
}

function reuse({ mm, unshare, table, index, lo, hi }: Fault, page: number): number {
  mm.machine.frames.setFlags(page, FRAME_EXCLUSIVE)
  if (!unshare) mm.machine.tables.set(table, index, lo | PAGE_RW | DIRTY_BY_SOFTWARE, hi)
  return FAULT_DONE
}

/**
 * Takes a page away from the private mappings of those who did not reserve it. They are looked for at the owner's address.
 *
 * @source v6.18 mm/hugetlb.c unmap_ref_private()
 */
function unmapOthers({ vma, mm, vpn }: Fault, page: number): void {
  const { tables, frames } = mm.machine
  const shift = vma.pageShift
  const pgoff = filePageOf(vma, vpn)
  for (const other of (vma.file as Inode).vmas) {
    if (other === vma || other.flags & VM_SHARED || other.reservations !== null) continue
    if (pgoff < filePageOf(other, other.start) || pgoff >= filePageOf(other, other.end)) continue
    const table = leafTable(tables, other.mm.pgd, vpn, shift)
    if (table === 0) continue
    const at = tables.base(table) + leafIndex(vpn, shift)
    const lo = tables.lo(table)[at]
    if ((lo & PAGE_PRESENT_ANY) === 0 || ptePfn(lo, tables.hi(table)[at]) !== page) continue
    other.robbed = true
    tables.set(table, leafIndex(vpn, shift), 0, 0)
    frames.setField(page, FRAME_ENTIRE, frames.field(page, FRAME_ENTIRE) - 1)
    frames.put(page)
    other.mm.flush(vpn - (vpn % leafPages(shift)), leafPages(shift))
  }
}

/** A page of its own for a private mapping, mapped once. @param instead as of `HugePool.takePrivate` @returns its first frame, or 0 */
export function newPrivatePage(vma: Vma, vpn: number, pool: HugePool, instead: boolean): number {
  const { mm } = vma
  const frames = mm.machine.frames
  const page = pool.takePrivate(mm.machine, vma, vpn, instead)
  if (page === 0) return 0
  if (vma.anonVma === null) mm.prepareAnonVma(vma)
  frames.setFlags(page, FRAME_ANON | FRAME_EXCLUSIVE)
  frames.setField(page, FRAME_MAPPING, (vma.anonVma as AnonVma).id)
  frames.setField(page, FRAME_INDEX, filePageOf(vma, vpn))
  frames.setField(page, FRAME_ENTIRE, 1)
  return page
}
