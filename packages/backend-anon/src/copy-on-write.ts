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
  type Vma,
} from '@faultline/mm-types'
import { DIRTY_BY_SOFTWARE, newAnonPage, pteHi, pteLo, ptePfn } from '@faultline/pagetable-core'

// Once more: V8 folds the constants of a module itself, but loads an imported one at every use.
const EXCLUSIVE = FRAME_EXCLUSIVE
const ANON = FRAME_ANON
const KSM = FRAME_KSM
const OWN = FRAME_ANON | FRAME_EXCLUSIVE
const KIND = OWN | FRAME_KSM
const MAY_WRITE = VM_WRITE
const WRITABLE = PAGE_RW
const WRITTEN = PAGE_ACCESSED | DIRTY_BY_SOFTWARE

/**
 * Gives the faulting address a page of its own that may be written.
 *
 * Reuse keeps the entry's uffd-wp bit, a copy for writing drops it, a copy for unsharing keeps it: as Linux does.
 * @source v6.18 mm/memory.c do_wp_page(), wp_page_reuse(), wp_page_copy()
 */
export function copyOnWrite(fault: Fault): number {
  if (reusePage(fault)) return FAULT_DONE
  const copy = allocateCopy(fault)
  if (copy === 0) return FAULT_OOM
  copyContents(fault, copy)
  installCopy(fault, copy)
  return FAULT_DONE
}

/** First step: makes the entry writable when nobody else has the page. @returns false when the page is to be copied */
export function reusePage(fault: Fault): boolean {
  const { vma, mm, lo, hi } = fault
  if (!fault.unshare) return reuse(mm, vma, fault.table, fault.index, lo, hi, false)
  const { frames } = mm.machine
  const old = ptePfn(lo, hi)
  const flags = frames.flags(old)
  if (!canReuse(mm, old, flags)) return false
  if ((flags & EXCLUSIVE) === 0) frames.setFlags(old, EXCLUSIVE)
  return true
}

/** The same for an access. See `AnonShortcut`. */
export function reuse(mm: Mm, vma: Vma, table: number, index: number, lo: number, hi: number, disarms: boolean): boolean {
  const { frames, tables, counters } = mm.machine
  const old = ptePfn(lo, hi)
  const flags = frames.flags(old)
  // Most pages: nobody else's, and no rule asks for more. Apart from the other questions, so that this is inlined.
  if ((flags & KIND) !== OWN || mm.tlb.cowReuse === 'page_count') {
    if (!canReuse(mm, old, flags)) return false
    frames.setFlags(old, EXCLUSIVE)
  }
  const los = disarms ? tables.loToDisarm(table) : tables.lo(table)
  los[tables.base(table) + index] = lo | (vma.flags & MAY_WRITE ? WRITTEN | WRITABLE : WRITTEN)
  counters.ptes++
  return true
}

/** Second step: a page for the copy. @returns its frame, or 0 when there is none left */
export function allocateCopy(fault: Fault): number {
  return newAnonPage(fault.mm, fault.vma, fault.vpn, 0)
}

/** Third step: what the page holds now. */
export function copyContents(fault: Fault, copy: number): void {
  const { frames, counters } = fault.mm.machine
  frames.setStamp(copy, frames.stamp(ptePfn(fault.lo, fault.hi)))
  counters.pagesCopied++
}

/** Last step: puts the copy in place of the page, and makes every CPU forget that. The entry must be what the fault has read. */
export function installCopy(fault: Fault, copy: number): void {
  const { vma, mm, lo } = fault
  const { frames, tables, counters } = mm.machine
  const old = ptePfn(lo, fault.hi)
  counters.faultsCow++
  const flags = fault.unshare ? lo & PAGE_UFFD_WP : vma.flags & VM_WRITE ? PAGE_RW | PAGE_DIRTY : PAGE_DIRTY
  tables.set(fault.table, fault.index, pteLo(copy, flags), pteHi(copy, vma.flags))
  mm.flush(fault.vpn, 1)
  if ((frames.flags(old) & FRAME_ZERO) === 0) {
    frames.setField(old, FRAME_MAP, frames.field(old, FRAME_MAP) - 1)
    frames.put(old)
  }
}

/**
 * An anonymous page that no one else maps or caches, by the rule of the design. Without pins and batches that hold references of their
 * own, which only races bring about, the rules agree: here, references of the swap cache and of a large folio's other pages do not make
 * 5.9 to 5.17 copy, as they did.
 *
 * @source v6.18 mm/memory.c wp_can_reuse_anon_folio(); v5.11 mm/memory.c do_wp_page(); v5.8 mm/swapfile.c reuse_swap_page()
 */
function canReuse(mm: Mm, pfn: number, flags: number): boolean {
  if ((flags & ANON) === 0 || flags & KSM) return false
  const rule = mm.tlb.cowReuse
  if (flags & EXCLUSIVE && rule !== 'page_count') return true
  const { frames, swap } = mm.machine
  const head = frames.head(pfn)
  const large = frames.order(head) !== 0
  if (flags & EXCLUSIVE && large) return true
  const slot = frames.field(head, FRAME_SLOT)
  // While other entries hold the slot, the page in the swap cache is theirs too. @source mm/swapfile.c folio_free_swap()
  if (slot !== 0 && swap.count(slot - 1) !== 0) return false
  if (large && mm.calls.reusesLarge !== 'last') return canReuseLarge(mm, head)
  if (rule === 'mapcount' && !large) return frames.mapcount(pfn) === 1
  return frames.field(head, FRAME_REF) === (slot !== 0 ? 2 : 1)
}

/** A huge page of which more than one page is left, all of them here. Of one page alone a copy frees the rest. @source mm/memory.c __wp_can_reuse_large_anon_folio() */
function canReuseLarge(mm: Mm, head: number): boolean {
  return mm.calls.reusesLarge === 'alone' && mm.machine.frames.field(head, FRAME_REF) > 1 && mm.mapsAlone(head)
}
