import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RangeSet } from './range-set.ts'

const step = fc.record({ add: fc.boolean(), start: fc.nat(40), length: fc.nat(12) })

test.each([true, false])('is the set of its pages (joining: %s)', (joins) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.nat(40), fc.nat(12), (steps, start, length) => {
      const set = new RangeSet(joins)
      const pages = new Set<number>()
      for (const { add, start, length } of steps) {
        if (add) set.add(start, start + length)
        else set.remove(start, start + length)
        for (let page = start; page < start + length; page++) add ? pages.add(page) : pages.delete(page)
      }
      expect(set.size).toBe(pages.size)
      for (let page = 0; page < 60; page++) expect(set.has(page)).toBe(pages.has(page))
      const ranges = set.ranges
      for (let i = 1; i < ranges.length; i++) {
        expect(ranges[i].start).toBeGreaterThanOrEqual(ranges[i - 1].end + (joins ? 1 : 0))
      }
      const inside = set.within(start, start + length).reduce((sum, range) => sum + range.end - range.start, 0)
      const outside = set.missing(start, start + length).reduce((sum, range) => sum + range.end - range.start, 0)
      expect(inside + outside).toBe(length)
      expect(inside).toBe([...pages].filter((page) => page >= start && page < start + length).length)
    }),
  )
})

test('ranges that touch stay apart when they shall', () => {
  const set = new RangeSet(false)
  set.add(0, 4)
  set.add(4, 8)
  expect(set.ranges).toEqual([
    { start: 0, end: 4 },
    { start: 4, end: 8 },
  ])
})
