import {
  type MarkerEncoding,
  SOFTLEAF_HWPOISON,
  SOFTLEAF_MARKER,
  SOFTLEAF_MIGRATION,
  SOFTLEAF_NONE,
  SOFTLEAF_PRESENT,
  SOFTLEAF_SPECIAL_PTE,
  SOFTLEAF_SWAP,
} from '@faultline/mm-types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CONFIGS, ENCODINGS, offset, word } from '../test/arbitraries.ts'
import { join, oracleOffset, oracleType } from '../test/oracle.ts'
import { swpPteHi, swpPteLo } from './arch/x86-64.ts'
import { classify } from './classify.ts'
import { noMarker } from './marker/none.ts'
import { specialPte } from './marker/special-pte.ts'
import { swapType1 } from './marker/swap-type-1.ts'
import { swpTypes } from './swp-types.ts'

const types = swpTypes()
const encoding = fc.constantFrom(...ENCODINGS)

/** The class by definition, on 64 bits. */
function expected(pte: bigint, e: MarkerEncoding): number {
  if ((pte & 0x101n) !== 0n) return SOFTLEAF_PRESENT
  if ((pte & ~0x60n) === 0n) return SOFTLEAF_NONE
  if (e === specialPte && pte === 4n) return SOFTLEAF_SPECIAL_PTE
  const type = oracleType(pte)
  if (e === swapType1 && type === 1 && oracleOffset(pte) === 0) return SOFTLEAF_MARKER
  return type < 28 ? SOFTLEAF_SWAP : type < 31 ? SOFTLEAF_MIGRATION : SOFTLEAF_MARKER
}

describe('classify', () => {
  it('is total and follows the definition for any words', () => {
    fc.assert(
      fc.property(word, word, encoding, (lo, hi, e) => {
        expect(classify(lo, hi, types, e)).toBe(expected(join(lo, hi), e))
      }),
      { numRuns: 5000 },
    )
  })

  it('knows a none pte by its zero words, errata bits apart', () => {
    for (const lo of [0, 0x20, 0x40, 0x60]) expect(classify(lo, 0, types, noMarker)).toBe(SOFTLEAF_NONE)
    expect(classify(0x10, 0, types, noMarker)).toBe(SOFTLEAF_SWAP)
    expect(classify(0, 1, types, noMarker)).toBe(SOFTLEAF_SWAP)
  })

  it('calls PROT_NONE present', () => {
    fc.assert(fc.property(word, word, encoding, (lo, hi, e) => classify((lo | 0x100) & ~1, hi, types, e) === SOFTLEAF_PRESENT))
  })

  it('gives every entry that a swap area or the kernel can make the class of its type, under every configuration', () => {
    // Slot 0 of an area is its header, and the last slot of a 2^50-page area does not exist.
    const slot = offset.filter((off) => off !== 0 && off !== 2 ** 50 - 1)
    fc.assert(
      fc.property(fc.constantFrom(...CONFIGS), encoding, fc.nat(31), slot, fc.nat(7), (config, e, type, off, flags) => {
        fc.pre(e.swapTypesTaken === 0 || config.marker)
        const t = swpTypes(config)
        expect(classify(swpPteLo(type, off) | (flags << 1), swpPteHi(type, off), t, e)).toBe(t.classOf[type])
      }),
      { numRuns: 2000 },
    )
  })

  it('tells a broken page from a swap area of the same number', () => {
    const withFailure = swpTypes({ memoryFailure: true })
    const lo = swpPteLo(27, 99)
    const hi = swpPteHi(27, 99)
    expect(withFailure.hwpoison).toBe(27)
    expect(classify(lo, hi, withFailure, noMarker)).toBe(SOFTLEAF_HWPOISON)
    expect(classify(lo, hi, types, noMarker)).toBe(SOFTLEAF_SWAP)
  })
})
