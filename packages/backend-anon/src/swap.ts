/**
 * Anonymous pages to swap and back.
 * @module
 */
import {
  FAULT_DONE,
  FAULT_OOM,
  type Fault,
  FRAME_ANON,
  FRAME_CHUNK_MASK,
  FRAME_DIRTY,
  FRAME_EXCLUSIVE,
  FRAME_FLAGS,
  FRAME_INDEX,
  FRAME_KSM,
  FRAME_MAP,
  FRAME_MAPPING,
  FRAME_REF,
  FRAME_SHIFT,
  FRAME_SLOT,
  FRAME_STAMP,
  FRAME_SWAPBACKED,
  type Machine,
  PAGE_DIRTY,
  PAGE_RW,
  PAGE_SOFT_DIRTY,
  PAGE_UFFD_WP,
  SWP_EXCLUSIVE,
  SWP_SOFT_DIRTY,
  SWP_UFFD_WP,
  VM_UFFD_WP,
  VM_WRITE,
} from '@faultline/mm-types'
import { DIRTY_BY_SOFTWARE, needsSoftDirtyWp, pteHi, pteLo, ptePfn } from '@faultline/pagetable-core'
import { pteSwpMkexclusive, pteSwpMksoftDirty, pteSwpMkuffdWp, swpOffset, swpPteHi, swpPteLo } from '@faultline/swap-entry'
import { AREA } from './swap-run.ts'

/**
 * Brings a swapped page back; the uffd-wp and soft-dirty bits move from the swap entry into the pte.
 *
 * @source v6.18 mm/memory.c do_swap_page()
 * @fidelity simplified: one page at a time, no readahead; a page leaves the swap cache as soon as no entry holds its slot
 */
export function swapIn(fault: Fault): number {
  const { vma, mm, lo, hi } = fault
  const machine = mm.machine
  const { frames, swap, tables } = machine
  const slot = swpOffset(lo, hi)
  if (swap.count(slot) === 1 && swap.cached(slot) === 0) return swapInAlone(fault, slot)
  const pfn = readSlot(machine, slot)
  if (pfn === 0) return FAULT_OOM
  machine.counters.faultsSwapIn++
  swap.free(slot)
  if (swap.count(slot) === 0) leaveSwapCache(machine, pfn, slot)
  const armed = lo & SWP_UFFD_WP ? PAGE_UFFD_WP : 0
  const exclusive = (frames.flags(pfn) & FRAME_KSM) === 0 && ((lo & SWP_EXCLUSIVE) !== 0 || frames.field(pfn, FRAME_REF) === 1)
  let flags = armed | (lo & SWP_SOFT_DIRTY ? PAGE_SOFT_DIRTY : 0)
  if (exclusive) {
    flags |= mm.calls.swapInWritable ? writableSwapIn(fault, armed, flags) : writtenSwapIn(fault, armed)
    frames.setFlags(pfn, FRAME_EXCLUSIVE)
  }
  if (vma.anonVma === null) mm.prepareAnonVma(vma)
  frames.setFlags(pfn, FRAME_ANON | FRAME_SWAPBACKED)
  frames.setField(pfn, FRAME_MAPPING, (vma.anonVma as { id: number }).id)
  frames.setField(pfn, FRAME_INDEX, vma.pgoff + (fault.vpn - vma.start))
  frames.setField(pfn, FRAME_MAP, frames.field(pfn, FRAME_MAP) + 1)
  tables.set(fault.table, fault.index, pteLo(pfn, flags), pteHi(pfn, vma.flags))
  return FAULT_DONE
}

/**
 * The page of an entry that alone holds its slot: it goes through the swap cache without a trace. Most are, and need none of what the
 * others are asked.
 */
function swapInAlone(fault: Fault, slot: number): number {
  const { vma, mm, lo } = fault
  const { frames, swap, tables, counters } = mm.machine
  const pfn = frames.alloc(0)
  if (pfn === 0) return FAULT_OOM
  counters.swapIns++
  counters.faultsSwapIn++
  const armed = lo & SWP_UFFD_WP ? PAGE_UFFD_WP : 0
  let flags = armed | (lo & SWP_SOFT_DIRTY ? PAGE_SOFT_DIRTY : 0)
  flags |= mm.calls.swapInWritable ? writableSwapIn(fault, armed, flags) : writtenSwapIn(fault, armed)
  if (vma.anonVma === null) mm.prepareAnonVma(vma)
  const chunk = frames.chunk(pfn)
  const record = (pfn & FRAME_CHUNK_MASK) << FRAME_SHIFT
  chunk[record + FRAME_MAP] = 1
  chunk[record + FRAME_FLAGS] |= FRAME_ANON | FRAME_SWAPBACKED | FRAME_EXCLUSIVE | FRAME_DIRTY
  chunk[record + FRAME_STAMP] = swap.stamp(slot)
  chunk[record + FRAME_MAPPING] = (vma.anonVma as { id: number }).id
  chunk[record + FRAME_INDEX] = vma.pgoff + (fault.vpn - vma.start)
  swap.free(slot)
  tables.set(fault.table, fault.index, pteLo(pfn, flags), pteHi(pfn, vma.flags))
  return FAULT_DONE
}

function writableSwapIn({ vma, write }: Fault, armed: number, flags: number): number {
  if ((vma.flags & VM_WRITE) === 0 || (armed && vma.flags & VM_UFFD_WP) || needsSoftDirtyWp(vma, flags)) return 0
  return write ? PAGE_RW | PAGE_DIRTY : PAGE_RW
}

/** Only a write makes it writable; protection is looked at after that. @source v6.1 mm/memory.c do_swap_page() */
function writtenSwapIn({ vma, write }: Fault, armed: number): number {
  if (!write) return 0
  return vma.flags & VM_WRITE && !armed ? PAGE_RW | DIRTY_BY_SOFTWARE : DIRTY_BY_SOFTWARE
}

/** The page of a slot, with one reference for the caller: from the swap cache or read anew. */
function readSlot(machine: Machine, slot: number): number {
  const { frames, swap, counters } = machine
  const cached = swap.cached(slot)
  if (cached !== 0) {
    frames.get(cached)
    return cached
  }
  const pfn = frames.alloc(0)
  if (pfn === 0) return 0
  counters.swapIns++
  frames.setStamp(pfn, swap.stamp(slot))
  frames.setField(pfn, FRAME_SLOT, slot + 1)
  swap.setCached(slot, pfn)
  frames.get(pfn)
  return pfn
}

function leaveSwapCache(machine: Machine, pfn: number, slot: number): void {
  machine.frames.setField(pfn, FRAME_SLOT, 0)
  machine.frames.setFlags(pfn, FRAME_DIRTY)
  machine.swap.setCached(slot, 0)
  machine.frames.put(pfn)
}

/**
 * Replaces one mapping of an anonymous page by an entry for `slot`. The uffd-wp bit rides along.
 *
 * @source v6.18 mm/rmap.c try_to_unmap_one()
 * @fidelity simplified: one pte at a time, no batches; a slot for each page
 */
export function swapOutEntry(fault: Fault, slot: number): void {
  const { lo, hi, mm } = fault
  const { frames, swap, tables } = mm.machine
  const pfn = ptePfn(lo, hi)
  let entry = swpPteLo(AREA, slot)
  if (frames.flags(pfn) & FRAME_EXCLUSIVE) entry = pteSwpMkexclusive(entry)
  if (lo & PAGE_UFFD_WP) entry = pteSwpMkuffdWp(entry)
  if (lo & PAGE_SOFT_DIRTY) entry = pteSwpMksoftDirty(entry)
  swap.dup(slot)
  tables.set(fault.table, fault.index, entry, swpPteHi(AREA, slot))
  frames.setField(pfn, FRAME_MAP, frames.field(pfn, FRAME_MAP) - 1)
  frames.put(pfn)
  mm.flush(fault.vpn, 1)
}
