import { type ArmingContext, type ArmingPolicy, LEVEL_PGD, LEVEL_PMD, LEVEL_PTE, LEVEL_PUD, type MarkerEncoding } from '@faultline/mm-types'
import { createMachine } from '@faultline/pagetable-core'
import { describe, expect, test } from 'vitest'
import { hugeZeroPage } from './huge-zero-page.ts'
import { pmdMarkers } from './pmd-marker.ts'
import { pteMarkers } from './pte-marker.ts'
import { pudMarkers } from './pud-marker.ts'
import { skip } from './skip.ts'
import { twoMarkers } from './two-markers.ts'
import { zeroPage } from './zero-page.ts'

const { tables } = createMachine()
const marking = (wpLo: number, wpHi: number): ArmingContext => ({
  encoding: { wpLo, wpHi } as MarkerEncoding,
  zeroLo: 0x1425,
  zeroHi: 3,
  isEmpty: false,
})

/** Arms entries 1 to 5 of 7: entry 3 is a page, entries 4 and 5 have one word each. */
function armed(policy: ArmingPolicy, context = marking(-1024, -1)): { nr: number; lo: number[]; hi: number[] } {
  const lo = Int32Array.of(0, 0, 0, 0x67, 0x400, 0, 0)
  const hi = Int32Array.of(0, 0, 0, 9, 0, 8, 0)
  const nr = policy.armNone(lo, hi, 1, 6, context)
  return { nr, lo: [...lo], hi: [...hi] }
}

const UNTOUCHED = { nr: 0, lo: [0, 0, 0, 0x67, 0x400, 0, 0], hi: [0, 0, 0, 9, 0, 8, 0] }

describe('what is none in a span', () => {
  test.each([pteMarkers, pmdMarkers, pudMarkers])('gets the marker of the encoding: $name', (policy) => {
    expect(armed(policy)).toEqual({ nr: 2, lo: [0, -1024, -1024, 0x67, 0x400, 0, 0], hi: [0, -1, -1, 9, 0, 8, 0] })
    expect(armed(policy, marking(4, 0))).toEqual({ nr: 2, lo: [0, 4, 4, 0x67, 0x400, 0, 0], hi: [0, 0, 0, 9, 0, 8, 0] })
    expect(armed(policy, marking(0, 4))).toEqual({ nr: 2, lo: [0, 0, 0, 0x67, 0x400, 0, 0], hi: [0, 4, 4, 9, 0, 8, 0] })
  })

  test('stays none where the encoding has no marker', () => {
    expect(armed(pteMarkers, marking(0, 0))).toEqual(UNTOUCHED)
  })

  test.each([zeroPage, hugeZeroPage])('gets the protected zero page: $name', (policy) => {
    expect(armed(policy)).toEqual({ nr: 2, lo: [0, 0x1425, 0x1425, 0x67, 0x400, 0, 0], hi: [0, 3, 3, 9, 0, 8, 0] })
  })

  test.each([skip, twoMarkers, zeroPage, hugeZeroPage, pteMarkers, pmdMarkers, pudMarkers])(
    'is the same when it is all: $name',
    (policy) => {
      const [looked, filled] = [false, true].map((isEmpty) => {
        const [lo, hi] = [new Int32Array(7), new Int32Array(7)]
        return { nr: policy.armNone(lo, hi, 1, 6, { ...marking(-1024, -1), isEmpty }), lo, hi }
      })
      expect(filled).toEqual(looked)
    },
  )

  test.each([skip, twoMarkers])('stays none: $name', (policy) => {
    expect(armed(policy)).toEqual(UNTOUCHED)
  })
})

test.each([
  [skip, { needsTable: false, populates: false, mapsHugeZeroPage: false, noneIsArmed: false, level: LEVEL_PTE }],
  [zeroPage, { needsTable: true, populates: true, mapsHugeZeroPage: false, noneIsArmed: false, level: LEVEL_PTE }],
  [hugeZeroPage, { needsTable: true, populates: true, mapsHugeZeroPage: true, noneIsArmed: false, level: LEVEL_PTE }],
  [pteMarkers, { needsTable: true, populates: false, mapsHugeZeroPage: false, noneIsArmed: false, level: LEVEL_PTE }],
  [pmdMarkers, { needsTable: true, populates: false, mapsHugeZeroPage: false, noneIsArmed: false, level: LEVEL_PMD }],
  [pudMarkers, { needsTable: true, populates: false, mapsHugeZeroPage: false, noneIsArmed: false, level: LEVEL_PUD }],
  [twoMarkers, { needsTable: false, populates: false, mapsHugeZeroPage: false, noneIsArmed: true, level: LEVEL_PTE }],
])('what $name says of itself', ({ needsTable, populates, mapsHugeZeroPage, noneIsArmed, wholeLevel }, expected) => {
  expect({ needsTable, populates, mapsHugeZeroPage, noneIsArmed, level: wholeLevel(0, tables, tables.alloc(LEVEL_PGD)) }).toEqual(expected)
})
