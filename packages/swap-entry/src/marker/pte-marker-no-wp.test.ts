import { PTE_MARKER_NO_WP, PTE_MARKER_UFFD_WP, SOFTLEAF_MARKER } from '@faultline/mm-types'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { word } from '../../test/arbitraries.ts'
import { classify } from '../classify.ts'
import { swpTypes } from '../swp-types.ts'
import { pteMarker } from './pte-marker.ts'
import { pteMarkerNoWp } from './pte-marker-no-wp.ts'

const e = pteMarkerNoWp

test('carries any set of its four bits, as a marker', () => {
  for (let bits = 1; bits <= 0xf; bits++) {
    expect(e.markerBits(e.markerLo(bits), e.markerHi(bits))).toBe(bits)
    expect(classify(e.markerLo(bits), e.markerHi(bits), swpTypes(), e)).toBe(SOFTLEAF_MARKER)
  }
  for (const bits of [0, 0x10, 0x1f]) expect([e.markerLo(bits), e.markerHi(bits)]).toEqual([0, 0])
})

test('writes what Linux knows as Linux does', () => {
  for (let bits = 1; bits <= 7; bits++)
    expect([e.markerLo(bits), e.markerHi(bits)]).toEqual([pteMarker.markerLo(bits), pteMarker.markerHi(bits)])
})

test('has a word test that holds for armed markers alone', () => {
  const isArmed = (lo: number, hi: number) => (lo & e.wpTestLoMask) === e.wpTestLo && (hi & e.wpTestHiMask) === e.wpTestHi
  expect(isArmed(e.markerLo(PTE_MARKER_NO_WP), e.markerHi(PTE_MARKER_NO_WP))).toBe(false)
  const markers = fc.integer({ min: 1, max: 15 }).map((bits): [number, number] => [e.markerLo(bits), e.markerHi(bits)])
  fc.assert(
    fc.property(fc.oneof(fc.tuple(word, word), markers), ([lo, hi]) => {
      expect(isArmed(lo, hi)).toBe((e.markerBits(lo, hi) & PTE_MARKER_UFFD_WP) !== 0)
    }),
    { numRuns: 1000 },
  )
})
