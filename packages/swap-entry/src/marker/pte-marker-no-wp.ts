/**
 * Encoding: the pte marker with one bit more, for designs in which none means armed.
 *
 * @module
 */
import { type MarkerEncoding, SOFTLEAF_MARKER } from '@faultline/mm-types'
import { pteMarker } from './pte-marker.ts'

/** As Linux has it, and bit 3 of the offset for PTE_MARKER_NO_WP: "this page, which is not there, may be written". */
export const pteMarkerNoWp: MarkerEncoding = {
  ...pteMarker,
  name: 'pte-marker-no-wp',
  title: 'pte marker that can also say: not protected',
  source: 'the pte marker of v6.18 include/linux/swapops.h, with a bit that no kernel has',
  bits: 0xf,
  markerClass: SOFTLEAF_MARKER,
  markerLo: (bits) => (bits > 0 && bits <= 0xf ? ~bits << 9 : 0),
  markerHi: (bits) => (bits > 0 && bits <= 0xf ? -1 : 0),
  markerBits: (lo, hi) => (hi >>> 27 === 31 && (lo & 0x101) === 0 ? (~lo >>> 9) & 0xf : 0),
}
