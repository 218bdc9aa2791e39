/**
 * Encoding and decoding by layout alone: slow, for any architecture.
 *
 * A new architecture gets its `SwapPteLayout` first; its fast functions are then tested against these.
 *
 * @module
 */
import type { SwapPteLayout } from '@faultline/mm-types'

const WORD = 0x1_0000_0000

/** Low word of the pte of swap entry (type, offset) under a layout, no flag set. */
export function layoutSwpPteLo(layout: SwapPteLayout, type: number, offset: number): number {
  return fieldLo(layout.typeShift, layout.typeBits, type) | fieldLo(layout.offsetShift, layout.offsetBits, stored(layout, offset))
}

/** High word of the pte of swap entry (type, offset) under a layout. */
export function layoutSwpPteHi(layout: SwapPteLayout, type: number, offset: number): number {
  return fieldHi(layout.typeShift, layout.typeBits, type) | fieldHi(layout.offsetShift, layout.offsetBits, stored(layout, offset))
}

/** Swap type of a non-present pte under a layout. */
export function layoutSwpType(layout: SwapPteLayout, lo: number, hi: number): number {
  return field(layout.typeShift, layout.typeBits, lo, hi)
}

/** Swap offset of a non-present pte under a layout. @units exact up to 2^53-1 */
export function layoutSwpOffset(layout: SwapPteLayout, lo: number, hi: number): number {
  return stored(layout, field(layout.offsetShift, layout.offsetBits, lo, hi))
}

/** The offset as the pte holds it, and back: complementing twice changes nothing. */
function stored(layout: SwapPteLayout, offset: number): number {
  const size = 2 ** layout.offsetBits
  return layout.offsetInverted ? size - 1 - (offset % size) : offset
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
