import { FRAME_INDEX, FRAME_MAPPING, KNOWN_MARKERS, LEVEL_PGD, LEVEL_PMD } from '@faultline/mm-types'
import { expect, test } from 'vitest'
import { MachineCounters } from './counters.ts'
import { FrameTable } from './frames.ts'
import { PageTableArena } from './page-tables.ts'
import { foldWhole } from './whole.ts'

test('a page that was freed with others and is taken again has forgotten where it was mapped, and nothing of the page before it', () => {
  const frames = new FrameTable(new MachineCounters())
  const [before, first] = [frames.alloc(0), frames.alloc(0)]
  for (const pfn of [before, first]) {
    frames.setField(pfn, FRAME_MAPPING, 3)
    frames.setField(pfn, FRAME_INDEX, 4)
  }
  frames.freeRun(first, 1)
  expect(frames.alloc(0)).toBe(first)
  expect([frames.field(before, FRAME_MAPPING), frames.field(before, FRAME_INDEX)]).toEqual([3, 4])
  expect([frames.field(first, FRAME_MAPPING), frames.field(first, FRAME_INDEX)]).toEqual([0, 0])
})

const MARKER = { lo: 0x4, hi: 0x12345678 }

test.each<[what: string, last: readonly [lo: number, hi: number], isKnown: boolean, pages: number]>([
  ['the marker', [MARKER.lo, MARKER.hi], false, 512],
  ['the marker, as is known', [MARKER.lo, MARKER.hi], true, 512],
  ['another low word', [MARKER.lo | 0x100, MARKER.hi], false, 0],
  ['another high word', [MARKER.lo, MARKER.hi + 1], false, 0],
])('a table is folded when all its entries are the marker: %s at its end', (_what, [lo, hi], isKnown, pages) => {
  const tables = new PageTableArena(new MachineCounters(), undefined, MARKER)
  const pgd = tables.alloc(LEVEL_PGD)
  const table = tables.pteTableAlloc(pgd, 0)
  for (let at = 0; at < 511; at++) tables.set(table, at, MARKER.lo, MARKER.hi)
  tables.set(table, 511, lo, hi)
  if (isKnown) tables.setKnown(table, KNOWN_MARKERS)
  foldWhole(tables, pgd, 0, 12, LEVEL_PMD)
  expect(tables.wholePages(pgd, 0)).toBe(pages)
})
