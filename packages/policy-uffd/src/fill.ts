/**
 * UFFDIO_COPY, UFFDIO_ZEROPAGE, UFFDIO_CONTINUE and UFFDIO_POISON: a monitor supplies what is missing.
 *
 * @source v6.18 mm/userfaultfd.c mfill_atomic(), mfill_atomic_pte_copy(), mfill_atomic_pte_zeropage(),
 * mfill_atomic_pte_zeroed_folio(), mfill_atomic_pte_continue(), mfill_atomic_pte_poison(), mfill_atomic_install_pte(); mm/shmem.c shmem_mfill_atomic_pte();
 * mm/hugetlb.c hugetlb_mfill_atomic_pte()
 * @fidelity simplified mfill_atomic_pte_copy(): the source is a stamp and can always be read
 * @module
 */
import {
  EAGAIN,
  EEXIST,
  EFAULT,
  EINVAL,
  ENOENT,
  ENOMEM,
  ESRCH,
  type FileBackend,
  FRAME_ENTIRE,
  FRAME_MAP,
  type HostMm,
  type Inode,
  PAGE_DIRTY,
  PAGE_PRESENT_ANY,
  PAGE_PSE,
  PAGE_RW,
  PAGE_SPECIAL,
  PAGE_UFFD_WP,
  PTE_MARKER_NO_WP,
  PTE_MARKER_POISONED,
  PTE_MARKER_UFFD_WP,
  SOFTLEAF_MARKER,
  SOFTLEAF_SPECIAL_PTE,
  UFFDIO_COPY_MODE_WP,
  type UffdFill,
  type UffdFillResult,
  VM_SHARED,
  VM_UFFD_WP,
  VM_WRITE,
  type Vma,
} from '@faultline/mm-types'
import { leafIndex, leafPages, mkPteLo, newAnonPage, pteHi, ZERO_PFN } from '@faultline/pagetable-core'
import type { Userfaultfd } from './context.ts'
import { validateRange } from './ranges.ts'
import { armingOf } from './write-protect.ts'

/** Performs a fill ioctl and wakes who waits for the pages. */
export function fill(mm: HostMm, context: Userfaultfd, call: UffdFill): UffdFillResult {
  if (!context.ready) return { errno: -EINVAL, result: 0 }
  const { continueWp, tellsChanging } = mm.calls
  if (context.changing > 0) return { errno: -EAGAIN, result: tellsChanging ? -EAGAIN : 0 }
  const modes = call.kind === 'copy' || (call.kind === 'continue' && continueWp) ? 3 : 1
  if (validateRange(call.start, call.length) || (call.mode & ~modes) !== 0) return { errno: -EINVAL, result: 0 }
  if (!mm.alive) return { errno: -ESRCH, result: 0 }
  const filled = fillPages(mm, call)
  if (filled > 0 && (call.mode & 1) === 0) context.wake(call.start / 4096, (call.start + filled) / 4096)
  if (filled < 0) return { errno: filled, result: filled }
  return { errno: filled === call.length ? 0 : -EAGAIN, result: filled }
}

/** @returns bytes filled when there are any, else a negated errno */
function fillPages(mm: HostMm, call: UffdFill): number {
  const first = call.start / 4096
  const end = first + call.length / 4096
  const vma = mm.findVma(first)
  if (vma === undefined) return -ENOENT
  // Private mappings are made ready for pages before it is asked who watches them. @source v6.18 mm/userfaultfd.c uffd_lock_vma()
  if ((vma.flags & VM_SHARED) === 0 && mm.calls.fillPreparesFirst) mm.prepareAnonVma(vma)
  if (vma.uffd === null || end > vma.end) return -ENOENT
  const armed = call.kind !== 'zeropage' && call.kind !== 'poison' && (call.mode & UFFDIO_COPY_MODE_WP) !== 0
  if (armed && (vma.flags & VM_UFFD_WP) === 0) return -EINVAL
  const step = leafPages(vma.pageShift)
  if (vma.backend === 'hugetlb') {
    if (call.kind === 'zeropage' || first % step !== 0 || (end - first) % step !== 0) return -EINVAL
  } else if (call.kind === 'continue' && vma.backend !== 'shmem') return -EINVAL
  if ((vma.flags & VM_SHARED) === 0) mm.prepareAnonVma(vma)
  for (let vpn = first; vpn < end; vpn += step) {
    const error = fillPage(mm, vma, vpn, call, armed)
    if (error !== 0) return vpn > first ? (vpn - first) * 4096 : error
  }
  return call.length
}

function fillPage(mm: HostMm, vma: Vma, vpn: number, call: UffdFill, armed: boolean): number {
  if (vma.pageShift === 12 && mm.hugeLeaf(vpn) !== 0) return -EEXIST
  const table = mm.leafTableAlloc(vma, vpn)
  if (table === 0) return -ENOMEM
  const index = leafIndex(vpn, vma.pageShift)
  mm.machine.counters.ptes++
  if (call.kind === 'poison') return poisonPage(mm, vma, vpn, table, index)
  if (call.kind === 'zeropage' && (vma.flags & VM_SHARED) === 0 && !mm.forbidsZeropage) return zeroPage(mm, vma, vpn, table, index)
  return installPage(mm, vma, vpn, table, index, call, armed)
}

/** Whether the entry keeps a fill out: -EEXIST, or 0 for none and for markers that may be overwritten, wp markers always (anomaly 7). */
function occupied(mm: HostMm, table: number, index: number): number {
  const tables = mm.machine.tables
  const at = tables.base(table) + index
  const lo = tables.lo(table)[at]
  const hi = tables.hi(table)[at]
  if (lo === 0 && hi === 0) return 0
  if (lo & PAGE_PRESENT_ANY) return -EEXIST
  const kind = mm.classify(lo, hi)
  if (kind !== SOFTLEAF_MARKER && kind !== SOFTLEAF_SPECIAL_PTE) return -EEXIST
  const bits = mm.encoding.markerBits(lo, hi)
  const overwritable = mm.design.anomalies.fillOverwritesMarkers || bits === PTE_MARKER_UFFD_WP || bits === PTE_MARKER_NO_WP
  return overwritable ? 0 : -EEXIST
}

function holdsProtection(mm: HostMm, table: number, index: number): boolean {
  const at = mm.machine.tables.base(table) + index
  return (mm.encoding.markerBits(mm.machine.tables.lo(table)[at], mm.machine.tables.hi(table)[at]) & PTE_MARKER_UFFD_WP) !== 0
}

function isNone(mm: HostMm, table: number, index: number): boolean {
  const tables = mm.machine.tables
  const at = tables.base(table) + index
  return tables.lo(table)[at] === 0 && tables.hi(table)[at] === 0
}

/** None, or a marker that says no more than none does in other designs. */
function isEmpty(mm: HostMm, table: number, index: number): boolean {
  const tables = mm.machine.tables
  const at = tables.base(table) + index
  return isNone(mm, table, index) || mm.encoding.markerBits(tables.lo(table)[at], tables.hi(table)[at]) === PTE_MARKER_NO_WP
}

function beyondFile(vma: Vma, vpn: number): boolean {
  return vma.file !== null && filePageOf(vma, vpn) >= vma.file.size
}

function filePageOf(vma: Vma, vpn: number): number {
  return Math.floor((vma.pgoff + (vpn - vma.start)) / leafPages(vma.pageShift))
}

function poisonPage(mm: HostMm, vma: Vma, vpn: number, table: number, index: number): number {
  if (vma.backend !== 'hugetlb' && beyondFile(vma, vpn)) return -EFAULT
  if (!isEmpty(mm, table, index)) return -EEXIST
  const { encoding } = mm
  mm.machine.tables.set(table, index, encoding.markerLo(PTE_MARKER_POISONED), encoding.markerHi(PTE_MARKER_POISONED))
  return 0
}

function zeroPage(mm: HostMm, vma: Vma, vpn: number, table: number, index: number): number {
  if (beyondFile(vma, vpn)) return -EFAULT
  if (!isEmpty(mm, table, index)) return -EEXIST
  // The call has no mode that would say whether the page is armed: it is what the entry was.
  const armed = armingOf(mm, vma).noneIsArmed && vma.flags & VM_UFFD_WP && isNone(mm, table, index) ? PAGE_UFFD_WP : 0
  mm.machine.tables.set(table, index, mkPteLo(ZERO_PFN, PAGE_SPECIAL | armed, vma.flags), pteHi(ZERO_PFN, vma.flags))
  return 0
}

/** COPY, CONTINUE, and ZEROPAGE of shared memory: a page of its own or of the cache. */
function installPage(mm: HostMm, vma: Vma, vpn: number, table: number, index: number, call: UffdFill, armed: boolean): number {
  const shared = (vma.flags & VM_SHARED) !== 0
  if (vma.backend === 'hugetlb' && call.kind !== 'continue') {
    const error = occupied(mm, table, index)
    if (error) return error
  }
  const page = call.kind === 'continue' ? continued(mm, vma, vpn) : shared ? added(mm, vma, vpn, call) : privatePage(mm, vma, vpn, call)
  if (page < 0) return page
  const fresh = call.kind !== 'continue'
  const error = vma.backend !== 'hugetlb' && beyondFile(vma, vpn) ? -EFAULT : occupied(mm, table, index)
  if (error) {
    if (fresh) discard(mm, vma, vpn, page, shared)
    return error
  }
  if (!mm.design.anomalies.fillDropsProtection && vma.flags & VM_UFFD_WP && holdsProtection(mm, table, index)) armed = true
  const { frames, tables } = mm.machine
  if (call.kind === 'continue' || shared) {
    frames.get(page)
    const count = vma.pageShift === 12 ? FRAME_MAP : FRAME_ENTIRE
    frames.setField(page, count, frames.field(page, count) + 1)
  }
  const writable = vma.flags & VM_WRITE && !armed && (shared || fresh)
  const flags = PAGE_DIRTY | (writable ? PAGE_RW : 0) | (armed ? PAGE_UFFD_WP : 0) | (vma.pageShift === 12 ? 0 : PAGE_PSE)
  tables.set(table, index, mkPteLo(page, flags, vma.flags), pteHi(page, vma.flags))
  return 0
}

/** The page of the file that CONTINUE maps. Beyond its end shmem answers otherwise than in a hole. @source v6.18 mm/shmem.c shmem_get_folio_gfp() */
function continued(mm: HostMm, vma: Vma, vpn: number): number {
  if (vma.backend === 'shmem' && beyondFile(vma, vpn)) return -EINVAL
  const backend = mm.backends[vma.backend] as FileBackend
  return backend.findPage(mm.machine, vma.file as Inode, filePageOf(vma, vpn), true) || -EFAULT
}

/** A new page of the file, for a shared mapping. */
function added(mm: HostMm, vma: Vma, vpn: number, call: UffdFill): number {
  const backend = mm.backends[vma.backend] as FileBackend
  const inode = vma.file as Inode
  const pgoff = filePageOf(vma, vpn)
  if (vma.backend === 'hugetlb' && backend.hasPage(inode, pgoff)) return -EEXIST
  if (pgoff >= inode.size) return -EFAULT
  if (backend.hasPage(inode, pgoff)) return -EEXIST
  return backend.addPage(mm.machine, inode, pgoff, call.kind === 'copy' ? call.stamp : 0) || -ENOMEM
}

/** A new anonymous page, for a private mapping. */
function privatePage(mm: HostMm, vma: Vma, vpn: number, call: UffdFill): number {
  const pages = leafPages(vma.pageShift)
  const pfn = vma.backend === 'hugetlb' ? mm.backends.hugetlb.newPrivatePage(vma, vpn) : newAnonPage(mm, vma, vpn, 0)
  if (pfn === 0) return -ENOMEM
  for (let i = 0; i < pages; i++) mm.machine.frames.setStamp(pfn + i, call.stamp)
  return pfn
}

function discard(mm: HostMm, vma: Vma, vpn: number, page: number, shared: boolean): void {
  if (shared) {
    const pgoff = filePageOf(vma, vpn)
    ;(mm.backends[vma.backend] as FileBackend).removePages(mm.machine, vma.file as Inode, pgoff, pgoff + 1)
  } else mm.machine.frames.put(page)
}
