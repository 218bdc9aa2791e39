import { FRAME_CHUNK_MASK, FRAME_ENTIRE, FRAME_MAP, FRAME_REF, FRAME_SLOT, FRAME_ZERO } from '@faultline/mm-types'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MachineCounters } from './counters.ts'
import { FrameTable, HUGE_ZERO_PFN, inSwapCache, ZERO_PFN } from './frames.ts'

const frameTable = (limit?: number) => new FrameTable(new MachineCounters(), limit)

describe('single pages', () => {
  test('come with one reference and nothing else, also when used before', () => {
    const frames = frameTable()
    const pfn = frames.alloc(0)
    for (let field = 1; field < 8; field++) frames.setField(pfn, field, 0)
    frames.setStamp(pfn, 7)
    frames.setField(pfn, FRAME_MAP, 3)
    frames.setFlags(pfn, 0x2f)
    expect(frames.put(pfn)).toBe(0)
    expect(frames.alloc(0)).toBe(pfn)
    expect(Array.from({ length: 8 }, (_, field) => frames.field(pfn, field))).toEqual([1, 0, 0, 0, 0, 0, 0, 0])
  })

  test('get and put count; the last put frees; one more throws and names the frame', () => {
    const frames = frameTable()
    const pfn = frames.alloc(0)
    frames.get(pfn)
    expect(frames.nrUsed()).toBe(1)
    expect(frames.put(pfn)).toBe(1)
    expect(frames.put(pfn)).toBe(0)
    expect(frames.nrUsed()).toBe(0)
    expect(() => frames.put(pfn)).toThrow(`frame ${pfn}: dropped more references than it had`)
  })

  test('a run is freed as its pages would be one by one, over the border of a chunk too', () => {
    const frames = frameTable()
    const all = Array.from({ length: FRAME_CHUNK_MASK + 10 }, () => frames.alloc(0))
    for (const pfn of all) frames.setStamp(pfn, pfn)
    frames.freeRun(all[3], all.length - 5)
    expect(frames.nrUsed()).toBe(5)
    expect(Array.from({ length: all.length - 5 }, () => frames.alloc(0))).toEqual(all.slice(3, -2))
    expect([frames.stamp(all[2]), frames.stamp(all[3]), frames.stamp(all.at(-3)!), frames.stamp(all.at(-2)!)]).toEqual([
      all[2],
      0,
      0,
      all.at(-2),
    ])
  })

  test('the zero pages are never counted and never freed', () => {
    const frames = frameTable()
    for (const pfn of [ZERO_PFN, HUGE_ZERO_PFN, HUGE_ZERO_PFN + 511]) {
      expect(frames.flags(pfn) & FRAME_ZERO).not.toBe(0)
      expect([frames.put(pfn), frames.put(pfn)]).toEqual([1, 1])
    }
    expect(frames.head(HUGE_ZERO_PFN + 511)).toBe(HUGE_ZERO_PFN)
    expect(frames.nrUsed()).toBe(0)
  })

  test('frames go on over the border of a chunk', () => {
    const frames = frameTable()
    const all = Array.from({ length: FRAME_CHUNK_MASK + 10 }, () => frames.alloc(0))
    all.forEach((pfn, i) => void frames.setStamp(pfn, i))
    expect(all.every((pfn, i) => frames.stamp(pfn) === i)).toBe(true)
    expect(frames.nrUsed()).toBe(all.length)
  })

  test('at the limit 0 is the answer, and a freed frame serves again', () => {
    const frames = frameTable(1026)
    const [a, b] = [frames.alloc(0), frames.alloc(0)]
    expect([a, b, frames.alloc(0), frames.alloc(9)]).toEqual([1024, 1025, 0, 0])
    frames.put(a)
    expect(frames.alloc(0)).toBe(a)
  })
})

describe('folios', () => {
  test('are aligned; every page knows head and order; references are the head’s', () => {
    const frames = frameTable()
    frames.alloc(0)
    const head = frames.alloc(9)
    expect(head % 512).toBe(0)
    expect([0, 1, 511].map((i) => [frames.head(head + i), frames.order(head + i)])).toEqual([
      [head, 9],
      [head, 9],
      [head, 9],
    ])
    expect(frames.nrUsed()).toBe(513)
    frames.get(head + 17)
    expect(frames.field(head, FRAME_REF)).toBe(2)
    expect(frames.put(head + 300)).toBe(1)
    expect(frames.put(head)).toBe(0)
    expect(frames.nrUsed()).toBe(1)
    expect(() => frames.put(head)).toThrow(`frame ${head}`)
  })

  test('are used again, clean, and leave the frames skipped for alignment to single pages', () => {
    const frames = frameTable()
    const single = frames.alloc(0)
    const head = frames.alloc(9)
    frames.setStamp(head + 5, 9)
    frames.put(head)
    expect(frames.alloc(9)).toBe(head)
    expect(frames.stamp(head + 5)).toBe(0)
    const skipped = frames.alloc(0)
    expect(skipped > single && skipped < head).toBe(true)
    expect(frames.order(skipped)).toBe(0)
  })

  test('a page is mapped by its own ptes and by huge leaves of its folio', () => {
    const frames = frameTable()
    const head = frames.alloc(9)
    frames.setField(head, FRAME_ENTIRE, 2)
    frames.setField(head + 3, FRAME_MAP, 1)
    expect([frames.mapcount(head), frames.mapcount(head + 3), frames.mapcount(head + 4)]).toEqual([2, 3, 2])
  })
})

test('frames in use equal those held, for any order of calls', () => {
  const step = fc.record({ free: fc.boolean(), which: fc.nat(), order: fc.constantFrom(0, 0, 0, 9) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const frames = frameTable()
      const held: { pfn: number; order: number }[] = []
      for (const { free, which, order } of steps) {
        if (free && held.length > 0) frames.put(held.splice(which % held.length, 1)[0].pfn)
        else held.push({ pfn: frames.alloc(order), order })
      }
      const pages = held.flatMap(({ pfn, order }) => Array.from({ length: 2 ** order }, (_, i) => pfn + i))
      expect(new Set(pages).size).toBe(pages.length)
      expect(frames.nrUsed()).toBe(pages.length)
    }),
    { seed: 20210115, numRuns: 60 },
  )
})

test('inSwapCache tells by the slot', () => {
  const frames = frameTable()
  const pfn = frames.alloc(0)
  expect(inSwapCache(frames, pfn)).toBe(false)
  frames.setField(pfn, FRAME_SLOT, 8)
  expect(inSwapCache(frames, pfn)).toBe(true)
})
