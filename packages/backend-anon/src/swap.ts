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
  FRAME_SLOT,
  FRAME_STAMP,
  FRAME_SWAPBACKED,
  type Machine,
  type Mm,
  PAGE_DIRTY,
  PAGE_RW,
  PAGE_SOFT_DIRTY,
  PAGE_UFFD_WP,
  SLOT_CACHED,
  SLOT_CHUNK_MASK,
  SLOT_COUNT,
  SLOT_SHIFT,
  SWP_EXCLUSIVE,
  SWP_SOFT_DIRTY,
  SWP_UFFD_WP,
  VM_UFFD_WP,
  VM_WRITE,
  type Vma,
} from '@faultline/mm-types'
import { DIRTY_BY_SOFTWARE, needsSoftDirtyWp, pteHi, pteLo, ptePfn } from '@faultline/pagetable-core'
import { pteSwpMkexclusive, pteSwpMksoftDirty, pteSwpMkuffdWp, swpOffset, swpPteHi, swpPteLo } from '@faultline/swap-entry'
import { AREA } from './swap-run.ts'

// Constants of every page, once more: V8 folds those of a module itself, but loads an imported one at every use.
const MAP = FRAME_MAP
const FLAGS = FRAME_FLAGS
const STAMP = FRAME_STAMP
const MAPPING = FRAME_MAPPING
const INDEX = FRAME_INDEX
const CHUNK_MASK = FRAME_CHUNK_MASK
const NEW_FLAGS = FRAME_ANON | FRAME_SWAPBACKED | FRAME_EXCLUSIVE | FRAME_DIRTY
const COUNT = SLOT_COUNT
const CACHED = SLOT_CACHED
const SLOT_WORDS = SLOT_SHIFT
const SLOT_MASK = SLOT_CHUNK_MASK
const WRITABLE = PAGE_RW
const DIRTY = PAGE_DIRTY
const ARMED = PAGE_UFFD_WP
const SOFT_DIRTY = PAGE_SOFT_DIRTY
const ENTRY_ARMED = SWP_UFFD_WP
const ENTRY_SOFT_DIRTY = SWP_SOFT_DIRTY
const MAY_WRITE = VM_WRITE
const WATCHED = VM_UFFD_WP
const DONE = FAULT_DONE

/**
 * Brings a swapped page back; the uffd-wp and soft-dirty bits move from the swap entry into the pte.
 *
 * @source v6.18 mm/memory.c do_swap_page()
 * @fidelity simplified: one page at a time, no readahead; a page leaves the swap cache as soon as no entry holds its slot
 */
export function swapIn(fault: Fault): number {
  const { mm, vma, lo, hi } = fault
  const slot = slotOf(lo, hi)
  if (!isAlone(mm, slot)) return swapInShared(fault, slot)
  return swapInAlone(mm, vma, fault.vpn, fault.table, fault.write, lo, slot) ? DONE : FAULT_OOM
}

/** The same of an entry that alone holds its slot. @returns false for any other, and when no frame is left: nothing has changed then */
export function bringBack(mm: Mm, vma: Vma, vpn: number, table: number, write: boolean, lo: number, hi: number): boolean {
  const slot = slotOf(lo, hi)
  return isAlone(mm, slot) && swapInAlone(mm, vma, vpn, table, write, lo, slot)
}

/** Slots of this area are below 2^31; an offset may be any number to the compiler. */
function slotOf(lo: number, hi: number): number {
  return swpOffset(lo, hi) | 0
}

function isAlone(mm: Mm, slot: number): boolean {
  const chunk = mm.machine.swap.chunk(slot)
  const record = (slot & SLOT_MASK) << SLOT_WORDS
  return chunk[record + COUNT] === 1 && chunk[record + CACHED] === 0
}

/** The page of a slot that other entries hold too, or that is in the swap cache already. */
function swapInShared(fault: Fault, slot: number): number {
  const { vma, mm, lo } = fault
  const machine = mm.machine
  const { frames, swap, tables } = machine
  const pfn = readSlot(machine, slot)
  if (pfn === 0) return FAULT_OOM
  machine.counters.faultsSwapIn++
  swap.free(slot)
  if (swap.count(slot) === 0) leaveSwapCache(machine, pfn, slot)
  const armed = lo & SWP_UFFD_WP ? PAGE_UFFD_WP : 0
  const exclusive = (frames.flags(pfn) & FRAME_KSM) === 0 && ((lo & SWP_EXCLUSIVE) !== 0 || frames.field(pfn, FRAME_REF) === 1)
  let flags = armed | (lo & SWP_SOFT_DIRTY ? PAGE_SOFT_DIRTY : 0)
  if (exclusive) {
    flags |= mm.calls.swapInWritable ? writableSwapIn(vma, fault.write, armed, flags) : writtenSwapIn(vma, fault.write, armed)
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
function swapInAlone(mm: Mm, vma: Vma, vpn: number, table: number, write: boolean, lo: number, slot: number): boolean {
  const { frames, swap, tables, counters } = mm.machine
  const pfn = frames.alloc(0)
  if (pfn === 0) return false
  counters.swapIns++
  counters.faultsSwapIn++
  const armed = lo & ENTRY_ARMED ? ARMED : 0
  let flags = armed | (lo & ENTRY_SOFT_DIRTY ? SOFT_DIRTY : 0)
  flags |= mm.calls.swapInWritable ? writableSwapIn(vma, write, armed, flags) : writtenSwapIn(vma, write, armed)
  if (vma.anonVma === null) mm.prepareAnonVma(vma)
  const chunk = frames.chunk(pfn)
  const record = pfn & CHUNK_MASK
  chunk[record + MAP] = 1
  chunk[record + FLAGS] |= NEW_FLAGS
  chunk[record + STAMP] = swap.stamp(slot)
  chunk[record + MAPPING] = (vma.anonVma as { id: number }).id
  chunk[record + INDEX] = vma.pgoff + (vpn - vma.start)
  swap.free(slot)
  tables.set(table, vpn & 511, pteLo(pfn, flags), pteHi(pfn, vma.flags))
  return true
}

function writableSwapIn(vma: Vma, write: boolean, armed: number, flags: number): number {
  if ((vma.flags & MAY_WRITE) === 0 || (armed && vma.flags & WATCHED) || needsSoftDirtyWp(vma, flags)) return 0
  return write ? WRITABLE | DIRTY : WRITABLE
}

/** Only a write makes it writable; protection is looked at after that. @source v6.1 mm/memory.c do_swap_page() */
function writtenSwapIn(vma: Vma, write: boolean, armed: number): number {
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
