import {
  type MarkerEncoding,
  PTE_MARKER_GUARD,
  PTE_MARKER_POISONED,
  PTE_MARKER_UFFD_WP,
  SOFTLEAF_MARKER,
  SOFTLEAF_NONE,
  SOFTLEAF_PRESENT,
  type SwapPteLayout,
} from '@faultline/mm-types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CONFIGS, ENCODINGS, word } from '../../test/arbitraries.ts'
import { ARCHITECTURES } from '../architectures.ts'
import { bitsHi, bitsLo } from '../bits.ts'
import { classify } from '../classify.ts'
import { layoutClassify, layoutMaxSwapPages, layoutSwpPteHi, layoutSwpPteLo } from '../layout.ts'
import { swpTypes } from '../swp-types.ts'
import { markerEncodings } from './by-layout.ts'

const WP = PTE_MARKER_UFFD_WP
const ALL = PTE_MARKER_UFFD_WP | PTE_MARKER_POISONED | PTE_MARKER_GUARD

const CASES = ARCHITECTURES.flatMap(({ name, swap }) =>
  markerEncodings(swap).flatMap((each) => (each.encoding ? [{ arch: name, swap, encoding: each.encoding, name: each.name }] : [])),
)

/** Words of this layout: the high one of a 32-bit pte is 0. */
const wordsOf = (layout: SwapPteLayout): fc.Arbitrary<[number, number]> => fc.tuple(word, layout.pteBits === 32 ? fc.constant(0) : word)

const flagsOf = (layout: SwapPteLayout): number[] => [layout.exclusiveBit, layout.softDirtyBit, layout.uffdWpBit].filter((bit) => bit >= 0)

/** Configurations that fit an encoding: one with a type of its own needs the numbering to have it. */
const configsOf = (encoding: MarkerEncoding) => CONFIGS.filter((config) => config.marker || encoding.swapTypesTaken === 0)

describe.each(CASES)('$arch, $name', ({ swap, encoding: e }) => {
  const wpTest = (lo: number, hi: number): boolean => (lo & e.wpTestLoMask) === e.wpTestLo && (hi & e.wpTestHiMask) === e.wpTestHi

  it('round-trips the bit sets that it can carry and refuses the others', () => {
    for (let bits = 0; bits <= 2 * ALL; bits++) {
      const [lo, hi] = [e.markerLo(bits), e.markerHi(bits)]
      if (bits !== 0 && (bits & ~e.bits) === 0) expect(e.markerBits(lo, hi)).toBe(bits)
      else expect([lo, hi]).toEqual([0, 0])
    }
    expect([e.wpLo, e.wpHi]).toEqual([e.markerLo(WP), e.markerHi(WP)])
  })

  it('is never read as none, as present or as another class, under any configuration', () => {
    for (const config of configsOf(e)) {
      const types = swpTypes(config)
      for (let bits = 1; bits <= ALL; bits++) {
        if ((bits & ~e.bits) === 0) expect(layoutClassify(swap, e.markerLo(bits), e.markerHi(bits), types, e)).toBe(e.markerClass)
      }
    }
  })

  it('lets every entry that an area or the kernel can make keep the class of its type', () => {
    const slot = fc.oneof(
      fc.integer({ min: 1, max: 4096 }),
      fc.integer({ min: 1, max: layoutMaxSwapPages(swap) - 1 }),
      fc.constant(layoutMaxSwapPages(swap) - 1),
    )
    fc.assert(
      fc.property(fc.constantFrom(...configsOf(e)), fc.nat(31), slot, fc.subarray(flagsOf(swap)), (config, type, offset, set) => {
        const types = swpTypes(config)
        const lo = layoutSwpPteLo(swap, type, offset) | bitsLo(set)
        const hi = layoutSwpPteHi(swap, type, offset) | bitsHi(set)
        expect(layoutClassify(swap, lo, hi, types, e)).toBe(types.classOf[type])
        const marks = types.classOf[type] === SOFTLEAF_MARKER && e.swapTypesTaken > 0
        if (!marks && type !== 31) expect(e.markerBits(lo, hi)).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  it('has a word test that agrees with markerBits on any words, and finds nothing in none or present', () => {
    const markerWords = fc.constantFrom(1, 2, 3, 4, 5, 6, 7).map((bits): [number, number] => [e.markerLo(bits), e.markerHi(bits)])
    const near = fc.tuple(markerWords, fc.nat(0xfff)).map(([[lo, hi], flip]): [number, number] => [lo ^ flip, hi])
    const types = swpTypes()
    fc.assert(
      fc.property(fc.oneof(wordsOf(swap), markerWords, near), ([lo, hi]) => {
        expect(wpTest(lo, hi)).toBe((e.markerBits(lo, hi) & WP) !== 0)
        const found = layoutClassify(swap, lo, hi, types, e)
        if (found === SOFTLEAF_NONE || found === SOFTLEAF_PRESENT) expect(e.markerBits(lo, hi)).toBe(0)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('by layout, x86-64', () => {
  const { swap } = ARCHITECTURES[0]
  const built = markerEncodings(swap)

  it('has the words, tests and names of the encodings that loops use', () => {
    const data = (e: MarkerEncoding) => {
      const { markerLo: _lo, markerHi: _hi, markerBits: _bits, collides: _collides, ...rest } = e
      return rest
    }
    expect(built.map(({ encoding }) => data(encoding!))).toEqual(ENCODINGS.map(data))
  })

  it('reads and classifies any words as they do', () => {
    const types = swpTypes()
    fc.assert(
      fc.property(word, word, fc.nat(3), (lo, hi, which) => {
        const fast = ENCODINGS[which]
        const slow = built[which].encoding!
        expect(slow.markerBits(lo, hi)).toBe(fast.markerBits(lo, hi))
        expect(layoutClassify(swap, lo, hi, types, slow)).toBe(classify(lo, hi, types, fast))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('by layout', () => {
  it('finds a word for every encoding everywhere, but for the special pte on arm before its exclusive flag', () => {
    const without = ARCHITECTURES.flatMap(({ name, swap }) =>
      markerEncodings(swap).flatMap((each) => (each.encoding === undefined ? [`${name} ${each.name}`] : [])),
    )
    expect(without).toEqual(['arm-short-6.1 special-pte'])
  })
})
