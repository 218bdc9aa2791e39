import { type MarkerEncoding, PTE_MARKER_UFFD_WP, type SwapPteLayout } from '@faultline/mm-types'
import { describe, expect, it } from 'vitest'
import { ENCODINGS } from '../test/arbitraries.ts'
import { ARM_LPAE, ARM_SHORT, ARM_SHORT_6_1 } from './arch/arm.ts'
import { ARM64 } from './arch/arm64.ts'
import { I386_PAE } from './arch/i386-pae.ts'
import { swpPteHi, swpPteLo, X86_64, X86_64_SWAP_PTE } from './arch/x86-64.ts'
import type { PteArchitecture } from './architecture.ts'
import { ARCHITECTURES } from './architectures.ts'
import { type BudgetConfig, budgetConfigs, encodingBudget } from './budget.ts'
import { flagRoom, readAsSwapEntry, specialCodePoint } from './code-points.ts'
import { layoutPtePresent, layoutSwpPteHi, layoutSwpPteLo } from './layout.ts'
import { markerEncodings } from './marker/by-layout.ts'
import { pteMarkerNoWp } from './marker/pte-marker-no-wp.ts'

const NOTHING: BudgetConfig = { migration: false, memoryFailure: false, devicePrivate: false }

describe('the combinations of options', () => {
  const rows = (architecture: PteArchitecture): string[] =>
    budgetConfigs(architecture).map((config) => [config.migration, config.memoryFailure, config.devicePrivate].map(Number).join(''))

  it('are each listed once, all off first', () => {
    expect(rows(X86_64)).toEqual(['000', '100', '010', '110', '101', '111'])
  })

  it('leave out what an architecture cannot have', () => {
    expect(rows(ARM_SHORT)).toEqual(['000', '100'])
  })
})

describe('collisions', () => {
  it('of an encoding without a word: none is left', () => {
    expect(encodingBudget(ARM_SHORT_6_1, NOTHING).encodings[1].collision).toMatch(/^no word is left/)
  })

  it('of the first type that is no swap file: nothing', () => {
    const { swapFiles, collision } = encodingBudget(X86_64, NOTHING).encodings[3]
    expect([swapFiles, collision]).toEqual([31, 'nothing: type 31 of 32 is no swap file'])
  })
})

it('the slot behind the last of the largest swap file is beyond it', () => {
  const slotOf = (offset: number): string => readAsSwapEntry(X86_64_SWAP_PTE, swpPteLo(0, offset), swpPteHi(0, offset)).slot
  expect([slotOf(2 ** 32 - 2), slotOf(2 ** 32 - 1)]).toEqual(['slot', 'beyond'])
})

it('the flags of arm64: soft-dirty finds a bit in either pte, exclusive is in none that is present', () => {
  expect(flagRoom(ARM64)).toEqual([
    { flag: 'uffd-wp', swapBit: 3, freeSwapBit: -1, presentBit: 58, freePresentBit: -1 },
    { flag: 'soft-dirty', swapBit: -1, freeSwapBit: 4, presentBit: -1, freePresentBit: 57 },
    { flag: 'exclusive', swapBit: 2, freeSwapBit: -1, presentBit: -1, freePresentBit: -1 },
  ])
})

// No architecture has these, but a layout can say so.
describe('layouts that might be', () => {
  const fromBit0 = (uffdWpBit: number): PteArchitecture => ({
    ...ARM_LPAE,
    swap: { ...ARM_LPAE.swap, presentBits: [1], uffdWpBit },
    present: { ...ARM_LPAE.present, uffdWpBit, softwareBits: [0, 55], takenBits: [0] },
  })

  it('a flag in bit 0 is a flag', () => {
    const architecture = fromBit0(0)
    const { swap } = architecture
    expect(flagRoom(architecture).slice(0, 2)).toEqual([
      { flag: 'uffd-wp', swapBit: 0, freeSwapBit: -1, presentBit: 0, freePresentBit: -1 },
      { flag: 'soft-dirty', swapBit: -1, freeSwapBit: 32, presentBit: -1, freePresentBit: 55 },
    ])
    expect(specialCodePoint(swap)).toEqual({ lo: 1, hi: 0, bit: 0, role: 'uffd-wp' })
    expect(markerEncodings(swap)[2].encoding?.wpLo).toBe(layoutSwpPteLo(swap, 1, 0) | 1)
    const { maxSwapBytes, maxSwapBytesWithUffdWp } = encodingBudget(architecture, NOTHING)
    expect(maxSwapBytesWithUffdWp).toBe(maxSwapBytes)
  })

  it('a free bit 0 is room for one', () => {
    const { flags, maxSwapBytes, maxSwapBytesWithUffdWp } = encodingBudget(fromBit0(-1), NOTHING)
    expect(flags[0].freeSwapBit).toBe(0)
    expect(maxSwapBytesWithUffdWp).toBe(maxSwapBytes)
  })

  it('a bit that none ptes may have makes no special pte: the exclusive flag does', () => {
    const layout: SwapPteLayout = { ...I386_PAE.swap, noneIgnoredBits: [1, 5, 6] }
    expect(specialCodePoint(layout)).toEqual({ lo: 0x80, hi: 0, bit: 7, role: 'exclusive' })
  })

  it('a bit of the low word that presence needs is asked for', () => {
    const layout: SwapPteLayout = { ...X86_64_SWAP_PTE, presentNeedsBits: [7] }
    expect([0x81, 0x01, 0x80].map((lo) => layoutPtePresent(layout, lo, 0))).toEqual([true, false, false])
  })
})

it('a type that its field cannot hold is cut off', () => {
  const at = (type: number): number[] => [layoutSwpPteLo(ARM64.swap, type, 1), layoutSwpPteHi(ARM64.swap, type, 1)]
  expect(at(32 + 5)).toEqual(at(5))
})

it('the marker with all four bits has the word of type 31 and offset 15', () => {
  expect([pteMarkerNoWp.markerLo(0xf), pteMarkerNoWp.markerHi(0xf)]).toEqual([swpPteLo(31, 0xf), swpPteHi(31, 0xf)])
})

// Built in the tests, not when the file is loaded: mutation testing turns a change on only while a test runs.
describe('encodings by layout, built anew', () => {
  it('have the words and tests that loops use on x86-64', () => {
    const data = (e: MarkerEncoding) => [e.wpLo, e.wpHi, e.wpTestLoMask, e.wpTestLo, e.wpTestHiMask, e.wpTestHi]
    expect(markerEncodings(X86_64_SWAP_PTE).map(({ encoding }) => encoding && data(encoding))).toEqual(ENCODINGS.map(data))
  })

  it.each(ARCHITECTURES)('write, read and test their markers on $name', ({ swap }) => {
    for (const { encoding: e } of markerEncodings(swap)) {
      if (e === undefined) continue
      for (let bits = 0; bits <= 15; bits++) {
        const [lo, hi] = [e.markerLo(bits), e.markerHi(bits)]
        if (bits === 0 || (bits & ~e.bits) !== 0) expect([lo, hi]).toEqual([0, 0])
        else {
          expect(e.markerBits(lo, hi)).toBe(bits)
          const armed = (lo & e.wpTestLoMask) === e.wpTestLo && (hi & e.wpTestHiMask) === e.wpTestHi
          expect(armed).toBe((bits & PTE_MARKER_UFFD_WP) !== 0)
        }
      }
    }
  })
})
