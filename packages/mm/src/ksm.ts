/**
 * KSM: equal anonymous pages of mergeable mappings become one.
 *
 * @source v6.18 mm/ksm.c try_to_merge_one_page(), replace_page(), break_ksm()
 * @fidelity simplified try_to_merge_one_page(), replace_page(): equal stamps of one process merge at once, into the page met first
 * @module
 */
import {
  FRAME_ANON,
  FRAME_EXCLUSIVE,
  FRAME_KSM,
  FRAME_MAP,
  FRAME_ORDER_SHIFT,
  PAGE_PRESENT_ANY,
  PAGE_RW,
  PAGE_UFFD_WP,
  VM_MERGEABLE,
} from '@faultline/mm-types'
import { pteHi, pteLo, ptePfn } from '@faultline/pagetable-core'
import { serve } from './fault.ts'
import type { AddressSpace } from './objects.ts'
import type { VmArea } from './vma.ts'

/** Merges pages of equal contents in [start, end). The bit of a merged pte is lost (anomaly 4). @returns pages merged */
export function mergePages(mm: AddressSpace, start: number, end: number): number {
  const { tables, frames } = mm.machine
  const first = new Map<number, number>()
  let merged = 0
  for (const { vma, vpn, table, at } of smallAnonPages(mm, start, end)) {
    const lo = tables.lo(table)[at]
    const pfn = ptePfn(lo, tables.hi(table)[at])
    const stamp = frames.stamp(pfn)
    const shared = first.get(stamp)
    if (shared === undefined) {
      first.set(stamp, pfn)
      continue
    }
    if (shared === pfn) continue
    becomeKsm(mm, shared)
    const bit = mm.kernel.design.anomalies.ksmLosesBit ? 0 : lo & PAGE_UFFD_WP
    tables.set(table, vpn & 511, pteLo(shared, bit), pteHi(shared, vma.flags))
    frames.get(shared)
    frames.setField(shared, FRAME_MAP, frames.field(shared, FRAME_MAP) + 1)
    frames.setField(pfn, FRAME_MAP, frames.field(pfn, FRAME_MAP) - 1)
    frames.put(pfn)
    mm.flush(vpn, 1)
    merged++
  }
  return merged
}

/** Makes a page the one that others are replaced by: read-only wherever it is mapped, owned by nobody. */
function becomeKsm(mm: AddressSpace, pfn: number): void {
  const { frames, tables } = mm.machine
  if (frames.flags(pfn) & FRAME_KSM) return
  for (const { vma, vpn } of mm.kernel.anonMappings(pfn)) {
    const owner = vma.mm as AddressSpace
    const table = tables.pteTable(owner.pgd, vpn)
    if (table === 0) continue
    const at = tables.base(table) + (vpn & 511)
    if (ptePfn(tables.lo(table)[at], tables.hi(table)[at]) !== pfn) continue
    const bit = mm.kernel.design.anomalies.ksmLosesBit ? PAGE_UFFD_WP : 0
    tables.lo(table)[at] &= ~(PAGE_RW | bit)
    owner.flush(vpn, 1)
  }
  frames.setFlags(pfn, FRAME_KSM)
  frames.clearFlags(pfn, FRAME_EXCLUSIVE)
}

/** MADV_UNMERGEABLE: every merged page of [start, end) is copied back; bits stay. @source mm/ksm.c unmerge_ksm_pages() */
export function unmergePages(mm: AddressSpace, start: number, end: number): void {
  for (const { vma, vpn, table, at } of smallAnonPages(mm, start, end, false)) {
    const { tables, frames } = mm.machine
    if ((frames.flags(ptePfn(tables.lo(table)[at], tables.hi(table)[at])) & FRAME_KSM) === 0) continue
    const fault = mm.kernel.fault
    Object.assign(fault, { mm, vma, vpn, write: false, unshare: true, armed: false })
    serve(mm.kernel, fault, mm.machine.tables.pteTable(mm.pgd, vpn))
    fault.unshare = false
  }
}

interface SmallPage {
  readonly vma: VmArea
  readonly vpn: number
  readonly table: number
  readonly at: number
}

function* smallAnonPages(mm: AddressSpace, start: number, end: number, mergeable = true): Generator<SmallPage, void, void> {
  const { tables, frames } = mm.machine
  for (const vma of mm.vmas.within(start, end)) {
    if (vma.pageShift !== 12 || (mergeable && (vma.flags & VM_MERGEABLE) === 0)) continue
    for (let vpn = Math.max(start, vma.start); vpn < Math.min(end, vma.end); vpn++) {
      const table = tables.pteTable(mm.pgd, vpn)
      if (table === 0) continue
      const at = tables.base(table) + (vpn & 511)
      if ((tables.lo(table)[at] & PAGE_PRESENT_ANY) === 0) continue
      const flags = frames.flags(ptePfn(tables.lo(table)[at], tables.hi(table)[at]))
      if (flags & FRAME_ANON && flags >>> FRAME_ORDER_SHIFT === 0) yield { vma, vpn, table, at }
    }
  }
}
