import {
  PAGE_DIRTY,
  PAGE_PRESENT,
  PAGE_PROTNONE,
  PAGE_RW,
  PAGE_SOFT_DIRTY,
  PAGE_UFFD_WP,
  PAGE_USER,
  PTRS_PER_PTE,
  SWP_EXCLUSIVE,
  SWP_SOFT_DIRTY,
  SWP_UFFD_WP,
} from '@faultline/mm-types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clearSoftDirty, isSoftDirty } from './soft-dirty.ts'

const PRESENT = PAGE_PRESENT | PAGE_USER

/** A table of 512 entries at index 512 of an arena of three, filled with `entry`. */
function tableOf(entry: number) {
  const lo = new Int32Array(3 * PTRS_PER_PTE).fill(entry)
  return { lo, hi: new Int32Array(lo.length).fill(1), base: PTRS_PER_PTE }
}

/** Clears one entry and answers what is left of it, with the number of entries that changed. */
function clearOne(entry: number) {
  const { lo, hi, base } = tableOf(entry)
  const nrChanged = clearSoftDirty(lo, hi, base, 7, 8)
  return { lo: lo[base + 7], nrChanged }
}

describe('clearSoftDirty', () => {
  it('takes the bit and the write permission of a present entry and keeps the rest', () => {
    const kept = PRESENT | PAGE_DIRTY | PAGE_UFFD_WP
    expect(clearOne(kept | PAGE_RW | PAGE_SOFT_DIRTY)).toEqual({ lo: kept, nrChanged: 1 })
  })

  it('write-protects a clean writable entry, or its next write would go unseen', () => {
    expect(clearOne(PRESENT | PAGE_RW)).toEqual({ lo: PRESENT, nrChanged: 1 })
  })

  it('counts an entry that is clean and read-only as unchanged', () => {
    expect(clearOne(PRESENT)).toEqual({ lo: PRESENT, nrChanged: 0 })
  })

  it('treats a PROT_NONE entry as present', () => {
    expect(clearOne(PAGE_PROTNONE | PAGE_SOFT_DIRTY)).toEqual({ lo: PAGE_PROTNONE, nrChanged: 1 })
  })

  it('takes only bit 1 of a non-present entry', () => {
    const kept = SWP_UFFD_WP | SWP_EXCLUSIVE | PAGE_SOFT_DIRTY
    expect(clearOne(kept | SWP_SOFT_DIRTY)).toEqual({ lo: kept, nrChanged: 1 })
  })

  it('leaves none entries alone', () => {
    expect(clearOne(0)).toEqual({ lo: 0, nrChanged: 0 })
  })

  it('touches the span and nothing else', () => {
    const dirty = PRESENT | PAGE_RW | PAGE_SOFT_DIRTY
    const { lo, hi, base } = tableOf(dirty)
    expect(clearSoftDirty(lo, hi, base, 3, 11)).toBe(8)
    const changed = Array.from(lo.keys()).filter((i) => lo[i] !== dirty)
    expect(changed).toEqual(Array.from({ length: 8 }, (_, i) => base + 3 + i))
    expect(hi.every((word) => word === 1)).toBe(true)
  })

  it('leaves no soft-dirty and no writable present entry, and a second pass finds nothing to do', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: PTRS_PER_PTE }), (entries) => {
        const lo = Int32Array.from(entries)
        const hi = new Int32Array(lo.length)
        const nrChanged = clearSoftDirty(lo, hi, 0, 0, lo.length)
        expect(nrChanged).toBe(entries.filter((entry, i) => entry !== lo[i]).length)
        for (const entry of lo) {
          expect(isSoftDirty(entry)).toBe(false)
          expect((entry & PAGE_PRESENT) !== 0 && (entry & PAGE_RW) !== 0).toBe(false)
        }
        expect(clearSoftDirty(lo, hi, 0, 0, lo.length)).toBe(0)
      }),
    )
  })
})

describe('isSoftDirty', () => {
  it.each([
    ['none', 0, false],
    ['present and clean', PRESENT | PAGE_RW, false],
    ['present and dirty', PRESENT | PAGE_SOFT_DIRTY, true],
    ['PROT_NONE and dirty', PAGE_PROTNONE | PAGE_SOFT_DIRTY, true],
    ['swapped and clean', PAGE_SOFT_DIRTY, false],
    ['swapped and dirty', SWP_SOFT_DIRTY, true],
  ])('%s', (_, lo, expected) => {
    expect(isSoftDirty(lo)).toBe(expected)
  })
})
