import type { SwapPteLayout } from '@faultline/mm-types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ARCH_ORACLES, oracleEntryOffset, oracleEntryToPte, oracleMaxSwapfileSize } from '../test/arch-oracles.ts'
import { KERNEL_MACROS } from '../test/kernel-macros.ts'
import { join, words } from '../test/oracle.ts'
import { ARCHITECTURES } from './architectures.ts'
import { bitsHi, bitsLo, fieldBits } from './bits.ts'
import {
  layoutMaxSwapPages,
  layoutOffsetBits,
  layoutPteNone,
  layoutPtePresent,
  layoutSwpOffset,
  layoutSwpPteHi,
  layoutSwpPteLo,
  layoutSwpType,
} from './layout.ts'

const swpType = fc.integer({ min: 0, max: 31 })

/** An offset that the architecture's swap entries hold, edges of the field and of the words likely. */
function offsetOf(layout: SwapPteLayout): fc.Arbitrary<number> {
  const size = 2 ** layoutOffsetBits(layout)
  const edges = fc
    .tuple(fc.integer({ min: 0, max: layoutOffsetBits(layout) }), fc.integer({ min: -2, max: 2 }))
    .map(([bit, delta]) => Math.min(Math.max(2 ** bit + delta, 0), size - 1))
  return fc.oneof(
    edges,
    fc.maxSafeNat().map((n) => n % size),
  )
}

/** Any pte, and often one with few bits set or clear. */
function pteOf(bits: number): fc.Arbitrary<bigint> {
  const all = (1n << BigInt(bits)) - 1n
  const few = fc
    .array(fc.integer({ min: 0, max: bits - 1 }), { maxLength: 4 })
    .map((set) => set.reduce((pte, bit) => pte | (1n << BigInt(bit)), 0n))
  return fc.oneof(
    fc.bigInt({ min: 0n, max: all }),
    few,
    few.map((pte) => all ^ pte),
  )
}

const pteAt = (layout: SwapPteLayout, type: number, offset: number): [number, number] => [
  layoutSwpPteLo(layout, type, offset),
  layoutSwpPteHi(layout, type, offset),
]

describe.each(ARCHITECTURES)('$name', ({ name, swap, present }) => {
  const oracle = ARCH_ORACLES[name]

  it('equals the kernel macros and round-trips at every type and field edge', () => {
    const edges = fieldBits(0, layoutOffsetBits(swap)).flatMap((bit) => [2 ** bit - 1, 2 ** bit])
    for (let type = 0; type < 32; type++) {
      for (const offset of [...edges, 2 ** layoutOffsetBits(swap) - 1]) {
        const [lo, hi] = pteAt(swap, type, offset)
        const pte = oracleEntryToPte(oracle, BigInt(type), BigInt(offset))
        if (join(lo, hi) !== pte) expect([type, offset, join(lo, hi)]).toEqual([type, offset, pte])
        if (layoutSwpType(swap, lo, hi) !== type || layoutSwpOffset(swap, lo, hi) !== offset) expect.fail(`${type}, ${offset}`)
      }
    }
  })

  it('equals the kernel macros and round-trips anywhere', () => {
    fc.assert(
      fc.property(swpType, offsetOf(swap), (type, offset) => {
        const [lo, hi] = pteAt(swap, type, offset)
        expect([lo, hi]).toEqual(words(oracleEntryToPte(oracle, BigInt(type), BigInt(offset))))
        expect([layoutSwpType(swap, lo, hi), layoutSwpOffset(swap, lo, hi)]).toEqual([type, offset])
      }),
      { numRuns: 500 },
    )
  })

  it('decodes and classifies any words as the kernel macros do', () => {
    fc.assert(
      fc.property(pteOf(swap.pteBits), (pte) => {
        const [lo, hi] = words(pte)
        expect(layoutPtePresent(swap, lo, hi)).toBe(oracle.present(pte))
        expect(layoutPteNone(swap, lo, hi)).toBe(oracle.none(pte))
        expect(layoutSwpType(swap, lo, hi)).toBe(Number(oracle.type(pte)))
        expect(layoutSwpOffset(swap, lo, hi)).toBe(Number(oracleEntryOffset(oracle, pte)))
      }),
      { numRuns: 2000 },
    )
  })

  it('knows its none pte and those with the ignored bits, and no more', () => {
    const { noneBits, noneIgnoredBits } = swap
    expect(layoutPteNone(swap, bitsLo(noneBits), bitsHi(noneBits))).toBe(true)
    for (const bit of fieldBits(0, swap.pteBits)) {
      const other = noneBits.includes(bit) ? noneBits.filter((b) => b !== bit) : [...noneBits, bit]
      expect(layoutPteNone(swap, bitsLo(other), bitsHi(other))).toBe(noneIgnoredBits.includes(bit))
    }
  })

  it('gives every bit of a swap pte at most one meaning', () => {
    const flags = [swap.exclusiveBit, swap.softDirtyBit, swap.uffdWpBit].filter((bit) => bit >= 0)
    const fields = [...fieldBits(swap.typeShift, swap.typeBits), ...fieldBits(swap.offsetShift, swap.offsetBits)]
    const meanings = [...fields, ...flags, ...swap.setBits, ...swap.clearBits, ...swap.presentBits]
    expect(new Set(meanings).size).toBe(meanings.length)
    expect(Math.max(...meanings)).toBeLessThan(swap.pteBits)
  })

  it('takes no swap entry that an area can hand out for present or none, whatever its flags', () => {
    const flags = fc.subarray([swap.exclusiveBit, swap.softDirtyBit, swap.uffdWpBit].filter((bit) => bit >= 0))
    const slot = offsetOf(swap).filter((offset) => offset !== 0 && offset < layoutMaxSwapPages(swap))
    fc.assert(
      fc.property(swpType, slot, flags, (type, offset, set) => {
        const [bareLo, bareHi] = pteAt(swap, type, offset)
        const [lo, hi] = [bareLo | bitsLo(set), bareHi | bitsHi(set)]
        expect(layoutPtePresent(swap, lo, hi)).toBe(false)
        expect(layoutPteNone(swap, lo, hi)).toBe(false)
        expect([layoutSwpType(swap, lo, hi), layoutSwpOffset(swap, lo, hi)]).toEqual([type, offset])
        expect((lo & bitsLo(swap.clearBits)) | (hi & bitsHi(swap.clearBits))).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  it('limits a swap area as the kernel does', () => {
    expect(2 ** layoutOffsetBits(swap)).toBe(Number(oracleMaxSwapfileSize(oracle)))
    expect(layoutMaxSwapPages(swap)).toBe(Math.min(2 ** layoutOffsetBits(swap), 2 ** 32 - 1))
  })

  it('has a present layout whose bits do not overlap', () => {
    const { pfnShift, pfnBits, softwareBits, takenBits, specialBit, uffdWpBit, softDirtyBit } = present
    const pfn = fieldBits(pfnShift, pfnBits)
    expect(pfn.filter((bit) => softwareBits.includes(bit))).toEqual([])
    expect(takenBits.filter((bit) => !softwareBits.includes(bit))).toEqual([])
    for (const bit of [specialBit, uffdWpBit, softDirtyBit]) if (bit >= 0) expect(takenBits).toContain(bit)
    const single = [present.writeBit, present.accessedBit, present.dirtyBit, specialBit, uffdWpBit, softDirtyBit].filter((bit) => bit >= 0)
    expect(new Set([...single, ...pfn]).size).toBe(single.length + pfn.length)
    expect(Math.max(...softwareBits, ...pfn)).toBeLessThan(swap.pteBits)
  })
})

describe.each(ARCHITECTURES.filter(({ swap }) => swap.name in KERNEL_MACROS))('$name', ({ swap, present }) => {
  it('has the present bits that the compiled macros gave', () => {
    const mask = (bits: readonly number[]): bigint => bits.reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n)
    const { writeBit, accessedBit, dirtyBit, specialBit, uffdWpBit, softDirtyBit, softwareBits, pfnShift, pfnBits } = present
    const ours: Record<string, bigint> = {
      write: mask([writeBit]),
      accessed: mask([accessedBit]),
      dirty: mask([dirtyBit]),
      special: specialBit < 0 ? 0n : mask([specialBit]),
      uffdWp: uffdWpBit < 0 ? 0n : mask([uffdWpBit]),
      softDirty: softDirtyBit < 0 ? 0n : mask([softDirtyBit]),
      software: mask(softwareBits),
      pfn: mask(fieldBits(pfnShift, pfnBits)),
    }
    for (const [what, bits] of Object.entries(KERNEL_MACROS[swap.name].present)) expect([what, ours[what]]).toEqual([what, bits])
  })

  it('has the numbers that the compiled macros gave', () => {
    const macros = KERNEL_MACROS[swap.name]
    expect(2 ** layoutOffsetBits(swap)).toBe(macros.maxPages)
    for (const [type, offset, pte] of macros.ptes) expect(join(...pteAt(swap, type, offset))).toBe(pte)
    const mask = (bit: number): bigint | undefined => (bit < 0 ? undefined : 1n << BigInt(bit))
    const { exclusive, softDirty, uffdWp } = macros.flags
    expect([mask(swap.exclusiveBit), mask(swap.softDirtyBit), mask(swap.uffdWpBit)]).toEqual([exclusive, softDirty, uffdWp])
    expect(layoutPteNone(swap, ...pteAt(swap, 0, 0))).toBe(macros.firstIsNone)
  })
})

describe('the list of architectures', () => {
  it('has an oracle each, and compiled macros for every layout but that of a later kernel', () => {
    const names = ARCHITECTURES.map((each) => each.name)
    expect(Object.keys(ARCH_ORACLES).sort()).toEqual([...names].sort())
    expect(ARCHITECTURES.map(({ swap }) => swap.name).filter((name) => !(name in KERNEL_MACROS))).toEqual(['riscv64-svrsw60t59b'])
    expect(new Set(names).size).toBe(names.length)
  })

  it('has a bit that forbids writing on arm (L_PTE_RDONLY), one that allows it elsewhere', () => {
    const forbid = ARCHITECTURES.filter(({ present }) => present.writeInverted).map(({ name }) => name)
    expect(forbid).toEqual(['arm-short', 'arm-short-6.1', 'arm-lpae'])
  })

  it('has the address widths of the page-table formats', () => {
    const widths = ARCHITECTURES.map(
      ({ name, present }) => `${name} ${present.levelBits.reduce((sum, bits) => sum + bits, present.pageShift)}`,
    )
    expect(widths).toEqual([
      'x86-64 48',
      'x86-64-5level 57',
      'i386-pae 32',
      'arm64 48',
      'arm-short 32',
      'arm-short-6.1 32',
      'arm-lpae 32',
      'riscv64 57',
      'riscv64-svrsw60t59b 57',
      's390x 64',
      'ppc64-hash 52',
      'ppc64-hash-4k 46',
      'ppc64-radix 52',
      'ppc64-radix-4k 52',
    ])
  })
})
