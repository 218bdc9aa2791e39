import {
  type CollapseLimits,
  type CollapseScan,
  FRAME_MAP,
  PAGE_UFFD_WP,
  PTE_MARKER_POISONED,
  SCAN_EXCEED_NONE_PTE,
  SCAN_EXCEED_SHARED_PTE,
  SCAN_EXCEED_SWAP_PTE,
  SCAN_FAIL,
  SCAN_PTE_UFFD_WP,
  SCAN_SUCCEED,
  SWP_UFFD_WP,
} from '@faultline/mm-types'
import { createMachine, pteHi, pteLo, ZERO_PFN } from '@faultline/pagetable-core'
import { pteMarker, swpPteHi, swpPteLo } from '@faultline/swap-entry'
import { describe, expect, test } from 'vitest'
import { scanTable } from './scan.ts'

const LIMITS: CollapseLimits = { maxPtesNone: 5, maxPtesSwap: 4, maxPtesShared: 3 }

/** A table of 512 pages of its own, in the second half of an array, between entries that must not be looked at. */
function table() {
  const { frames } = createMachine({ frames: 4096 })
  const lo = new Int32Array(1536).fill(pteLo(0, PAGE_UFFD_WP))
  const hi = new Int32Array(1536)
  const page = (i: number, flags: number): void => {
    const pfn = frames.alloc(0)
    frames.setField(pfn, FRAME_MAP, 1)
    lo[512 + i] = pteLo(pfn, flags)
    hi[512 + i] = pteHi(pfn, 0)
  }
  for (let i = 0; i < 512; i++) page(i, 0)
  const set = (nr: number, word: number, high: number, first = 0): void => {
    lo.fill(word, 512 + first, 512 + first + nr)
    hi.fill(high, 512 + first, 512 + first + nr)
  }
  /** Makes the first `nr` pages mapped `times` times. */
  const map = (nr: number, times: number): void => {
    for (let i = 0; i < nr; i++) frames.setField((lo[512 + i] >>> 12) | ((hi[512 + i] & 0xfffff) << 20), FRAME_MAP, times)
  }
  const scan = (more: Partial<CollapseScan> = {}, mostNone = -1, checksBit = true): number =>
    scanTable(lo, hi, 512, { limits: LIMITS, vmFlags: 0, encoding: pteMarker, frames, forced: false, ...more }, mostNone, checksBit)
  return { page, set, map, scan }
}

type Table = ReturnType<typeof table>

describe('the scan of a table', () => {
  test('lets a full table pass, and does not look beyond it', () => {
    expect(table().scan()).toBe(SCAN_SUCCEED)
  })

  test.each([
    ['none entries', SCAN_EXCEED_NONE_PTE, 5, 0, 0],
    ['zero pages', SCAN_EXCEED_NONE_PTE, 5, pteLo(ZERO_PFN, 0), pteHi(ZERO_PFN, 0)],
    ['swap entries', SCAN_EXCEED_SWAP_PTE, 4, swpPteLo(0, 9), swpPteHi(0, 9)],
    ['swap entries whose low word is 0', SCAN_EXCEED_SWAP_PTE, 4, 0, 0x7fffff00],
    ['swap entries whose high word is 0', SCAN_EXCEED_SWAP_PTE, 4, 0x1000 & ~0x101, 0],
  ])('counts %s up to the limit', (_, code, most, word, high) => {
    const { set, scan } = table()
    set(most, word, high)
    expect(scan()).toBe(SCAN_SUCCEED)
    set(1, word, high, 511)
    expect(scan()).toBe(code)
    expect(scan({ forced: true })).toBe(SCAN_SUCCEED)
  })

  test('counts none entries and zero pages together', () => {
    const { set, scan } = table()
    set(3, 0, 0)
    set(2, pteLo(ZERO_PFN, 0), pteHi(ZERO_PFN, 0), 10)
    expect(scan()).toBe(SCAN_SUCCEED)
    set(1, 0, 0, 20)
    expect(scan()).toBe(SCAN_EXCEED_NONE_PTE)
  })

  test('counts shared pages up to the limit, a zero page not being one', () => {
    const { set, map, scan } = table()
    map(3, 2)
    set(5, pteLo(ZERO_PFN, 0), pteHi(ZERO_PFN, 0), 100)
    expect(scan()).toBe(SCAN_SUCCEED)
    map(4, 2)
    expect(scan()).toBe(SCAN_EXCEED_SHARED_PTE)
    expect(scan({ forced: true })).toBe(SCAN_SUCCEED)
  })

  test('counts a zero page that is mapped often as none and not as shared', () => {
    const { frames } = createMachine({ frames: 64 })
    frames.setField(ZERO_PFN, FRAME_MAP, 9)
    const lo = new Int32Array(512).fill(pteLo(ZERO_PFN, 0))
    const hi = new Int32Array(512).fill(pteHi(ZERO_PFN, 0))
    const limits: CollapseLimits = { maxPtesNone: 512, maxPtesSwap: 0, maxPtesShared: 0 }
    expect(scanTable(lo, hi, 0, { limits, vmFlags: 0, encoding: pteMarker, frames, forced: false }, -1, true)).toBe(SCAN_SUCCEED)
  })

  test('allows no more none entries than it is told, forced or not', () => {
    const { set, scan } = table()
    set(1, 0, 0)
    expect([scan({}, 0), scan({ forced: true }, 0), scan({}, 1), scan({}, -1)]).toEqual([
      SCAN_EXCEED_NONE_PTE,
      SCAN_EXCEED_NONE_PTE,
      SCAN_SUCCEED,
      SCAN_SUCCEED,
    ])
  })

  test.each([
    ['an armed page', (t: Table) => t.page(511, PAGE_UFFD_WP), SCAN_SUCCEED],
    ['an armed swap entry', (t: Table) => t.set(1, swpPteLo(0, 9) | SWP_UFFD_WP, swpPteHi(0, 9), 511), SCAN_SUCCEED],
    ['a marker', (t: Table) => t.set(1, pteMarker.wpLo, pteMarker.wpHi, 511), SCAN_FAIL],
  ])('ends at %s where the bit counts', (_, change, otherwise) => {
    const t = table()
    change(t)
    expect(t.scan()).toBe(SCAN_PTE_UFFD_WP)
    expect(t.scan({ forced: true })).toBe(SCAN_PTE_UFFD_WP)
    expect(t.scan({}, -1, false)).toBe(otherwise)
  })

  test('a poisoned page cannot be swapped in', () => {
    const t = table()
    t.set(1, pteMarker.markerLo(PTE_MARKER_POISONED), pteMarker.markerHi(PTE_MARKER_POISONED))
    expect(t.scan()).toBe(SCAN_FAIL)
  })
})
