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
  FRAME_DIRTY,
  FRAME_INDEX,
  FRAME_MAPPING,
  FRAME_SWAPBACKED,
  type HostMm,
  type Inode,
  SCAN_EXCEED_NONE_PTE,
  SCAN_EXCEED_SWAP_PTE,
  SCAN_FAIL,
  SCAN_PTE_MAPPED_HUGEPAGE,
  SCAN_SUCCEED,
  SCAN_TRUNCATED,
  SCAN_VMA_CHECK,
  VM_MAYBE_GUARD,
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
  let result = scanFile(mm, inode, start, request)
  if (result === SCAN_SUCCEED) {
    result = mergeCache(mm, inode, start)
    if (result !== SCAN_SUCCEED) return result
    retractTables(inode, start, request)
    if (!request.forced) return SCAN_SUCCEED
  } else if (result !== SCAN_PTE_MAPPED_HUGEPAGE) return result
  return mapCollapsed(mm, vma, vpn, inode.pages.get(start) as number, request)
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
    } else if (frames.order(entry) === 9) return SCAN_PTE_MAPPED_HUGEPAGE
    else present++
  }
  if (!request.forced && present < 512 - request.limits.maxPtesNone) return SCAN_EXCEED_NONE_PTE
  return present + swap === 0 ? SCAN_TRUNCATED : SCAN_SUCCEED
}

/**
 * Puts one huge page in the place of up to 512 small ones.
 *
 * The small ones are read from swap and unmapped on the way, and stay so when it comes to nothing.
 */
function mergeCache(mm: HostMm, inode: Inode, start: number): number {
  const { machine } = mm
  const { frames } = machine
  const backend = mm.backends[inode.backend] as FileBackend
  const huge = frames.alloc(9)
  if (huge === 0) return SCAN_FAIL
  let holes = 0
  for (let i = 0; i < 512; i++) {
    const page = backend.findPage(machine, inode, start + i, true)
    if (page === 0) holes++
    else {
      frames.setStamp(huge + i, frames.stamp(page))
      machine.counters.pagesCopied++
    }
    frames.setFlags(huge + i, FRAME_CACHE | FRAME_SWAPBACKED | FRAME_DIRTY)
    frames.setField(huge + i, FRAME_MAPPING, inode.id)
    frames.setField(huge + i, FRAME_INDEX, start + i)
  }
  mm.unmapFile(inode, start, start + 512)
  if (holes > 0 && mm.calls.collapseHeedsMissing && isMissed(inode, start)) {
    frames.put(huge)
    return SCAN_EXCEED_NONE_PTE
  }
  backend.removePages(machine, inode, start, start + 512)
  for (let i = 0; i < 512; i++) {
    inode.pages.set(start + i, huge + i)
    if (i > 0) frames.get(huge)
  }
  return SCAN_SUCCEED
}

/** A hole filled with zeroes would never send a missing message again; the page after the last counts too. */
function isMissed(inode: Inode, start: number): boolean {
  for (const vma of inode.vmas)
    if (vma.flags & VM_UFFD_MISSING && start + 512 >= vma.pgoff && start < vma.pgoff + (vma.end - vma.start)) return true
  return false
}

/** Frees the tables, whatever is still in them, of mappings that may map the range huge from now on. */
function retractTables(inode: Inode, start: number, request: CollapseRequest): void {
  for (const vma of inode.vmas) {
    if (vma.anonVma !== null || vma.flags & VM_MAYBE_GUARD || !request.policy.retracts(vma.flags)) continue
    const vpn = vma.start + (start - vma.pgoff)
    if (vpn % 512 !== 0 || vpn < vma.start || vpn + 512 > vma.end) continue
    const host = vma.mm as HostMm
    if (host.retractTable(vpn)) host.flushChanged(vpn, 512, 512)
  }
}
