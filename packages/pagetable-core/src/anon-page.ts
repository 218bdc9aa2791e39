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
  FRAME_SHIFT,
  FRAME_SWAPBACKED,
  type Mm,
  type Vma,
} from '@faultline/mm-types'

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
  const at = (pfn & FRAME_CHUNK_MASK) << FRAME_SHIFT
  chunk[order === 0 ? at + FRAME_MAP : at + FRAME_ENTIRE] = 1
  chunk[at + FRAME_FLAGS] |= order === 0 ? FRAME_ANON | FRAME_EXCLUSIVE | FRAME_SWAPBACKED : FRAME_ANON | FRAME_EXCLUSIVE | FRAME_HUGETLB
  if (order !== 0) frames.hugetlbInUse(order, 1)
  chunk[at + FRAME_MAPPING] = (vma.anonVma as AnonVma).id
  chunk[at + FRAME_INDEX] = vma.pgoff + (vpn - vma.start)
  return pfn
}
