/**
 * The scan of one table of 512 entries.
 * @module
 */
import {
  type CollapseLimits,
  type CollapseScan,
  FRAME_CHUNK_MASK,
  FRAME_FLAGS,
  FRAME_MAP,
  FRAME_SHIFT,
  FRAME_ZERO,
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

/** What khugepaged allows by default. @source v6.18 mm/khugepaged.c khugepaged_max_ptes_none and the like */
export const KHUGEPAGED_DEFAULTS: CollapseLimits = { maxPtesNone: 511, maxPtesSwap: 64, maxPtesShared: 256 }

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
  let none = 0
  let swap = 0
  let shared = 0
  let marked = false
  for (let at = base, end = base + 512; at < end; at++) {
    const word = lo[at]
    if (word & PAGE_PRESENT_ANY) {
      const pfn = (word >>> 12) | ((hi[at] & 0xfffff) << 20)
      const chunk = frames.chunk(pfn)
      const record = (pfn & FRAME_CHUNK_MASK) << FRAME_SHIFT
      if (chunk[record + FRAME_FLAGS] & FRAME_ZERO) {
        if (++none > maxNone) return SCAN_EXCEED_NONE_PTE
      }
      if (checksBit && word & PAGE_UFFD_WP) return SCAN_PTE_UFFD_WP
      if ((chunk[record + FRAME_FLAGS] & FRAME_ZERO) === 0 && chunk[record + FRAME_MAP] > 1 && ++shared > maxShared)
        return SCAN_EXCEED_SHARED_PTE
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
