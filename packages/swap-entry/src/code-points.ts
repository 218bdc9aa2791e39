/**
 * Which words of a non-present pte are still free on an architecture: bits without a meaning, and the word that a special
 * pte can use.
 *
 * @module
 */
import type { SwapPteLayout } from '@faultline/mm-types'
import type { PteArchitecture } from './architecture.ts'
import { bitsHi, bitsLo, fieldBits } from './bits.ts'
import { layoutMaxSwapPages, layoutPteNone, layoutPtePresent, layoutSwpOffset, layoutSwpType } from './layout.ts'

/** Bits of a swap pte that have no meaning: no field, flag, fixed bit or sign of presence. */
export function spareSwapBits(layout: SwapPteLayout): number[] {
  const taken = new Set([
    ...fieldBits(layout.typeShift, layout.typeBits),
    ...fieldBits(layout.offsetShift, layout.offsetBits),
    ...[layout.exclusiveBit, layout.softDirtyBit, layout.uffdWpBit],
    ...layout.setBits,
    ...layout.clearBits,
    ...layout.presentBits,
    ...layout.presentNeedsBits,
  ])
  return fieldBits(0, layout.pteBits).filter((bit) => !taken.has(bit))
}

/** What code that takes every non-present pte for a swap entry would read. */
export interface SwapReading {
  readonly type: number
  readonly offset: number
  /** The header of a swap area, a slot that an area of the largest size has, or one beyond any area. */
  readonly slot: 'header' | 'slot' | 'beyond'
}

/** Reads a pte as a swap entry, whether or not it is one. */
export function readAsSwapEntry(layout: SwapPteLayout, lo: number, hi: number): SwapReading {
  const offset = layoutSwpOffset(layout, lo, hi)
  const slot = offset === 0 ? 'header' : offset < layoutMaxSwapPages(layout) ? 'slot' : 'beyond'
  return { type: layoutSwpType(layout, lo, hi), offset, slot }
}

/** The word of a special pte, and the bit that makes it one. */
export interface SpecialCodePoint {
  readonly lo: number
  readonly hi: number
  readonly bit: number
  /** What that bit is in a swap pte: its uffd-wp flag, nothing yet, or its exclusive flag. */
  readonly role: 'uffd-wp' | 'spare' | 'exclusive'
}

/**
 * The word that a special pte takes: type and offset all zero bits, and one bit besides. That is the word of the first
 * proposal where there is a uffd-wp flag; without one the lowest bit that means nothing, and without any such bit the
 * exclusive flag. Zero bits in the offset are slot 0, the header of an area, or, where the offset is stored inverted, the
 * highest number that the field holds; no swap area has a pte of either.
 *
 * @returns undefined when only the word without any further bit is left and it is none
 */
export function specialCodePoint(layout: SwapPteLayout): SpecialCodePoint | undefined {
  const candidates = [
    { bit: layout.uffdWpBit, role: 'uffd-wp' as const },
    { bit: spareSwapBits(layout)[0] ?? -1, role: 'spare' as const },
    { bit: layout.exclusiveBit, role: 'exclusive' as const },
  ]
  for (const { bit, role } of candidates) {
    if (bit < 0) continue
    const lo = bitsLo([...layout.setBits, bit])
    const hi = bitsHi([...layout.setBits, bit])
    if (!layoutPtePresent(layout, lo, hi) && !layoutPteNone(layout, lo, hi)) return { lo, hi, bit, role }
  }
  return undefined
}

/** Where a flag lies in a swap pte and in a present one, or could. */
export interface FlagRoom {
  readonly flag: 'uffd-wp' | 'soft-dirty' | 'exclusive'
  /** Its bit, -1 where the architecture has none. */
  readonly swapBit: number
  /** Where there is none: a bit that it could have, -1 when there is no room but by taking one from the offset. */
  readonly freeSwapBit: number
  /** The same in a present pte; exclusive is kept with the page, not in its pte. */
  readonly presentBit: number
  readonly freePresentBit: number
}

/** Where the three flags are; free bits are dealt out lowest first, each once. */
export function flagRoom(architecture: PteArchitecture): FlagRoom[] {
  const { swap, present } = architecture
  const freeSwap = spareSwapBits(swap)
  const freePresent = present.softwareBits.filter((bit) => !present.takenBits.includes(bit))
  const room = (flag: FlagRoom['flag'], swapBit: number, presentBit: number, inPresent: boolean): FlagRoom => ({
    flag,
    swapBit,
    freeSwapBit: swapBit < 0 ? (freeSwap.shift() ?? -1) : -1,
    presentBit,
    freePresentBit: inPresent && presentBit < 0 ? (freePresent.shift() ?? -1) : -1,
  })
  return [
    room('uffd-wp', swap.uffdWpBit, present.uffdWpBit, true),
    room('soft-dirty', swap.softDirtyBit, present.softDirtyBit, true),
    room('exclusive', swap.exclusiveBit, -1, false),
  ]
}
