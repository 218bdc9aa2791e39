/**
 * Faults on none entries of shmem mappings, shared and private.
 * @module
 */
import {
  FAULT_DONE,
  FAULT_MINOR,
  FAULT_MISSING,
  FAULT_OOM,
  FAULT_SIGBUS,
  type Fault,
  FRAME_ENTIRE,
  FRAME_MAP,
  FRAME_NOT_UPTODATE,
  type Inode,
  type Mm,
  PAGE_DIRTY,
  PAGE_PSE,
  PAGE_RW,
  PAGE_UFFD_WP,
  VM_NOHUGEPAGE,
  VM_SHARED,
  VM_UFFD_MINOR,
  VM_UFFD_MISSING,
  VM_UFFD_WP,
  VM_WRITE,
  type Vma,
} from '@faultline/mm-types'
import { needsSoftDirtyWp, newAnonPage, pmdNumber, pteHi, pteLo } from '@faultline/pagetable-core'
import { addPage, findPage, hasPage } from './page-cache.ts'

/**
 * Serves a read, a private write (by a copy at once) or a shared write.
 *
 * @returns FAULT_DONE, FAULT_MINOR, FAULT_MISSING, FAULT_SIGBUS beyond the end of the file, FAULT_OOM
 * @source v6.18 mm/memory.c do_read_fault(), do_cow_fault(), do_shared_fault(), finish_fault(); mm/shmem.c shmem_fault()
 */
export function faultShmem(fault: Fault, aroundPages: number): number {
  const { vma, mm } = fault
  const inode = vma.file as Inode
  const pgoff = vma.pgoff + (fault.vpn - vma.start)
  const shared = (vma.flags & VM_SHARED) !== 0
  if (!fault.write && aroundPages > 1 && !fault.armed && (vma.flags & (VM_UFFD_WP | VM_UFFD_MINOR)) === 0) {
    if (faultAround(fault, inode, aroundPages)) return FAULT_DONE
  }
  // @source v6.18 mm/memory.c do_cow_fault(): vmf_anon_prepare() comes first
  if (fault.write && !shared && vma.anonVma === null) mm.prepareAnonVma(vma)
  if (pgoff >= inode.size) return FAULT_SIGBUS
  if (vma.flags & VM_UFFD_MINOR && hasPage(inode, pgoff)) return FAULT_MINOR
  if (vma.flags & VM_UFFD_MISSING && !hasPage(inode, pgoff)) return FAULT_MISSING
  const page = findPage(mm.machine, inode, pgoff, true) || addPage(mm.machine, inode, pgoff, 0)
  if (page === 0) return FAULT_OOM
  if (fault.write && !shared) return mapPrivateCopy(fault, page)
  if (mapsHuge(fault, page)) return mapCacheHuge(fault, page)
  // @source v6.18 mm/memory.c finish_fault(): a large folio is mapped wholly where nobody watches and nothing else is there
  const watched = vma.flags & (VM_UFFD_MISSING | VM_UFFD_WP | VM_UFFD_MINOR)
  const first = watched ? -1 : firstOfFolio(fault, page, fault.index)
  if (first >= 0 && countNone(mm, fault.table, first, 2 ** mm.machine.frames.order(page)) === 2 ** mm.machine.frames.order(page))
    mapFolio(fault, page, first, fault.write)
  else mapCachePage(mm, vma, fault.table, fault.index, page, fault.write, fault.armed)
  return FAULT_DONE
}

/** Index in its table of the first page of a folio that lies wholly within the vma and the table; -1 for other folios and small ones. */
function firstOfFolio({ vma, mm, vpn }: Fault, page: number, index: number): number {
  const { frames } = mm.machine
  const first = index - (page - frames.head(page))
  const pages = 2 ** frames.order(page)
  const start = vpn - (vpn & 511) + first
  return pages > 1 && first >= 0 && first + pages <= 512 && start >= vma.start && start + pages <= vma.end ? first : -1
}

function countNone(mm: Mm, table: number, first: number, pages: number): number {
  const { tables } = mm.machine
  const base = tables.base(table)
  let none = 0
  for (let at = base + first; at < base + first + pages; at++) if (tables.lo(table)[at] === 0 && tables.hi(table)[at] === 0) none++
  return none
}

/** Maps what is not mapped yet of a folio. @returns the index after its last page */
function mapFolio({ mm, vma, table }: Fault, page: number, first: number, write: boolean): number {
  const { frames, tables } = mm.machine
  const head = frames.head(page)
  const pages = 2 ** frames.order(page)
  const at = tables.base(table) + first
  for (let i = 0; i < pages; i++) if (tables.lo(table)[at + i] === 0) mapCachePage(mm, vma, table, first + i, head + i, write, false)
  return first + pages
}

function mapPrivateCopy(fault: Fault, page: number): number {
  const { vma, mm } = fault
  const frames = mm.machine.frames
  const stamp = frames.stamp(page)
  const fresh = newAnonPage(mm, vma, fault.vpn, 0)
  if (fresh === 0) return FAULT_OOM
  frames.setStamp(fresh, stamp)
  mm.machine.counters.pagesCopied++
  const flags = fault.armed ? PAGE_UFFD_WP | PAGE_DIRTY : PAGE_RW | PAGE_DIRTY
  mm.machine.tables.set(fault.table, fault.index, pteLo(fresh, flags), pteHi(fresh, vma.flags))
  return FAULT_DONE
}

/** Maps a page of the cache by one pte. @source mm/memory.c set_pte_range(); mm/vma.c vma_wants_writenotify() */
function mapCachePage(mm: Mm, vma: Vma, table: number, index: number, page: number, write: boolean, armed: boolean): void {
  const frames = mm.machine.frames
  const writableProt = (vma.flags & (VM_SHARED | VM_WRITE)) === (VM_SHARED | VM_WRITE)
  let flags = write ? PAGE_DIRTY : 0
  if (armed) flags |= PAGE_UFFD_WP
  else if (writableProt && (write || ((vma.flags & VM_UFFD_WP) === 0 && !needsSoftDirtyWp(vma, 0)))) flags |= PAGE_RW
  mm.machine.tables.set(table, index, pteLo(page, flags), pteHi(page, vma.flags))
  frames.get(page)
  frames.setField(page, FRAME_MAP, frames.field(page, FRAME_MAP) + 1)
}

/**
 * Maps cached neighbours of a read fault too.
 *
 * @returns true when the faulting page was among them
 * @source v6.18 mm/memory.c do_fault_around()
 * @fidelity simplified: the window and what it leaves out are those of Linux; no page is locked
 */
function faultAround(fault: Fault, inode: Inode, aroundPages: number): boolean {
  const { vma, mm, vpn } = fault
  const tables = mm.machine.tables
  const start = Math.max(vpn - (vpn % aroundPages), vma.start)
  // The window is not cut by what lies before the vma, but moved.
  const end = Math.min(start + aroundPages, vma.end, vpn - (vpn & 511) + 512)
  const los = tables.lo(fault.table)
  const base = tables.base(fault.table)
  for (let page = start; page < end; page++) {
    const pgoff = vma.pgoff + (page - vma.start)
    if (pgoff >= inode.size) break
    const pfn = inode.pages.get(pgoff)
    const index = page & 511
    if (pfn === undefined || pfn < 0 || mm.machine.frames.flags(pfn) & FRAME_NOT_UPTODATE) continue
    // @source v6.18 mm/filemap.c filemap_map_pmd()
    if (mapsHuge(fault, pfn)) return mapCacheHuge(fault, pfn) === FAULT_DONE
    // @source v6.18 mm/filemap.c filemap_map_folio_range(): a large folio is mapped wholly, window or not
    const first = firstOfFolio(fault, pfn, index)
    if (first >= 0) page += mapFolio(fault, pfn, first, false) - index - 1
    else if (los[base + index] === 0) mapCachePage(mm, vma, fault.table, index, pfn, false, false)
  }
  return los[base + fault.index] !== 0
}

/** A huge page of the cache is mapped by one pmd when there is no table yet, not even an empty one. @source mm/memory.c do_set_pmd() */
function mapsHuge(fault: Fault, page: number): boolean {
  const { vma, mm, vpn } = fault
  const frames = mm.machine.frames
  if (frames.order(page) !== 9 || vma.flags & VM_NOHUGEPAGE || fault.armed) return false
  const start = vpn - (vpn & 511)
  if (start < vma.start || start + 512 > vma.end || ((vma.pgoff - vma.start) & 511) !== 0) return false
  return fault.fresh && mm.machine.tables.used(fault.table) === 0
}

function mapCacheHuge(fault: Fault, page: number): number {
  const { vma, mm, vpn } = fault
  const { frames, tables } = mm.machine
  const head = frames.head(page)
  const pmd = tables.pmdTable(mm.pgd, vpn)
  const writableProt = (vma.flags & (VM_SHARED | VM_WRITE)) === (VM_SHARED | VM_WRITE)
  const writable = writableProt && (fault.write || ((vma.flags & VM_UFFD_WP) === 0 && !needsSoftDirtyWp(vma, 0)))
  tables.forget(mm.pgd, vpn)
  tables.free(fault.table)
  tables.set(
    pmd,
    pmdNumber(vpn) & 511,
    pteLo(head, PAGE_PSE | (fault.write ? PAGE_DIRTY : 0) | (writable ? PAGE_RW : 0)),
    pteHi(head, vma.flags),
  )
  frames.get(head)
  frames.setField(head, FRAME_ENTIRE, frames.field(head, FRAME_ENTIRE) + 1)
  return FAULT_DONE
}
