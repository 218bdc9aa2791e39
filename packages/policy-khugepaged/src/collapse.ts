/**
 * A khugepaged pass or MADV_COLLAPSE over a range: scan each 2 MiB, merge what may be merged.
 *
 * @source v6.18 mm/khugepaged.c khugepaged_scan_mm_slot(), madvise_collapse(), hpage_collapse_scan_pmd()
 * @fidelity simplified khugepaged_scan_mm_slot(): a pass over a range that is asked for; no list of mms, no interval
 * @fidelity simplified hpage_collapse_scan_pmd(): pages are not asked whether they were referenced, locked or pinned
 * @module
 */
import {
  type CollapseCalls,
  type CollapseLimits,
  type HostMm,
  PAGE_PRESENT_ANY,
  SCAN_FAIL,
  SCAN_PMD_MAPPED,
  SCAN_PMD_NONE,
  SCAN_PMD_NULL,
  SCAN_PTE_NON_PRESENT,
  SCAN_PTE_UFFD_WP,
  SCAN_SUCCEED,
  SCAN_VMA_CHECK,
  SOFTLEAF_SWAP,
  VM_NOHUGEPAGE,
  type Vma,
} from '@faultline/mm-types'
import { collapseAnon } from './collapse-anon.ts'
import { collapseFile } from './collapse-file.ts'
import type { CollapseRequest } from './collapse-request.ts'

/**
 * After these the next range is looked at; anything else ends the pass, SCAN_PMD_NONE too: the kernel's list has only SCAN_PMD_NULL.
 *
 * @source v6.18 mm/khugepaged.c madvise_collapse()
 */
const GOES_ON: ReadonlySet<number> = new Set([SCAN_SUCCEED, SCAN_PMD_MAPPED, SCAN_PMD_NULL, SCAN_PTE_NON_PRESENT, SCAN_PTE_UFFD_WP])

/**
 * Collapses the 2 MiB ranges that lie wholly within [start, end) of a vma.
 *
 * @returns the SCAN_* code of the last range that failed, or SCAN_SUCCEED when all are huge
 */
export function collapseRange(mm: HostMm, vma: Vma, start: number, end: number, request: CollapseRequest): number {
  const { policy } = request
  if (!mayHoldHuge(vma) || !policy.vmaAllows(vma.flags)) return SCAN_VMA_CHECK
  const first = Math.ceil(start / 512) * 512
  // A range inside one huge page counts as failed; one that ends where its first huge page would begin has nothing to do.
  if (first > Math.floor(end / 512) * 512) return SCAN_FAIL
  let last = SCAN_SUCCEED
  for (let vpn = first; vpn + 512 <= end; vpn += 512) {
    const result = collapseOne(mm, vma, vpn, request)
    if (result === SCAN_SUCCEED) mm.machine.counters.collapses++
    else if (result !== SCAN_PMD_MAPPED) last = result
    // khugepaged itself passes over what is not there.
    if (!GOES_ON.has(result) && (request.forced || result !== SCAN_PMD_NONE)) break
  }
  return last
}

/** Whether a vma has room for an aligned huge page, and may get one. @source v6.18 mm/huge_memory.c __thp_vma_allowable_orders() */
function mayHoldHuge(vma: Vma): boolean {
  if (vma.backend === 'hugetlb' || vma.flags & VM_NOHUGEPAGE) return false
  if (Math.floor(vma.end / 512) * 512 - 512 < vma.start) return false
  return vma.file === null ? vma.anonVma !== null : (vma.start - vma.pgoff) % 512 === 0
}

function collapseOne(mm: HostMm, vma: Vma, vpn: number, request: CollapseRequest): number {
  const { policy, limits, forced } = request
  if (mm.hugeLeaf(vpn) !== 0) return SCAN_PMD_MAPPED
  if (vma.file !== null) return collapseFile(mm, vma, vpn, request)
  const { tables, frames, counters } = mm.machine
  const table = tables.pteTable(mm.pgd, vpn)
  if (table === 0) return tables.pmdTable(mm.pgd, vpn) === 0 ? SCAN_PMD_NULL : SCAN_PMD_NONE
  counters.ptes += 512
  const scan = { limits, vmFlags: vma.flags, encoding: mm.encoding, frames, forced }
  const result = policy.scanPmd(tables.lo(table), tables.hi(table), tables.base(table), scan)
  if (result === SCAN_FAIL) swapInUpToMarker(mm, vma, vpn, table)
  if (result !== SCAN_SUCCEED) return result
  return collapseAnon(mm, vma, vpn, table) ? SCAN_SUCCEED : SCAN_FAIL
}

/** What was swapped in stays so when a marker ends the collapse. @source v6.18 mm/khugepaged.c __collapse_huge_page_swapin() */
function swapInUpToMarker(mm: HostMm, vma: Vma, vpn: number, table: number): void {
  const { tables } = mm.machine
  for (let i = 0; i < 512; i++) {
    const at = tables.base(table) + i
    const lo = tables.readLo(table)[at]
    const hi = tables.readHi(table)[at]
    if (lo & PAGE_PRESENT_ANY || (lo === 0 && hi === 0)) continue
    if (mm.classify(lo, hi) !== SOFTLEAF_SWAP) return
    mm.swapIn(vma, vpn + i)
  }
}

/** The khugepaged of a kernel with given limits. */
export function createKhugepaged(limits: CollapseLimits): CollapseCalls {
  return { collapse: (mm, vma, start, end, policy, forced) => collapseRange(mm, vma, start, end, { policy, limits, forced }) }
}
