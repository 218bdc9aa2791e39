/**
 * Encoding: the special pte, a word pattern that is no swap entry: only the swap uffd-wp bit.
 *
 * Exactly one pattern: whoever adds soft-dirty or clears uffd-wp on it makes a swap entry or a none pte of it, so
 * callers must recognise it before they touch swap flags. That is the audit the series was criticised for needing.
 *
 * @module
 */
import { type MarkerEncoding, SOFTLEAF_SPECIAL_PTE } from '@faultline/mm-types'

/** lo = bit 2, hi = 0; carries write protection and nothing else. */
export const specialPte: MarkerEncoding = {
  name: 'special-pte',
  title: 'special pte: only the swap uffd-wp bit set',
  source: 'Peter Xu, userfaultfd-wp for shmem and hugetlbfs, RFC of January 2021 to v5 of July 2021',
  bits: 0x1,
  markerClass: SOFTLEAF_SPECIAL_PTE,
  wpLo: 0x4,
  wpHi: 0,
  wpTestLoMask: -1,
  wpTestLo: 0x4,
  wpTestHiMask: -1,
  wpTestHi: 0,
  swapTypesTaken: 0,
  collides: 'type 0, offset 2^50-1, uffd-wp: no swap area is that large (the offset is stored inverted)',
  markerLo: (bits) => (bits === 0x1 ? 0x4 : 0),
  markerHi: () => 0,
  markerBits: (lo, hi) => (lo === 0x4 && hi === 0 ? 0x1 : 0),
}
