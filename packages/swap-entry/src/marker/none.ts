/**
 * Encoding: nothing. An erased pte is zero and what it knew is lost.
 *
 * @module
 */
import { type MarkerEncoding, SOFTLEAF_NONE } from '@faultline/mm-types'

/** An erased pte remembers nothing; the baseline of every comparison. */
export const noMarker: MarkerEncoding = {
  name: 'none',
  title: 'no marker: the bit is lost with the pte',
  source: 'v5.7 mm/mprotect.c change_pte_range(), which leaves none ptes none',
  bits: 0,
  markerClass: SOFTLEAF_NONE,
  wpLo: 0,
  wpHi: 0,
  wpTestLoMask: 0,
  wpTestLo: 1, // x & 0 is never 1
  wpTestHiMask: 0,
  wpTestHi: 1,
  swapTypesTaken: 0,
  collides: 'nothing: it has no words of its own',
  markerLo: () => 0,
  markerHi: () => 0,
  markerBits: () => 0,
}
