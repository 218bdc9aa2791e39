/**
 * Anonymous pages as frames: what every backend does that gives a private mapping a page of its own.
 * @module
 */
import {
  type AnonVma,
  FRAME_ANON,
  FRAME_CHUNK_MASK,
  FRAME_ENTIRE,
  FRAME_EXCLUSIVE,
  FRAME_FLAGS,
  FRAME_HUGETLB,
  FRAME_INDEX,
  FRAME_MAP,
  FRAME_MAPPING,
  FRAME_SWAPBACKED,
  type Mm,
  type Vma,
} from '@faultline/mm-types'

// Once more: V8 folds the constants of a module itself, but loads an imported one at every use.
const CHUNK_MASK = FRAME_CHUNK_MASK
const FLAGS = FRAME_FLAGS
const MAP = FRAME_MAP
const ENTIRE = FRAME_ENTIRE
const MAPPING = FRAME_MAPPING
const INDEX = FRAME_INDEX
const OWN = FRAME_ANON | FRAME_EXCLUSIVE | FRAME_SWAPBACKED
const OWN_HUGE = FRAME_ANON | FRAME_EXCLUSIVE | FRAME_HUGETLB

/**
 * A new exclusive anonymous page of 2^order 4 KiB pages for a vma, counted as mapped once.
 *
 * @returns its first frame, or 0 when there is no frame left
 * @source v6.18 mm/rmap.c folio_add_new_anon_rmap()
 */
export function newAnonPage(mm: Mm, vma: Vma, vpn: number, order: number): number {
  if (vma.anonVma === null) mm.prepareAnonVma(vma)
  const frames = mm.machine.frames
  const pfn = frames.alloc(order)
  if (pfn === 0) return 0
  const chunk = frames.chunk(pfn)
  const at = pfn & CHUNK_MASK
  chunk[order === 0 ? at + MAP : at + ENTIRE] = 1
  chunk[at + FLAGS] |= order === 0 ? OWN : OWN_HUGE
  if (order !== 0) frames.hugetlbInUse(order, 1)
  chunk[at + MAPPING] = (vma.anonVma as AnonVma).id
  chunk[at + INDEX] = vma.pgoff + (vpn - vma.start)
  return pfn
}
