/**
 * Encoding: the pte marker, a swap type of its own whose offset is a set of bits.
 *
 * Marker bits and swap flags are separate: the write-protect marker is written without the swap uffd-wp bit (pagemap
 * reports it as protected nevertheless), and PAGEMAP_SCAN may set that bit on a poison or guard marker.
 *
 * @module
 */
import { type MarkerEncoding, SOFTLEAF_MARKER } from '@faultline/mm-types'

/** Type 31, the marker's on every configuration that has it (`swpTypes({ marker: true })`); bit n of the offset is bit n of the set. */
export const pteMarker: MarkerEncoding = {
  name: 'pte-marker',
  title: 'pte marker: a swap type of its own',
  source: 'v6.18 include/linux/swapops.h make_pte_marker(), pte_marker_get()',
  bits: 0x7,
  markerClass: SOFTLEAF_MARKER,
  wpLo: 0xfffffc00 | 0, // offset 1 inverted above nine zero bits
  wpHi: -1, // type 31 above 27 inverted zero bits
  wpTestLoMask: 0x301, // offset bit 0 (clear means set), PROT_NONE, present
  wpTestLo: 0,
  wpTestHiMask: 0xf8000000 | 0, // type
  wpTestHi: 0xf8000000 | 0,
  swapTypesTaken: 1,
  collides: 'nothing: the type is no swap area, at the price of one area in 32',
  markerLo: (bits) => (bits > 0 && bits <= 0x7 ? ~bits << 9 : 0),
  markerHi: (bits) => (bits > 0 && bits <= 0x7 ? -1 : 0),
  markerBits: (lo, hi) => (hi >>> 27 === 31 && (lo & 0x101) === 0 ? (~lo >>> 9) & 0x7 : 0),
}
