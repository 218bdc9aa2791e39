import { PAGE_PRESENT, PAGE_UFFD_WP } from '@faultline/mm-types'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { REPORTED, ScanRuns } from './scan-regions.ts'

/** Pages that come one after the other: of one kind, or present entries, armed or not. */
const piece = fc.oneof(
  fc.record({ gap: fc.nat(2), pages: fc.integer({ min: 1, max: 5 }), kind: fc.nat(1) }),
  fc.record({ gap: fc.nat(2), armed: fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }) }),
)

function regionsOf(tags: readonly number[], first: number) {
  const regions: { start: number; end: number; categories: number }[] = []
  for (const [i, tag] of tags.entries()) {
    const start = (first + i) * 4096
    if (tag === 0) continue
    if (i > 0 && tags[i - 1] === tag) regions[regions.length - 1]!.end += 4096
    else regions.push({ start, end: start + 4096, categories: tag - REPORTED })
  }
  return regions
}

test('runs and groups are the regions that page by page would be', () => {
  const tag = fc.constantFrom(0, REPORTED, REPORTED | 2)
  fc.assert(
    fc.property(fc.array(piece), tag, tag, (pieces, clear, set) => {
      const first = 2 ** 33
      const tags: number[] = []
      const runs = new ScanRuns()
      runs.begin(first)
      let reported = 0
      const add = (pages: number, what: number) => {
        runs.add(first + tags.length, first + tags.length + pages, what)
        for (let i = 0; i < pages; i++) tags.push(what)
        reported += what === 0 ? 0 : pages
      }
      for (const next of pieces) {
        for (let i = 0; i < next.gap; i++) tags.push(0)
        if ('pages' in next) add(next.pages, next.kind === 0 ? REPORTED : REPORTED | 2)
        else {
          const los = Int32Array.from(next.armed, (armed) => PAGE_PRESENT | (armed ? PAGE_UFFD_WP : 0))
          const start = first + tags.length
          const bit = clear === set ? 0 : PAGE_UFFD_WP
          reported += runs.addGroups(los, 0, los.length, start, bit, clear, set)
          const done = runs.reached - start
          expect(done).toBe(los.length - (los.length % 8))
          for (let i = 0; i < done; i++) tags.push(next.armed[i] ? set : clear)
        }
      }
      const regions = regionsOf(tags, first)
      expect(runs.finish().list()).toEqual(regions)
      expect(runs.regions).toBe(regions.length)
      expect(reported).toBe(tags.filter((what) => what !== 0).length)
    }),
  )
})

test('a run of any length', () => {
  const runs = new ScanRuns()
  runs.begin(0)
  runs.add(2 ** 34, 2 ** 35, REPORTED)
  runs.add(2 ** 35, 2 ** 35 + 1, REPORTED)
  expect(runs.finish().list()).toEqual([{ start: 2 ** 46, end: 2 ** 47 + 4096, categories: 0 }])
})

test('what was added since a mark is taken back', () => {
  const runs = new ScanRuns()
  runs.begin(0)
  runs.add(1, 2, REPORTED)
  const mark = runs.mark()
  runs.add(2, 3, REPORTED)
  runs.add(5, 6, REPORTED)
  runs.rewind(mark)
  runs.add(3, 4, REPORTED)
  expect(runs.regions).toBe(2)
  expect(runs.finish().list()).toEqual([
    { start: 4096, end: 8192, categories: 0 },
    { start: 12288, end: 16384, categories: 0 },
  ])
})
