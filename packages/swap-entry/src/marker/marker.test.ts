import { PTE_MARKER_GUARD, PTE_MARKER_POISONED, PTE_MARKER_UFFD_WP } from '@faultline/mm-types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CONFIGS, ENCODINGS, offset, word } from '../../test/arbitraries.ts'
import { join } from '../../test/oracle.ts'
import {
  classify,
  noMarker,
  pteMarker,
  pteSwpClearUffdWp,
  pteSwpMkexclusive,
  pteSwpMksoftDirty,
  pteSwpMkuffdWp,
  pteSwpUffdWp,
  specialPte,
  swapType1,
  swpOffset,
  swpPteHi,
  swpPteLo,
  swpType,
  swpTypes,
} from '../index.ts'

const WP = PTE_MARKER_UFFD_WP
const ALL = PTE_MARKER_UFFD_WP | PTE_MARKER_POISONED | PTE_MARKER_GUARD

describe.each(ENCODINGS)('marker encoding $name', (e) => {
  const wpTest = (lo: number, hi: number) => (lo & e.wpTestLoMask) === e.wpTestLo && (hi & e.wpTestHiMask) === e.wpTestHi

  it('round-trips the bit sets that it can carry and refuses the others', () => {
    for (let bits = 0; bits <= 2 * ALL; bits++) {
      const lo = e.markerLo(bits)
      const hi = e.markerHi(bits)
      if (bits !== 0 && (bits & ~e.bits) === 0) expect(e.markerBits(lo, hi)).toBe(bits)
      else expect([lo, hi]).toEqual([0, 0])
    }
  })

  it('has its plain write-protect marker ready', () => {
    expect([e.wpLo, e.wpHi]).toEqual([e.markerLo(WP), e.markerHi(WP)])
    expect([e.wpLo | 0, e.wpHi | 0, e.wpTestLoMask | 0, e.wpTestLo | 0, e.wpTestHiMask | 0, e.wpTestHi | 0]).toEqual([
      e.wpLo,
      e.wpHi,
      e.wpTestLoMask,
      e.wpTestLo,
      e.wpTestHiMask,
      e.wpTestHi,
    ])
  })

  it('has a word test that agrees with markerBits on any words', () => {
    const markerWords = fc.constantFrom(1, 2, 3, 4, 5, 6, 7).map((bits) => [e.markerLo(bits), e.markerHi(bits)])
    const flags = fc.nat(0x1ff)
    const near = fc.tuple(markerWords, flags).map(([[lo, hi], f]) => [lo | f, hi])
    fc.assert(
      fc.property(fc.oneof(fc.tuple(word, word), markerWords, near), ([lo, hi]) => {
        expect(wpTest(lo, hi)).toBe((e.markerBits(lo, hi) & WP) !== 0)
      }),
      { numRuns: 3000 },
    )
  })

  it('is never read as none, present, an allocated swap slot or a migration entry', () => {
    for (const config of CONFIGS.filter((c) => c.marker || e.swapTypesTaken === 0)) {
      const types = swpTypes(config)
      for (let bits = 1; bits <= ALL; bits++) {
        if ((bits & ~e.bits) !== 0) continue
        expect(classify(e.markerLo(bits), e.markerHi(bits), types, e)).toBe(e.markerClass)
      }
    }
  })

  it('reads no marker in none, in a present pte or in an entry that is in use', () => {
    expect(e.markerBits(0, 0)).toBe(0)
    fc.assert(
      fc.property(word, word, fc.constantFrom(0x1, 0x100), (lo, hi, present) => {
        expect(e.markerBits(lo | present, hi)).toBe(0)
      }),
    )
    fc.assert(
      fc.property(fc.nat(30), offset, fc.nat(7), (type, off, flags) => {
        fc.pre(off !== 0 && off !== 2 ** 50 - 1)
        expect(e.markerBits(swpPteLo(type, off) | (flags << 1), swpPteHi(type, off))).toBe(0)
      }),
    )
  })
})

describe('exact words', () => {
  it('of the special pte are bit 2 alone', () => {
    expect(join(specialPte.wpLo, specialPte.wpHi)).toBe(0x4n)
    expect(specialPte.markerBits(pteSwpMksoftDirty(4), 0)).toBe(0)
    expect(specialPte.markerBits(pteSwpClearUffdWp(4), 0)).toBe(0)
  })

  it('of swap type 1 are a well-formed entry with the uffd-wp flag, known without its flags', () => {
    const { wpLo, wpHi } = swapType1
    expect(join(wpLo, wpHi)).toBe(0x0ffffffffffffe04n)
    expect([swpType(wpLo, wpHi), swpOffset(wpLo, wpHi), pteSwpUffdWp(wpLo)]).toEqual([1, 0, true])
    expect(swapType1.markerBits(pteSwpClearUffdWp(wpLo), wpHi)).toBe(WP)
    expect(swapType1.markerBits(pteSwpMksoftDirty(wpLo), wpHi)).toBe(WP)
    expect(swapType1.markerBits(swpPteLo(1, 1), swpPteHi(1, 1))).toBe(0)
  })

  it('of the pte marker are type 31 with the bit set as offset and no flags', () => {
    for (let bits = 1; bits <= ALL; bits++) {
      expect([pteMarker.markerLo(bits), pteMarker.markerHi(bits)]).toEqual([swpPteLo(31, bits), swpPteHi(31, bits)])
    }
    expect(pteSwpUffdWp(pteMarker.wpLo)).toBe(false)
  })

  it('of a pte marker may carry swap flags, which are no part of the bit set', () => {
    for (let bits = 1; bits <= ALL; bits++) {
      const lo = pteSwpMkexclusive(pteSwpMksoftDirty(pteSwpMkuffdWp(pteMarker.markerLo(bits))))
      expect(pteMarker.markerBits(lo, pteMarker.markerHi(bits))).toBe(bits)
    }
  })

  it('do not exist without an encoding', () => {
    fc.assert(fc.property(word, word, (lo, hi) => noMarker.markerBits(lo, hi) === 0))
  })
})
