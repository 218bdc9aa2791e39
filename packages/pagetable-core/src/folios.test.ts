import {
  FRAME_ANON,
  FRAME_CACHE,
  FRAME_CHUNK_MASK,
  FRAME_COLUMN,
  FRAME_DIRTY,
  FRAME_ENTIRE,
  FRAME_FLAGS,
  FRAME_HUGETLB,
  FRAME_MAP,
  FRAME_REF,
  FRAME_RESTORE_RESERVE,
  FRAME_SWAPBACKED,
  FRAME_TAIL,
} from '@faultline/mm-types'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ChunkStock } from './chunk-stock.ts'
import { MachineCounters } from './counters.ts'
import { FIRST_PFN, FrameTable } from './frames.ts'
import { createMachine } from './machine.ts'

const frameTable = (limit?: number) => new FrameTable(new MachineCounters(), limit)
const WORDS = Array.from({ length: 8 }, (_, word) => word * FRAME_COLUMN)
const OTHERS = WORDS.filter((word) => word !== FRAME_REF && word !== FRAME_FLAGS)
const pagesOf = (head: number, order: number) => Array.from({ length: 2 ** order }, (_, i) => head + i)

/** A huge page of which some pages are mapped by ptes of their own, and some are in the page cache. */
function mappedInParts(maps: readonly number[]) {
  const frames = frameTable()
  const head = frames.alloc(9)
  frames.setFlags(head, FRAME_ANON | FRAME_DIRTY | FRAME_SWAPBACKED)
  frames.setField(head, FRAME_ENTIRE, 1)
  for (const [i, map] of maps.entries()) frames.setField(head + i, FRAME_MAP, map)
  return { frames, head }
}

const MAPS = fc.array(fc.constantFrom<number>(0, 0, 1, 2), { minLength: 512, maxLength: 512 })

describe('a split of a folio', () => {
  test('into single pages: each has the references of its own ptes and of the cache, and what nobody holds is free', () => {
    fc.assert(
      fc.property(MAPS, fc.nat(511), (maps, cached) => {
        const { frames, head } = mappedInParts(maps)
        frames.setFlags(head + cached, FRAME_CACHE)
        frames.split(head)
        const references = maps.map((map, i) => map + (i === cached ? 1 : 0))
        expect(references.map((_, i) => frames.field(head + i, FRAME_REF))).toEqual(references)
        expect(frames.nrUsed()).toBe(references.filter((count) => count > 0).length)
        for (const [i, count] of references.entries()) {
          expect([frames.order(head + i), frames.head(head + i), frames.field(head + i, FRAME_ENTIRE)]).toEqual([0, head + i, 0])
          if (count === 0) continue
          const kept = (i === 0 ? FRAME_ANON : 0) | (i === cached ? FRAME_CACHE : 0) | FRAME_DIRTY | FRAME_SWAPBACKED
          expect(frames.flags(head + i)).toBe(kept)
        }
      }),
      { seed: 20210115, numRuns: 5 },
    )
  })

  test('at one page: that page is single, its neighbours stand in halves, quarters and so on', () => {
    fc.assert(
      fc.property(MAPS, fc.nat(511), (maps, at) => {
        const { frames, head } = mappedInParts(maps)
        frames.splitAt(head + at)
        for (let i = 0; i < 512; i++) {
          // The half that both are not in together.
          const order = i === at ? 0 : 31 - Math.clz32(i ^ at)
          const first = i - (i % 2 ** order)
          const ofFolio = maps.slice(first, first + 2 ** order).reduce<number>((sum, map) => sum + map, 0)
          expect([i, frames.order(head + i), frames.head(head + i)]).toEqual([i, order, head + first])
          expect([i, frames.field(head + i, FRAME_REF)]).toEqual([i, i === first ? ofFolio : 0])
          expect((frames.flags(head + i) & FRAME_TAIL) !== 0).toBe(i !== first)
          expect(frames.flags(head + i) & (FRAME_DIRTY | FRAME_SWAPBACKED)).toBe(FRAME_DIRTY | FRAME_SWAPBACKED)
        }
      }),
      { seed: 20210115, numRuns: 5 },
    )
  })

  test('leaves parts that serve as single pages once they are freed', () => {
    const { frames, head } = mappedInParts(Array.from({ length: 512 }, () => 1))
    frames.splitAt(head)
    const part = head + 4
    expect(frames.order(part)).toBe(2)
    for (let i = 0; i < 4; i++) expect(frames.put(part + i)).toBe(3 - i)
    expect(frames.nrUsed()).toBe(508)
    // The lowest free frames are those skipped before the folio, then its part.
    const skipped = head - FIRST_PFN
    const taken = Array.from({ length: skipped + 4 }, () => frames.alloc(0))
    expect(taken.slice(skipped)).toEqual(pagesOf(part, 2))
    const again = pagesOf(part, 2).map((pfn) => WORDS.map((field) => frames.field(pfn, field)))
    expect(again).toEqual(again.map(() => WORDS.map((field) => (field === FRAME_REF ? 1 : 0))))
  })

  test('leaves the records around a part alone when that is freed and taken again, at the border of a chunk too', () => {
    const frames = frameTable()
    let head = frames.alloc(9)
    while (((head + 256) & FRAME_CHUNK_MASK) !== 256) head = frames.alloc(9)
    for (const page of pagesOf(head - 256, 10)) frames.setStamp(page, page)
    for (const page of pagesOf(head, 9)) frames.setField(page, FRAME_MAP, 1)
    frames.splitAt(head + 511)
    const stamps = () => pagesOf(head - 256, 10).map((page) => frames.stamp(page))
    const before = stamps()
    expect(frames.order(head)).toBe(8)
    for (let left = 256; left > 0; left--) frames.put(head)
    expect(pagesOf(head, 8).map(() => frames.alloc(0))).toEqual(pagesOf(head, 8))
    expect(stamps()).toEqual(before.map((stamp) => (stamp >= head && stamp < head + 256 ? 0 : stamp)))
  })
})

describe('folios that are freed', () => {
  test('come back newest first, with nothing in their records but what they are', () => {
    const frames = frameTable()
    const [first, second] = [frames.alloc(9), frames.alloc(9)]
    for (const head of [first, second]) {
      frames.setFlags(head, FRAME_ANON)
      frames.setStamp(head + 7, 7)
      frames.setField(head + 511, FRAME_MAP, 3)
      frames.put(head)
    }
    expect([frames.alloc(9), frames.alloc(9), frames.nrUsed()]).toEqual([second, first, 1024])
    for (const head of [first, second]) {
      expect(frames.field(head, FRAME_REF)).toBe(1)
      for (const pfn of pagesOf(head, 9)) {
        expect(OTHERS.map((field) => frames.field(pfn, field))).toEqual(OTHERS.map(() => 0))
        expect(frames.flags(pfn) & ~(0x1f << 16)).toBe(pfn === head ? 0 : FRAME_TAIL)
      }
    }
  })

  test.each([9, 18])('of hugetlb, order %i: are no longer in use, and reserved again where they were', (order) => {
    const frames = frameTable()
    const [plain, reserved] = [frames.alloc(order), frames.alloc(order)]
    for (const head of [plain, reserved]) frames.setFlags(head, FRAME_HUGETLB)
    frames.setFlags(reserved, FRAME_RESTORE_RESERVE)
    expect([frames.hugetlbInUse(order, 2), frames.hugetlbReserved(order)]).toEqual([2, 0])
    frames.put(plain)
    frames.put(frames.alloc(order))
    expect([frames.hugetlbInUse(order), frames.hugetlbReserved(order)]).toEqual([1, 0])
    frames.put(reserved)
    expect([frames.hugetlbInUse(order), frames.hugetlbReserved(order), frames.nrUsed()]).toEqual([0, 1, 0])
    expect([frames.hugetlbReserved(order, 2), frames.hugetlbReserved(order, -3)]).toEqual([3, 0])
  })

  test('every page of a folio of 1 GiB knows its head', () => {
    const frames = frameTable()
    const head = frames.alloc(18)
    expect(head % 2 ** 18).toBe(0)
    for (const i of [0, 1, 511, 512, 513, 2 ** 17, 2 ** 18 - 1]) expect([frames.head(head + i), frames.order(head + i)]).toEqual([head, 18])
    expect(frames.flags(head + 512) & FRAME_TAIL).toBe(FRAME_TAIL)
    expect(frames.nrUsed()).toBe(2 ** 18)
  })

  test('what is skipped to align one is handed out later, 512 frames of it at most', () => {
    const frames = frameTable()
    const head = frames.alloc(18)
    expect([frames.alloc(0), frames.alloc(0)]).toEqual([FIRST_PFN, FIRST_PFN + 1])
    for (let i = 2; i < 512; i++) frames.alloc(0)
    expect(frames.alloc(0)).toBe(head + 2 ** 18)
  })
})

describe('runs of single pages', () => {
  test.each([1, 15, 16, 17, 40])('of %i: free as if put one by one, and no other', (nr) => {
    const frames = frameTable()
    const all = Array.from({ length: 60 }, () => frames.alloc(0))
    for (const pfn of all) frames.setFlags(pfn, FRAME_DIRTY)
    frames.freeRun(all[5], nr)
    expect(frames.nrUsed()).toBe(60 - nr)
    expect(Array.from({ length: nr }, () => frames.alloc(0))).toEqual(all.slice(5, 5 + nr))
    expect(frames.alloc(0)).toBe(all[59] + 1)
    expect(all.map((pfn) => frames.flags(pfn))).toEqual(all.map((_, i) => (i >= 5 && i < 5 + nr ? 0 : FRAME_DIRTY)))
  })
})

describe('limits', () => {
  test.each([
    [0, 1],
    [9, 512],
  ])('order %i: what was refused last says how much was asked and what there is', (order, asked) => {
    const machine = createMachine({ frames: 1030 })
    machine.frames.alloc(0)
    machine.frames.alloc(0)
    while (machine.frames.alloc(order) !== 0);
    expect(machine.refusal).toEqual({ what: 'frames', asked, inUse: order === 0 ? 6 : 2, limit: 6 })
  })

  test('a folio fits that ends at the limit', () => {
    expect([frameTable(1536).alloc(9), frameTable(1535).alloc(9)]).toEqual([1024, 0])
  })

  test('what is allocated is counted, a folio as one, and not what is refused', () => {
    const counters = new MachineCounters()
    const frames = new FrameTable(counters, 1537)
    for (const order of [9, 0, 0, 9]) frames.alloc(order)
    expect(counters.framesAllocated).toBe(2)
  })
})

test('flags are set and cleared one by one; who maps a single page is its own ptes', () => {
  const frames = frameTable()
  const pfn = frames.alloc(0)
  frames.setFlags(pfn, FRAME_DIRTY | FRAME_ANON)
  frames.clearFlags(pfn, FRAME_DIRTY)
  expect(frames.flags(pfn)).toBe(FRAME_ANON)
  frames.setField(pfn, FRAME_MAP, 2)
  frames.setField(pfn, FRAME_ENTIRE, 5)
  expect(frames.mapcount(pfn)).toBe(2)
})

test('all words of a page that is taken again are cleared, and none of its neighbours', () => {
  const frames = frameTable()
  const all = [frames.alloc(0), frames.alloc(0), frames.alloc(0)]
  for (const pfn of all) for (const field of OTHERS) frames.setField(pfn, field, 100 + field)
  frames.setFlags(all[1], FRAME_DIRTY)
  frames.put(all[1])
  expect(frames.alloc(0)).toBe(all[1])
  expect([frames.field(all[1], FRAME_REF), frames.flags(all[1])]).toEqual([1, 0])
  expect(all.map((pfn) => OTHERS.map((field) => frames.field(pfn, field)))).toEqual([
    OTHERS.map((field) => 100 + field),
    OTHERS.map(() => 0),
    OTHERS.map((field) => 100 + field),
  ])
})

test('buffers are given back, and how many frames were in use can still be asked', () => {
  const stock = new ChunkStock()
  const frames = new FrameTable(new MachineCounters(), undefined, stock)
  const chunk = frames.chunk(frames.alloc(0))
  frames.release()
  expect(frames.nrUsed()).toBe(1)
  expect(new FrameTable(new MachineCounters(), undefined, stock).chunk(FIRST_PFN)).toBe(chunk)
})
