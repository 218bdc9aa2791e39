/**
 * mmap and munmap.
 * @module
 */
import {
  EINVAL,
  ENOMEM,
  type Inode,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
  VM_ACCOUNT,
  VM_EXEC,
  VM_HUGETLB,
  VM_MAYEXEC,
  VM_MAYREAD,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_NORESERVE,
  VM_READ,
  VM_SHARED,
  VM_SOFTDIRTY,
  VM_WRITE,
} from '@faultline/mm-types'
import { freePgtables } from '../free-tables.ts'
import type { AddressSpace } from '../objects.ts'
import { maySplit, VmArea } from '../vma.ts'
import { ZAP_FINAL, zapRange } from '../zap.ts'
import { type Call, eventsRead } from './call.ts'

/** What to map. Pages are 4 KiB pages. */
export interface MmapRequest {
  readonly start: number
  readonly pages: number
  readonly prot: number
  readonly shared: boolean
  readonly file: Inode | null
  /** First page of the file, in 4 KiB pages. */
  readonly pgoff: number
  /** MAP_NORESERVE. */
  readonly noreserve: boolean
}

/** VM_* access flags of PROT_* bits. */
export function protFlags(prot: number): number {
  return (prot & PROT_READ ? VM_READ : 0) | (prot & PROT_WRITE ? VM_WRITE : 0) | (prot & PROT_EXEC ? VM_EXEC : 0)
}

/** Memory that may be written and is nobody else's counts against the commit limit. @source v6.18 mm/vma.c accountable_mapping() */
function accounted({ prot, shared, noreserve, file }: MmapRequest): number {
  return prot & PROT_WRITE && !shared && !noreserve && file?.backend !== 'hugetlb' ? VM_ACCOUNT : 0
}

/** mmap with MAP_FIXED: what was there is unmapped first, and announced when the new mapping is there. @returns 0, -EINVAL or -ENOMEM */
export function* mmap(mm: AddressSpace, request: MmapRequest): Call {
  const error = mapRange(mm, request)
  yield* eventsRead(mm.kernel)
  return error
}

function mapRange(mm: AddressSpace, request: MmapRequest): number {
  const { start, pages, file, shared } = request
  if (pages <= 0) return -EINVAL
  // @source v6.18 mm/mmap.c do_mmap()
  if (mm.vmas.size > mm.kernel.settings.maxMapCount) return -ENOMEM
  const end = start + pages
  if (mm.vmas.meets(start, end)) {
    const error = unmapRange(mm, start, end)
    if (error) return error
  }
  const flags =
    accounted(request) |
    protFlags(request.prot) |
    VM_MAYREAD |
    VM_MAYWRITE |
    VM_MAYEXEC |
    (shared ? VM_SHARED | VM_MAYSHARE : 0) |
    (file?.backend === 'hugetlb' ? VM_HUGETLB : 0) |
    (request.noreserve ? VM_NORESERVE : 0) |
    (mm.softDirty ? VM_SOFTDIRTY : 0)
  const vma = new VmArea({ mm, start, end, flags, pgoff: file === null ? start : request.pgoff, file })
  const refused = file?.backend === 'hugetlb' ? (mm.kernel.backends.hugetlb.reserve?.(mm.machine, vma) ?? 0) : 0
  if (refused) {
    vma.unlink()
    return refused
  }
  // A mapping that may be written makes its file long enough. @source v6.18 fs/hugetlbfs/inode.c hugetlbfs_file_mmap()
  if (file?.backend === 'hugetlb' && flags & VM_WRITE)
    file.size = Math.max(file.size, Math.ceil((request.pgoff + pages) / 2 ** (file.pageShift - 12)))
  mm.vmas.insert(vma)
  mm.vmas.mergeAround(vma)
  if (file?.backend === 'hugetlb' && request.prot & PROT_WRITE) growHugetlbFile(file, request.pgoff + pages)
  return 0
}

/** To map hugetlb memory for writing makes its file as long as the mapping. @source v6.18 fs/hugetlbfs/inode.c hugetlbfs_file_mmap() */
function growHugetlbFile(file: Inode, pages: number): void {
  file.size = Math.max(file.size, pages / 2 ** (file.pageShift - 12))
}

/** munmap of pages [start, end): the event goes out when all is gone. @returns 0, -EINVAL inside a huge page, or -ENOMEM for too many vmas */
export function* munmap(mm: AddressSpace, start: number, end: number): Call {
  const error = unmapRange(mm, start, end)
  yield* eventsRead(mm.kernel)
  return error
}

/**
 * Unmaps pages [start, end), and leaves it to the caller to send the events. @returns 0, -EINVAL inside a huge page, or -ENOMEM for too many vmas
 *
 * @source v6.18 mm/vma.c do_vmi_munmap(), vms_gather_munmap_vmas()
 */
export function unmapRange(mm: AddressSpace, start: number, end: number): number {
  if (end <= start) return -EINVAL
  // What is cut out of the middle of a vma leaves one more.
  const holder = mm.vmas.find(start)
  if (holder !== undefined && holder.start < start && end < holder.end && mm.vmas.size >= mm.kernel.settings.maxMapCount) return -ENOMEM
  // The cut at the start stays when the one at the end is refused. @source v6.18 mm/vma.c vms_gather_munmap_vmas()
  for (const border of [start, end]) {
    const vma = mm.vmas.find(border)
    if (vma === undefined) continue
    if (!maySplit(vma, border)) return -EINVAL
    mm.vmas.splitAt(border)
  }
  const gone = mm.vmas.within(start, end)
  for (const vma of gone) if (vma.uffd !== null) mm.kernel.uffd.unmapped(vma, start, end)
  for (const vma of gone) {
    zapRange(mm, vma, vma.start, vma.end, ZAP_FINAL)
    if (vma.backend === 'hugetlb') mm.kernel.backends.hugetlb.unreserve?.(vma)
    mm.vmas.remove(vma)
  }
  freePgtables(mm, start, end)
  return 0
}

/** exit_mmap: everything goes, the tables too. */
export function exitMm(mm: AddressSpace): void {
  if (!mm.alive) return
  mm.alive = false
  for (const vma of mm.vmas.within(0, 2 ** 36)) {
    zapRange(mm, vma, vma.start, vma.end, ZAP_FINAL)
    if (vma.backend === 'hugetlb') mm.kernel.backends.hugetlb.unreserve?.(vma)
    mm.vmas.remove(vma)
  }
  freePgtables(mm, 0, 2 ** 36)
  mm.machine.tables.free(mm.pgd)
}
