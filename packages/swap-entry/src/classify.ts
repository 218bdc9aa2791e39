/**
 * What a leaf entry is.
 *
 * @module
 */
import { type MarkerEncoding, SOFTLEAF_NONE, SOFTLEAF_PRESENT, type SoftleafClass, type SwpTypes } from '@faultline/mm-types'

/**
 * The `SOFTLEAF_*` class of an x86-64 leaf under a numbering of swap types and a marker encoding; every pair of words
 * has exactly one.
 *
 * Present is bit 0, or bit 8 (PROT_NONE) without it. None ignores the accessed and dirty bits, as the kernel does.
 * The encoding is asked before the swap type, because its words may lie in the range of a swap area. The two must fit:
 * an encoding that takes a swap type needs a numbering with a marker type, or a migration entry would be read as a marker.
 *
 * @source v6.18 arch/x86/include/asm/pgtable.h pte_present(), pte_none(); include/linux/swapops.h
 */
export function classify(lo: number, hi: number, types: SwpTypes, encoding: MarkerEncoding): SoftleafClass {
  if ((lo & 0x101) !== 0) return SOFTLEAF_PRESENT
  if (((lo & ~0x60) | hi) === 0) return SOFTLEAF_NONE
  if ((lo & encoding.wpTestLoMask) === encoding.wpTestLo && (hi & encoding.wpTestHiMask) === encoding.wpTestHi) return encoding.markerClass
  return types.classOf[hi >>> 27] as SoftleafClass
}
