/**
 * The page cache of a hugetlb file, in huge pages.
 * @module
 */
import { FRAME_CACHE, FRAME_INDEX, FRAME_MAPPING, type Inode, type Machine } from '@faultline/mm-types'
import type { HugePool } from './pool.ts'

/** The first frame of a cached huge page, or 0. */
export function findHugePage(inode: Inode, pgoff: number): number {
  return inode.pages.get(pgoff) ?? 0
}

export function hasHugePage(inode: Inode, pgoff: number): boolean {
  return inode.pages.has(pgoff)
}

/** Adds a new huge page, every 4 KiB of it stamped; the cache holds its only reference. */
export function addHugePage(machine: Machine, inode: Inode, pgoff: number, stamp: number, pool: HugePool): number {
  const pfn = pool.take(machine, inode, pgoff)
  if (pfn === 0) return 0
  const frames = machine.frames
  frames.setFlags(pfn, FRAME_CACHE)
  frames.setField(pfn, FRAME_MAPPING, inode.id)
  frames.setField(pfn, FRAME_INDEX, pgoff)
  if (stamp !== 0) for (let i = 0; i < 2 ** (inode.pageShift - 12); i++) frames.setStamp(pfn + i, stamp)
  inode.pages.set(pgoff, pfn)
  return pfn
}

/** Drops huge pages [from, to). */
export function removeHugePages(machine: Machine, inode: Inode, from: number, to: number): void {
  for (const [pgoff, pfn] of [...inode.pages]) {
    if (pgoff < from || pgoff >= to) continue
    inode.pages.delete(pgoff)
    machine.frames.clearFlags(pfn, FRAME_CACHE)
    machine.frames.put(pfn)
  }
}
