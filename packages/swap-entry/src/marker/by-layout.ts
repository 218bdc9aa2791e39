/**
 * The marker encodings in the words of any layout. For x86-64 they are word for word those of the files beside this one,
 * which loops use.
 *
 * @module
 */
import { type MarkerEncoding, PTE_MARKER_UFFD_WP, type SwapPteLayout } from '@faultline/mm-types'
import { bitsHi, bitsLo, fieldBits } from '../bits.ts'
import { readAsSwapEntry, specialCodePoint } from '../code-points.ts'
import { layoutPtePresent, layoutSwpOffset, layoutSwpPteHi, layoutSwpPteLo, layoutSwpType } from '../layout.ts'
import { noMarker } from './none.ts'
import { pteMarker } from './pte-marker.ts'
import { specialPte } from './special-pte.ts'
import { swapType1 } from './swap-type-1.ts'

/** The swap type of the marker on every configuration that has it. */
const MARKER_TYPE = 31

/** An encoding on one architecture; undefined when no word is left for it. */
export interface EncodingOnLayout {
  readonly name: string
  readonly encoding: MarkerEncoding | undefined
}

/** The four encodings under a layout, in the order of tables. */
export function markerEncodings(layout: SwapPteLayout): EncodingOnLayout[] {
  return [
    { name: noMarker.name, encoding: noMarker },
    { name: specialPte.name, encoding: specialPteOn(layout) },
    { name: swapType1.name, encoding: swapType1On(layout) },
    { name: pteMarker.name, encoding: pteMarkerOn(layout) },
  ]
}

function specialPteOn(layout: SwapPteLayout): MarkerEncoding | undefined {
  const point = specialCodePoint(layout)
  if (point === undefined) return undefined
  const { lo: wpLo, hi: wpHi } = point
  const { type, offset } = readAsSwapEntry(layout, wpLo, wpHi)
  return {
    ...specialPte,
    wpLo,
    wpHi,
    wpTestLoMask: -1,
    wpTestLo: wpLo,
    wpTestHiMask: -1,
    wpTestHi: wpHi,
    collides: `type ${type}, offset ${offset} with bit ${point.bit} set, which the kernel does not write`,
    markerLo: (bits) => (bits === PTE_MARKER_UFFD_WP ? wpLo : 0),
    markerHi: (bits) => (bits === PTE_MARKER_UFFD_WP ? wpHi : 0),
    markerBits: (lo, hi) => (lo === wpLo && hi === wpHi ? PTE_MARKER_UFFD_WP : 0),
  }
}

function swapType1On(layout: SwapPteLayout): MarkerEncoding {
  const flag = layout.uffdWpBit < 0 ? [] : [layout.uffdWpBit]
  const wpLo = layoutSwpPteLo(layout, 1, 0) | bitsLo(flag)
  const wpHi = layoutSwpPteHi(layout, 1, 0) | bitsHi(flag)
  const entry = [...fieldBits(layout.typeShift, layout.typeBits), ...fieldBits(layout.offsetShift, layout.offsetBits)]
  const test = wordTest(layout, entry, wpLo, wpHi)
  return {
    ...swapType1,
    wpLo,
    wpHi,
    ...test,
    markerLo: (bits) => (bits === PTE_MARKER_UFFD_WP ? wpLo : 0),
    markerHi: (bits) => (bits === PTE_MARKER_UFFD_WP ? wpHi : 0),
    markerBits: (lo, hi) =>
      (lo & test.wpTestLoMask) === test.wpTestLo && (hi & test.wpTestHiMask) === test.wpTestHi ? PTE_MARKER_UFFD_WP : 0,
  }
}

function pteMarkerOn(layout: SwapPteLayout): MarkerEncoding {
  const all = pteMarker.bits
  const fits = (bits: number): boolean => bits > 0 && bits <= all
  const wpLo = layoutSwpPteLo(layout, MARKER_TYPE, PTE_MARKER_UFFD_WP)
  const wpHi = layoutSwpPteHi(layout, MARKER_TYPE, PTE_MARKER_UFFD_WP)
  return {
    ...pteMarker,
    wpLo,
    wpHi,
    ...wordTest(layout, [...fieldBits(layout.typeShift, layout.typeBits), layout.offsetShift], wpLo, wpHi),
    markerLo: (bits) => (fits(bits) ? layoutSwpPteLo(layout, MARKER_TYPE, bits) : 0),
    markerHi: (bits) => (fits(bits) ? layoutSwpPteHi(layout, MARKER_TYPE, bits) : 0),
    markerBits: (lo, hi) =>
      isSwapPte(layout, lo, hi) && layoutSwpType(layout, lo, hi) === MARKER_TYPE ? layoutSwpOffset(layout, lo, hi) & all : 0,
  }
}

/** Not present, and with the bits that every swap pte has; a none pte has none of those or no type. */
function isSwapPte(layout: SwapPteLayout, lo: number, hi: number): boolean {
  return !layoutPtePresent(layout, lo, hi) && (~lo & bitsLo(layout.setBits)) === 0 && (~hi & bitsHi(layout.setBits)) === 0
}

/** Tests the named bits, those that every swap pte has set and those that make it present, against the words. */
function wordTest(
  layout: SwapPteLayout,
  bits: readonly number[],
  lo: number,
  hi: number,
): Pick<MarkerEncoding, 'wpTestLoMask' | 'wpTestLo' | 'wpTestHiMask' | 'wpTestHi'> {
  const tested = [...bits, ...layout.setBits, ...layout.presentBits]
  const wpTestLoMask = bitsLo(tested)
  const wpTestHiMask = bitsHi(tested)
  return { wpTestLoMask, wpTestLo: lo & wpTestLoMask, wpTestHiMask, wpTestHi: hi & wpTestHiMask }
}
