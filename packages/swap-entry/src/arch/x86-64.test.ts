import { SWP_EXCLUSIVE, SWP_SOFT_DIRTY, SWP_UFFD_WP } from '@faultline/mm-types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { offset, swpTypeNumber, word } from '../../test/arbitraries.ts'
import { join, oracleOffset, oraclePte, oracleType, words } from '../../test/oracle.ts'
import {
  pteSwpClearExclusive,
  pteSwpClearSoftDirty,
  pteSwpClearUffdWp,
  pteSwpExclusive,
  pteSwpMkexclusive,
  pteSwpMksoftDirty,
  pteSwpMkuffdWp,
  pteSwpSoftDirty,
  pteSwpUffdWp,
  swpOffset,
  swpPteHi,
  swpPteLo,
  swpType,
} from './x86-64.ts'

const EDGES = [0, 1, 2 ** 23 - 1, 2 ** 23, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 49, 2 ** 50 - 1]

describe('x86-64 swap pte', () => {
  it('writes known entries bit for bit', () => {
    expect(join(swpPteLo(0, 0), swpPteHi(0, 0))).toBe(0x07fffffffffffe00n)
    expect(join(swpPteLo(0, 1), swpPteHi(0, 1))).toBe(0x07fffffffffffc00n)
    expect(join(swpPteLo(31, 1), swpPteHi(31, 1))).toBe(0xfffffffffffffc00n)
    expect(join(swpPteLo(5, 2 ** 50 - 1), swpPteHi(5, 2 ** 50 - 1))).toBe(0x2800000000000000n)
  })

  it('equals the kernel macro and round-trips at every type and field edge', () => {
    for (let type = 0; type < 32; type++) {
      for (const off of EDGES) {
        const lo = swpPteLo(type, off)
        const hi = swpPteHi(type, off)
        expect([lo, hi]).toEqual(words(oraclePte(type, off)))
        expect([swpType(lo, hi), swpOffset(lo, hi)]).toEqual([type, off])
      }
    }
  })

  it('equals the kernel macro and round-trips anywhere', () => {
    fc.assert(
      fc.property(swpTypeNumber, offset, (type, off) => {
        const lo = swpPteLo(type, off)
        const hi = swpPteHi(type, off)
        expect([lo, hi]).toEqual(words(oraclePte(type, off)))
        expect([swpType(lo, hi), swpOffset(lo, hi)]).toEqual([type, off])
      }),
      { numRuns: 2000 },
    )
  })

  it('decodes any words as the kernel macros do', () => {
    fc.assert(
      fc.property(word, word, (lo, hi) => {
        expect(swpType(lo, hi)).toBe(oracleType(join(lo, hi)))
        expect(swpOffset(lo, hi)).toBe(oracleOffset(join(lo, hi)))
      }),
      { numRuns: 2000 },
    )
  })

  it('keeps bits 0 to 8 of a fresh entry clear', () => {
    fc.assert(fc.property(swpTypeNumber, offset, (type, off) => (swpPteLo(type, off) & 0x1ff) === 0))
  })

  const flags = [
    { name: 'uffd-wp', bit: SWP_UFFD_WP, make: pteSwpMkuffdWp, clear: pteSwpClearUffdWp, test: pteSwpUffdWp },
    { name: 'soft-dirty', bit: SWP_SOFT_DIRTY, make: pteSwpMksoftDirty, clear: pteSwpClearSoftDirty, test: pteSwpSoftDirty },
    { name: 'exclusive', bit: SWP_EXCLUSIVE, make: pteSwpMkexclusive, clear: pteSwpClearExclusive, test: pteSwpExclusive },
  ]
  it.each(flags)('sets, tests and clears the $name flag and nothing else', ({ bit, make, clear, test }) => {
    fc.assert(
      fc.property(word, (lo) => {
        expect(make(lo)).toBe(lo | bit)
        expect(clear(lo)).toBe(lo & ~bit)
        expect([test(make(lo)), test(clear(lo))]).toEqual([true, false])
      }),
    )
  })
})
