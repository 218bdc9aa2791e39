/**
 * Maps a huge page of a file's cache where ptes mapped its parts.
 *
 * @source v6.18 mm/khugepaged.c collapse_pte_mapped_thp()
 * @module
 */
import {
  FRAME_ENTIRE,
  type HostMm,
  PAGE_PRESENT_ANY,
  PAGE_PSE,
  PAGE_RW,
  SCAN_FAIL,
  SCAN_PTE_NON_PRESENT,
  SCAN_PTE_UFFD_WP,
  SCAN_SUCCEED,
  VM_SHARED,
  VM_WRITE,
  type Vma,
} from '@faultline/mm-types'
import { needsSoftDirtyWp, pteHi, pteLo, ptePfn } from '@faultline/pagetable-core'
import type { CollapseRequest } from './collapse-request.ts'

/**
 * Replaces the table over `vpn` by one huge leaf, or by nothing unless the collapse is forced. Every entry must be empty or
 * map the page of the huge page that belongs there.
 *
 * @param head - first frame of the huge page
 * @returns SCAN_SUCCEED, or why the ptes stay
 */
export function mapCollapsed(mm: HostMm, vma: Vma, vpn: number, head: number, request: CollapseRequest): number {
  const { tables, frames } = mm.machine
  // The call on an armed vma fails although the cache is merged: anomaly 10.
  if (!request.policy.retracts(vma.flags)) return mm.design.anomalies.collapseFailsAfterCollapsing ? SCAN_PTE_UFFD_WP : SCAN_SUCCEED
  const table = tables.pteTable(mm.pgd, vpn)
  if (table !== 0) {
    const result = checkTable(mm, table, head)
    if (result !== SCAN_SUCCEED) return result
    mm.zap(vma, vpn, vpn + 512)
    if (mm.retractTable(vpn)) mm.flushChanged(vpn, 512, 512)
  }
  if (!request.forced) return SCAN_SUCCEED
  if (tables.pmdTableAlloc(mm.pgd, vpn) === 0) return SCAN_FAIL
  // As a read fault would. @source v6.18 mm/memory.c do_set_pmd(); mm/vma.c vma_wants_writenotify()
  const writable = (vma.flags & (VM_SHARED | VM_WRITE)) === (VM_SHARED | VM_WRITE) && !needsSoftDirtyWp(vma, 0)
  mm.setHugeLeaf(vpn, pteLo(head, PAGE_PSE | (writable ? PAGE_RW : 0)), pteHi(head, vma.flags))
  frames.get(head)
  frames.setField(head, FRAME_ENTIRE, frames.field(head, FRAME_ENTIRE) + 1)
  return SCAN_SUCCEED
}

function checkTable(mm: HostMm, table: number, head: number): number {
  const { tables, counters } = mm.machine
  const los = tables.lo(table)
  const his = tables.hi(table)
  const base = tables.base(table)
  counters.ptes += 512
  for (let i = 0; i < 512; i++) {
    const lo = los[base + i]
    if (lo === 0 && his[base + i] === 0) continue
    if ((lo & PAGE_PRESENT_ANY) === 0) return SCAN_PTE_NON_PRESENT
    if (ptePfn(lo, his[base + i]) !== head + i) return SCAN_FAIL
  }
  return SCAN_SUCCEED
}
