/**
 * Collapse of a shmem file's cache, and what becomes of the tables that mapped it.
 *
 * @source v6.18 mm/khugepaged.c hpage_collapse_scan_file(), collapse_file(), retract_page_tables()
 * @fidelity simplified collapse_file(): shmem only, no isolation, locks or charging
 * @module
 */
import {
  type FileBackend,
  FRAME_CACHE,
  FRAME_INDEX,
  FRAME_MAPPING,
  FRAME_ORDER_SHIFT,
  FRAME_SWAPBACKED,
  type HostMm,
  type Inode,
  SCAN_EXCEED_NONE_PTE,
  SCAN_EXCEED_SWAP_PTE,
  SCAN_FAIL,
  SCAN_PTE_MAPPED_HUGEPAGE,
  SCAN_PTE_UFFD_WP,
  SCAN_SUCCEED,
  SCAN_TRUNCATED,
  SCAN_VMA_CHECK,
  VM_UFFD_MISSING,
  type Vma,
} from '@faultline/mm-types'
import type { CollapseRequest } from './collapse-request.ts'
import { mapCollapsed } from './map-collapsed.ts'

/** Merges the file's 2 MiB under a page of a vma. @returns SCAN_* */
export function collapseFile(mm: HostMm, vma: Vma, vpn: number, request: CollapseRequest): number {
  const inode = vma.file as Inode
  const start = vma.pgoff + (vpn - vma.start)
  if (start % 512 !== 0) return SCAN_VMA_CHECK
  const result = scanFile(mm, inode, start, request)
  if (result === SCAN_SUCCEED && !mergeCache(mm, inode, start)) return SCAN_FAIL
  if (result !== SCAN_SUCCEED && result !== SCAN_PTE_MAPPED_HUGEPAGE) return result
  retractTables(inode, start, request)
  // The call on an armed vma fails although the cache is merged: anomaly 10.
  if (!request.policy.retracts(vma.flags)) return mm.design.anomalies.collapseFailsAfterCollapsing ? SCAN_PTE_UFFD_WP : SCAN_SUCCEED
  return request.forced ? mapCollapsed(mm, vma, vpn, inode.pages.get(start) as number) : SCAN_SUCCEED
}

function scanFile(mm: HostMm, inode: Inode, start: number, request: CollapseRequest): number {
  const { frames, counters } = mm.machine
  let present = 0
  let swap = 0
  counters.ptes += 512
  for (let pgoff = start; pgoff < start + 512; pgoff++) {
    const entry = inode.pages.get(pgoff)
    if (entry === undefined) continue
    if (entry < 0) {
      swap++
      if (!request.forced && swap > request.limits.maxPtesSwap) return SCAN_EXCEED_SWAP_PTE
    } else if (frames.flags(entry) >>> FRAME_ORDER_SHIFT !== 0) return SCAN_PTE_MAPPED_HUGEPAGE
    else present++
  }
  const holes = 512 - present - swap
  if (!request.forced && present < 512 - request.limits.maxPtesNone) return SCAN_EXCEED_NONE_PTE
  if (holes === 512) return SCAN_TRUNCATED
  // A hole filled by zeroes would never send a missing message again. @source mm/khugepaged.c collapse_file(): userfaultfd_missing
  if (holes > 0) for (const vma of inode.vmas) if (vma.flags & VM_UFFD_MISSING && covers(vma, start)) return SCAN_EXCEED_NONE_PTE
  return SCAN_SUCCEED
}

function covers(vma: Vma, start: number): boolean {
  return start + 512 > vma.pgoff && start < vma.pgoff + (vma.end - vma.start)
}

/** Puts one huge page in the place of up to 512 small ones. */
function mergeCache(mm: HostMm, inode: Inode, start: number): boolean {
  const { machine } = mm
  const { frames } = machine
  const backend = mm.backends[inode.backend] as FileBackend
  const huge = frames.alloc(9)
  if (huge === 0) return false
  mm.unmapFile(inode, start, start + 512)
  for (let i = 0; i < 512; i++) {
    const page = backend.findPage(machine, inode, start + i, true)
    const stamp = page === 0 ? 0 : frames.stamp(page)
    if (page !== 0) machine.counters.pagesCopied++
    frames.setFlags(huge + i, FRAME_CACHE | FRAME_SWAPBACKED)
    frames.setField(huge + i, FRAME_MAPPING, inode.id)
    frames.setField(huge + i, FRAME_INDEX, start + i)
    frames.setStamp(huge + i, stamp)
  }
  backend.removePages(machine, inode, start, start + 512)
  for (let i = 0; i < 512; i++) {
    inode.pages.set(start + i, huge + i)
    if (i > 0) frames.get(huge)
  }
  return true
}

/** Frees the tables of mappings that may map the range huge from now on. */
function retractTables(inode: Inode, start: number, request: CollapseRequest): void {
  for (const vma of inode.vmas) {
    if (vma.anonVma !== null || !request.policy.retracts(vma.flags)) continue
    const vpn = vma.start + (start - vma.pgoff)
    if (vpn % 512 !== 0 || vpn < vma.start || vpn + 512 > vma.end) continue
    const host = vma.mm as HostMm
    // Ptes that map parts of an already huge page go one by one first. @source mm/khugepaged.c collapse_pte_mapped_thp()
    host.zap(vma, vpn, vpn + 512)
    if (host.retractTable(vpn)) host.flushChanged(vpn, 512, 512)
  }
}
