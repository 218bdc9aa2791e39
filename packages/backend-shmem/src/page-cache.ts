/**
 * The page cache of a shmem file. An entry is a frame, or the negated slot of a page in swap.
 *
 * @source v6.18 mm/shmem.c shmem_get_folio_gfp(), shmem_writeout(), shmem_undo_range()
 * @fidelity simplified shmem_get_folio_gfp(): 4 KiB pages only; no readahead
 * @module
 */
import {
  FRAME_CACHE,
  FRAME_DIRTY,
  FRAME_INDEX,
  FRAME_MAPPING,
  FRAME_NOT_UPTODATE,
  FRAME_ORDER_SHIFT,
  FRAME_REF,
  FRAME_SWAPBACKED,
  type Inode,
  type Machine,
} from '@faultline/mm-types'

/** The frame of a page, read from swap when it is there and `swapIn` says so; 0 when there is none. */
export function findPage(machine: Machine, inode: Inode, pgoff: number, swapIn: boolean): number {
  const entry = inode.pages.get(pgoff)
  if (entry === undefined) return 0
  if (entry > 0) {
    if (swapIn && machine.frames.flags(entry) & FRAME_NOT_UPTODATE) machine.frames.clearFlags(entry, FRAME_NOT_UPTODATE)
    return entry
  }
  if (!swapIn) return 0
  const slot = -entry
  const pfn = machine.frames.alloc(0)
  if (pfn === 0) return 0
  machine.counters.swapIns++
  enter(machine, inode, pgoff, pfn, machine.swap.stamp(slot))
  machine.frames.setFlags(pfn, FRAME_DIRTY)
  machine.swap.free(slot)
  return pfn
}

/** True when the file has the page, in memory or in swap. */
export function hasPage(inode: Inode, pgoff: number): boolean {
  return inode.pages.has(pgoff)
}

/** Adds a new page; the cache holds its only reference. @returns its frame, or 0 */
export function addPage(machine: Machine, inode: Inode, pgoff: number, stamp: number): number {
  const pfn = machine.frames.alloc(0)
  if (pfn !== 0) enter(machine, inode, pgoff, pfn, stamp)
  return pfn
}

function enter(machine: Machine, inode: Inode, pgoff: number, pfn: number, stamp: number): void {
  const frames = machine.frames
  frames.setFlags(pfn, FRAME_CACHE | FRAME_SWAPBACKED)
  frames.setField(pfn, FRAME_MAPPING, inode.id)
  frames.setField(pfn, FRAME_INDEX, pgoff)
  frames.setStamp(pfn, stamp)
  inode.pages.set(pgoff, pfn)
}

/** Drops pages [from, to). Their mappings are gone already. */
export function removePages(machine: Machine, inode: Inode, from: number, to: number): void {
  if (to - from > inode.pages.size) {
    for (const pgoff of [...inode.pages.keys()]) if (pgoff >= from && pgoff < to) removePage(machine, inode, pgoff)
  } else for (let pgoff = from; pgoff < to; pgoff++) removePage(machine, inode, pgoff)
}

function removePage(machine: Machine, inode: Inode, pgoff: number): void {
  const entry = inode.pages.get(pgoff)
  if (entry === undefined) return
  inode.pages.delete(pgoff)
  if (entry < 0) machine.swap.free(-entry)
  else {
    machine.frames.clearFlags(entry, FRAME_CACHE)
    machine.frames.put(entry)
  }
}

/**
 * Writes one page to swap when nothing but the cache holds it; one that nobody has written since it was made is dropped.
 *
 * @returns false when it stays
 */
export function reclaimPage(machine: Machine, inode: Inode, pgoff: number): boolean {
  const { frames, swap, counters } = machine
  const pfn = inode.pages.get(pgoff)
  if (pfn === undefined || pfn < 0) return false
  if (frames.field(pfn, FRAME_REF) !== 1 || frames.flags(pfn) >>> FRAME_ORDER_SHIFT !== 0) return false
  if ((frames.flags(pfn) & FRAME_DIRTY) === 0) {
    removePage(machine, inode, pgoff)
    return true
  }
  const slot = swap.alloc(frames.stamp(pfn))
  if (slot === 0) return false
  counters.swapOuts++
  inode.pages.set(pgoff, -slot)
  frames.put(pfn)
  return true
}
