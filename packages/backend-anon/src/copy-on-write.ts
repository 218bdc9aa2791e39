/**
 * A write to a read-only page of a private mapping: reuse it or copy it.
 * @module
 */
import {
  FAULT_DONE,
  FAULT_OOM,
  type Fault,
  FRAME_ANON,
  FRAME_EXCLUSIVE,
  FRAME_KSM,
  FRAME_MAP,
  FRAME_REF,
  FRAME_SLOT,
  FRAME_ZERO,
  type Mm,
  PAGE_ACCESSED,
  PAGE_DIRTY,
  PAGE_RW,
  PAGE_UFFD_WP,
  VM_WRITE,
} from '@faultline/mm-types'
import { DIRTY_BY_SOFTWARE, newAnonPage, pteHi, pteLo, ptePfn } from '@faultline/pagetable-core'

/**
 * Gives the faulting address a page of its own that may be written.
 *
 * Reuse keeps the entry's uffd-wp bit, a copy for writing drops it, a copy for unsharing keeps it: as Linux does.
 * @source v6.18 mm/memory.c do_wp_page(), wp_page_reuse(), wp_page_copy()
 */
export function copyOnWrite(fault: Fault): number {
  const { vma, mm, lo, hi } = fault
  const machine = mm.machine
  const { frames, tables } = machine
  const old = ptePfn(lo, hi)
  if (canReuse(mm, old)) {
    if ((frames.flags(old) & FRAME_EXCLUSIVE) === 0) frames.setFlags(old, FRAME_EXCLUSIVE)
    if (!fault.unshare) {
      const writable = vma.flags & VM_WRITE ? PAGE_RW : 0
      tables.set(fault.table, fault.index, lo | PAGE_ACCESSED | DIRTY_BY_SOFTWARE | writable, hi)
      machine.counters.ptes++
    }
    return FAULT_DONE
  }
  const stamp = frames.stamp(old)
  const fresh = newAnonPage(mm, vma, fault.vpn, 0)
  if (fresh === 0) return FAULT_OOM
  frames.setStamp(fresh, stamp)
  machine.counters.pagesCopied++
  machine.counters.faultsCow++
  const flags = fault.unshare ? lo & PAGE_UFFD_WP : vma.flags & VM_WRITE ? PAGE_RW | PAGE_DIRTY : PAGE_DIRTY
  tables.set(fault.table, fault.index, pteLo(fresh, flags), pteHi(fresh, vma.flags))
  mm.flush(fault.vpn, 1)
  if ((frames.flags(old) & FRAME_ZERO) === 0) {
    frames.setField(old, FRAME_MAP, frames.field(old, FRAME_MAP) - 1)
    frames.put(old)
  }
  return FAULT_DONE
}

/** An anonymous page that no one else maps or caches. @source mm/memory.c wp_can_reuse_anon_folio() */
function canReuse(mm: Mm, pfn: number): boolean {
  const { frames, swap } = mm.machine
  const flags = frames.flags(pfn)
  if ((flags & FRAME_ANON) === 0 || flags & FRAME_KSM) return false
  if (flags & FRAME_EXCLUSIVE) return true
  const head = frames.head(pfn)
  const slot = frames.field(head, FRAME_SLOT)
  // While other entries hold the slot, the page in the swap cache is theirs too. @source mm/swapfile.c folio_free_swap()
  if (slot !== 0 && swap.count(slot - 1) !== 0) return false
  if (frames.order(head) !== 0 && mm.calls.reusesLarge !== 'last') return canReuseLarge(mm, head)
  return frames.field(head, FRAME_REF) === (slot !== 0 ? 2 : 1)
}

/** A huge page of which more than one page is left, all of them here. Of one page alone a copy frees the rest. @source mm/memory.c __wp_can_reuse_large_anon_folio() */
function canReuseLarge(mm: Mm, head: number): boolean {
  return mm.calls.reusesLarge === 'alone' && mm.machine.frames.field(head, FRAME_REF) > 1 && mm.mapsAlone(head)
}
