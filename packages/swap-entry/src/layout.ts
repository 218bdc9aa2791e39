/**
 * Encoding, decoding and classifying by layout alone: slow, for any architecture.
 *
 * A new architecture gets its `SwapPteLayout` first; its fast functions are then tested against these.
 *
 * @module
 */
import {
  type MarkerEncoding,
  SOFTLEAF_NONE,
  SOFTLEAF_PRESENT,
  type SoftleafClass,
  type SwapPteLayout,
  type SwpTypes,
} from '@faultline/mm-types'
import { bitsHi, bitsLo } from './bits.ts'

const WORD = 0x1_0000_0000
/** Swap types, whatever the architecture could hold. @source v6.18 include/linux/swap.h MAX_SWAPFILES_SHIFT */
const MAX_SWAPFILES_SHIFT = 5

/** Low word of the pte of swap entry (type, offset) under a layout, no flag set; what a field cannot hold is cut off. */
export function layoutSwpPteLo(layout: SwapPteLayout, type: number, offset: number): number {
  const { typeShift, typeBits, offsetShift, offsetBits, setBits } = layout
  return fieldLo(typeShift, typeBits, type) | fieldLo(offsetShift, offsetBits, stored(layout, offset)) | bitsLo(setBits)
}

/** High word of the pte of swap entry (type, offset) under a layout. */
export function layoutSwpPteHi(layout: SwapPteLayout, type: number, offset: number): number {
  const { typeShift, typeBits, offsetShift, offsetBits, setBits } = layout
  return fieldHi(typeShift, typeBits, type) | fieldHi(offsetShift, offsetBits, stored(layout, offset)) | bitsHi(setBits)
}

/** Swap type of a non-present pte under a layout. */
export function layoutSwpType(layout: SwapPteLayout, lo: number, hi: number): number {
  return field(layout.typeShift, layout.typeBits, lo, hi)
}

/** Swap offset of a non-present pte under a layout. @units exact up to 2^53-1 */
export function layoutSwpOffset(layout: SwapPteLayout, lo: number, hi: number): number {
  const raw = field(layout.offsetShift, layout.offsetBits, lo, hi)
  return (layout.offsetInverted ? 2 ** layout.offsetBits - 1 - raw : raw) % 2 ** layoutOffsetBits(layout)
}

/**
 * Bits of a swap offset that survive the way from the pte to a swap entry and back: those of the pte's field, or fewer
 * where the entry is a 32-bit word, whose top bit the page cache keeps and whose next five hold the type.
 *
 * @source v6.12 include/linux/swapops.h SWP_TYPE_SHIFT, v6.12 include/linux/xarray.h BITS_PER_XA_VALUE
 */
export function layoutOffsetBits(layout: SwapPteLayout): number {
  return Math.min(layout.offsetBits, layout.entryBits - 1 - MAX_SWAPFILES_SHIFT)
}

/**
 * The largest swap area in pages, its header included. Above the offset stands a limit of its own: the last page is a
 * 32-bit number in the header of the area, and the number of pages one in the kernel. Left out: on x86 processors with
 * L1TF arch_max_swapfile_size() sets a limit of 2^(physical address bits - 10) pages, lower when they address little memory.
 *
 * @units pages
 * @source v6.12 mm/swapfile.c generic_max_swapfile_size(), read_swap_header()
 */
export function layoutMaxSwapPages(layout: SwapPteLayout): number {
  return Math.min(2 ** layoutOffsetBits(layout), WORD - 1)
}

/** Is this pte present to software? */
export function layoutPtePresent(layout: SwapPteLayout, lo: number, hi: number): boolean {
  const { presentBits, presentNeedsBits } = layout
  const any = (lo & bitsLo(presentBits)) !== 0 || (hi & bitsHi(presentBits)) !== 0
  return any && (~lo & bitsLo(presentNeedsBits)) === 0 && (~hi & bitsHi(presentNeedsBits)) === 0
}

/** Is this pte none? */
export function layoutPteNone(layout: SwapPteLayout, lo: number, hi: number): boolean {
  const { noneBits, noneIgnoredBits } = layout
  const sameLo = (lo & ~bitsLo(noneIgnoredBits)) === bitsLo(noneBits)
  return sameLo && (hi & ~bitsHi(noneIgnoredBits)) === bitsHi(noneBits)
}

/**
 * The `SOFTLEAF_*` class of a leaf under a layout; `classify` does the same for x86-64 alone, and fast. The encoding must
 * be one of this layout.
 */
export function layoutClassify(layout: SwapPteLayout, lo: number, hi: number, types: SwpTypes, encoding: MarkerEncoding): SoftleafClass {
  if (layoutPtePresent(layout, lo, hi)) return SOFTLEAF_PRESENT
  if (layoutPteNone(layout, lo, hi)) return SOFTLEAF_NONE
  if ((lo & encoding.wpTestLoMask) === encoding.wpTestLo && (hi & encoding.wpTestHiMask) === encoding.wpTestHi) return encoding.markerClass
  return types.classOf[layoutSwpType(layout, lo, hi)] as SoftleafClass
}

/** The offset as the pte holds it. */
function stored(layout: SwapPteLayout, offset: number): number {
  const kept = offset % 2 ** layoutOffsetBits(layout)
  return layout.offsetInverted ? 2 ** layout.offsetBits - 1 - kept : kept
}

function fieldLo(shift: number, bits: number, value: number): number {
  return shift >= 32 ? 0 : ((value % 2 ** Math.min(bits, 32 - shift)) * 2 ** shift) | 0
}

function fieldHi(shift: number, bits: number, value: number): number {
  return (Math.floor((value % 2 ** bits) * 2 ** (shift - 32)) % WORD) | 0
}

function field(shift: number, bits: number, lo: number, hi: number): number {
  if (shift >= 32) return (hi >>> (shift - 32)) % 2 ** bits
  const below = lo >>> shift
  const width = 32 - shift
  return bits <= width ? below % 2 ** bits : ((hi >>> 0) % 2 ** (bits - width)) * 2 ** width + below
}
