/**
 * The scan of one table of 512 entries.
 * @module
 */
import {
  type CollapseLimits,
  type CollapseScan,
  FRAME_CHUNK_MASK,
  FRAME_MAP,
  type Frames,
  PAGE_PRESENT_ANY,
  PAGE_UFFD_WP,
  PTE_MARKER_UFFD_WP,
  SCAN_EXCEED_NONE_PTE,
  SCAN_EXCEED_SHARED_PTE,
  SCAN_EXCEED_SWAP_PTE,
  SCAN_FAIL,
  SCAN_PTE_UFFD_WP,
  SCAN_SUCCEED,
  SWP_UFFD_WP,
} from '@faultline/mm-types'
import { FIRST_PFN, ptePfn } from '@faultline/pagetable-core'

/** What khugepaged allows by default. @source v6.18 mm/khugepaged.c khugepaged_max_ptes_none and the like */
export const KHUGEPAGED_DEFAULTS: CollapseLimits = { maxPtesNone: 511, maxPtesSwap: 64, maxPtesShared: 256 }

// Constants of the innermost loop, once more: V8 folds those of a module itself, but loads an imported one at every use.
const PRESENT = PAGE_PRESENT_ANY
const MAP = FRAME_MAP
const CHUNK_MASK = FRAME_CHUNK_MASK
const END_OF_ZERO_PAGES = FIRST_PFN

/**
 * Counts what stands in the way of a collapse.
 *
 * @param mostNone none entries allowed whatever the limits say, -1 for the limits alone
 * @param checksBit whether an armed entry ends the scan
 * @returns a SCAN_* code
 */
export function scanTable(lo: Int32Array, hi: Int32Array, base: number, scan: CollapseScan, mostNone: number, checksBit: boolean): number {
  const { limits, frames, encoding, forced } = scan
  const maxNone = mostNone >= 0 ? mostNone : forced ? 512 : limits.maxPtesNone
  const maxSwap = forced ? 512 : limits.maxPtesSwap
  const maxShared = forced ? 512 : limits.maxPtesShared
  const armed = checksBit ? PAGE_UFFD_WP : 0
  let none = 0
  let swap = 0
  let shared = 0
  let marked = false
  for (let at = base, end = base + 512; at < end; at++) {
    at = maxShared < 512 ? skipOwn(lo, hi, at, end, armed, frames) : skipPresent(lo, at, end, armed)
    if (at === end) break
    const word = lo[at]
    if (word & PAGE_PRESENT_ANY) {
      const pfn = ptePfn(word, hi[at])
      const isZero = pfn < FIRST_PFN
      if (isZero && ++none > maxNone) return SCAN_EXCEED_NONE_PTE
      if (word & armed) return SCAN_PTE_UFFD_WP
      if (!isZero && frames.field(pfn, FRAME_MAP) > 1 && ++shared > maxShared) return SCAN_EXCEED_SHARED_PTE
    } else if (word === 0 && hi[at] === 0) {
      if (++none > maxNone) return SCAN_EXCEED_NONE_PTE
    } else {
      const bits = encoding.markerBits(word, hi[at])
      if (checksBit && (bits & PTE_MARKER_UFFD_WP || word & SWP_UFFD_WP)) return SCAN_PTE_UFFD_WP
      if (bits !== 0) marked = true
      if (++swap > maxSwap) return SCAN_EXCEED_SWAP_PTE
    }
  }
  // A guard or poison counts as swapped here, and is what the swap-in will fail at.
  return marked ? SCAN_FAIL : SCAN_SUCCEED
}

/** The first entry from `at` on that is to be looked at more closely: not present, armed, or perhaps a zero page. No frame is asked. */
function skipPresent(lo: Int32Array, at: number, end: number, armed: number): number {
  for (; at < end; at++) {
    const word = lo[at]
    if ((word & PRESENT) === 0 || (word & armed) !== 0 || word >>> 12 < END_OF_ZERO_PAGES) break
  }
  return at
}

/** The same, and pages that several entries map, for which each frame is asked. */
function skipOwn(lo: Int32Array, hi: Int32Array, at: number, end: number, armed: number, frames: Frames): number {
  for (; at < end; at++) {
    const word = lo[at]
    if ((word & PRESENT) === 0 || (word & armed) !== 0 || word >>> 12 < END_OF_ZERO_PAGES) break
    const pfn = (word >>> 12) | ((hi[at] & 0xfffff) << 20)
    if (frames.chunk(pfn)[(pfn & CHUNK_MASK) + MAP] > 1) break
  }
  return at
}
