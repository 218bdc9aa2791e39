/**
 * The swap cache: a page that was read from a slot, or is on its way to one, while other entries still hold the slot.
 * @module
 */
import { FRAME_DIRTY, FRAME_SLOT, type Machine } from '@faultline/mm-types'

/** Takes a page out of the swap cache when no entry holds its slot any more. @source mm/swapfile.c folio_free_swap() */
export function dropSwapCache(machine: Machine, pfn: number): void {
  const { frames, swap } = machine
  const slot = frames.field(pfn, FRAME_SLOT) - 1
  if (slot < 0 || swap.count(slot) !== 0) return
  frames.setField(pfn, FRAME_SLOT, 0)
  frames.setFlags(pfn, FRAME_DIRTY)
  swap.setCached(slot, 0)
  frames.put(pfn)
}
