import type { SwapPteLayout } from '@faultline/mm-types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { offset, swpTypeNumber, word } from '../test/arbitraries.ts'
import { swpOffset, swpPteHi, swpPteLo, swpType, X86_64_SWAP_PTE } from './arch/x86-64.ts'
import { layoutSwpOffset, layoutSwpPteHi, layoutSwpPteLo, layoutSwpType } from './layout.ts'

describe('layout', () => {
  it('as data agrees with the fast x86-64 functions', () => {
    fc.assert(
      fc.property(swpTypeNumber, offset, (type, off) => {
        expect(layoutSwpPteLo(X86_64_SWAP_PTE, type, off)).toBe(swpPteLo(type, off))
        expect(layoutSwpPteHi(X86_64_SWAP_PTE, type, off)).toBe(swpPteHi(type, off))
      }),
    )
    fc.assert(
      fc.property(word, word, (lo, hi) => {
        expect(layoutSwpType(X86_64_SWAP_PTE, lo, hi)).toBe(swpType(lo, hi))
        expect(layoutSwpOffset(X86_64_SWAP_PTE, lo, hi)).toBe(swpOffset(lo, hi))
      }),
    )
  })

  it('round-trips any two fields that do not overlap', () => {
    const layout = fc
      .record({
        typeShift: fc.integer({ min: 0, max: 59 }),
        offsetShift: fc.integer({ min: 0, max: 63 }),
        offsetBits: fc.integer({ min: 1, max: 50 }),
        offsetInverted: fc.boolean(),
      })
      .map((fields): SwapPteLayout => ({ ...X86_64_SWAP_PTE, ...fields }))
      .filter((l) => l.offsetShift + l.offsetBits <= 64)
      .filter((l) => l.offsetShift >= l.typeShift + 5 || l.offsetShift + l.offsetBits <= l.typeShift)
    fc.assert(
      fc.property(layout, swpTypeNumber, offset, (l, type, any) => {
        const off = any % 2 ** l.offsetBits
        const lo = layoutSwpPteLo(l, type, off)
        const hi = layoutSwpPteHi(l, type, off)
        expect([layoutSwpType(l, lo, hi), layoutSwpOffset(l, lo, hi)]).toEqual([type, off])
      }),
      { numRuns: 2000 },
    )
  })
})
