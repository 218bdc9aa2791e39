/**
 * Encoding: swap type 1, offset 0. A well-formed swap entry that no swap area hands out, since slot 0 is its header.
 *
 * Our reading where the proposal leaves it open: the pte is written with the swap uffd-wp bit, so that every test of that
 * bit sees a protected entry; it is recognised by type and offset alone, so that code which edits the flags of swap
 * entries, not knowing about it, cannot turn it into a slot to be read from disk.
 *
 * @module
 */
import { type MarkerEncoding, SOFTLEAF_MARKER } from '@faultline/mm-types'

/** Type 1, offset 0, with the swap uffd-wp bit; carries write protection and nothing else. */
export const swapType1: MarkerEncoding = {
  name: 'swap-type-1',
  title: 'swap type 1, offset 0',
  source: 'Hugh Dickins, cited in the userfaultfd-wp series for shmem and hugetlbfs of 2021',
  bits: 0x1,
  markerClass: SOFTLEAF_MARKER,
  wpLo: 0xfffffe04 | 0, // offset bits all set (0 inverted) and bit 2
  wpHi: 0x0fffffff, // type 1 above 27 inverted zero bits
  wpTestLoMask: 0xffffff01 | 0, // offset bits, PROT_NONE and present
  wpTestLo: 0xfffffe00 | 0,
  wpTestHiMask: -1,
  wpTestHi: 0x0fffffff,
  swapTypesTaken: 0,
  collides: 'the header slot of swap area 1, never allocated; every consumer of swap entries must still test for it',
  markerLo: (bits) => (bits === 0x1 ? 0xfffffe04 | 0 : 0),
  markerHi: (bits) => (bits === 0x1 ? 0x0fffffff : 0),
  markerBits: (lo, hi) => (hi === 0x0fffffff && (lo & 0xffffff01) === (0xfffffe00 | 0) ? 0x1 : 0),
}
