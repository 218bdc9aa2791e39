/**
 * Runs of anonymous pages to swap.
 * @module
 */
import {
  FRAME_ANON,
  FRAME_CHUNK_MASK,
  FRAME_DIRTY,
  FRAME_EXCLUSIVE,
  FRAME_FLAGS,
  FRAME_MAP,
  FRAME_REF,
  FRAME_STAMP,
  FRAME_SWAPBACKED,
  type Machine,
  PAGE_PRESENT_ANY,
  PAGE_PSE,
  PAGE_SOFT_DIRTY,
  PAGE_UFFD_WP,
  SWP_EXCLUSIVE,
  SWP_SOFT_DIRTY,
  SWP_UFFD_WP,
} from '@faultline/mm-types'
import { ptePfn } from '@faultline/pagetable-core'
import { swpPteHi, swpPteLo } from '@faultline/swap-entry'

/** The swap area all entries name. */
export const AREA = 0

// Constants of the loop, once more: V8 folds those of a module itself, but loads an imported one at every use.
const REF = FRAME_REF
const MAP = FRAME_MAP
const FLAGS = FRAME_FLAGS
const STAMP = FRAME_STAMP
const CHUNK_MASK = FRAME_CHUNK_MASK
const PRESENT = PAGE_PRESENT_ANY
const HUGE = PAGE_PSE
const EXCLUSIVE = FRAME_EXCLUSIVE
/** Whatever else is known of a page, this path knows nothing about. */
const KNOWN_FLAGS = ~(FRAME_EXCLUSIVE | FRAME_DIRTY)
const SWAPPABLE = FRAME_ANON | FRAME_SWAPBACKED

/**
 * Moves pages to swap for as long as each is a single page that its one entry alone holds. Nothing is flushed.
 *
 * @returns entries done, from `from` on and not beyond `to`
 * @source v6.18 mm/rmap.c try_to_unmap_one()
 */
export function swapOutRun(machine: Machine, table: number, from: number, to: number): number {
  const { frames, swap, tables } = machine
  const los = tables.lo(table)
  const his = tables.hi(table)
  const base = tables.base(table)
  // Frames that follow one another are freed together.
  let first = 0
  let nr = 0
  let i = from
  for (; i < to; i++) {
    const lo = los[base + i]
    if ((lo & PRESENT) === 0 || lo & HUGE) break
    const pfn = ptePfn(lo, his[base + i])
    const chunk = frames.chunk(pfn)
    const record = pfn & CHUNK_MASK
    const flags = chunk[record + FLAGS]
    if (chunk[record + REF] !== 1 || chunk[record + MAP] !== 1 || (flags & KNOWN_FLAGS) !== SWAPPABLE) break
    const slot = swap.alloc(chunk[record + STAMP])
    if (slot === 0) break
    chunk[record + REF] = 0
    los[base + i] = swpPteLo(AREA, slot) | swapBits(lo) | (flags & EXCLUSIVE ? SWP_EXCLUSIVE : 0)
    his[base + i] = swpPteHi(AREA, slot)
    if (pfn === first + nr) nr++
    else {
      frames.freeRun(first, nr)
      first = pfn
      nr = 1
    }
  }
  frames.freeRun(first, nr)
  return i - from
}

/** The uffd-wp and soft-dirty bits ride along. */
function swapBits(lo: number): number {
  return (lo & PAGE_UFFD_WP ? SWP_UFFD_WP : 0) | (lo & PAGE_SOFT_DIRTY ? SWP_SOFT_DIRTY : 0)
}
