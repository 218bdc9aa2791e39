import {
  LEVEL_PGD,
  LEVEL_PMD,
  LEVEL_PTE,
  LEVEL_PUD,
  WHOLE_ARMED,
  WHOLE_EMPTY,
  WHOLE_EMPTY_TABLES,
  WHOLE_NONE,
  type Whole,
} from '@faultline/mm-types'
import { describe, expect, test } from 'vitest'
import { MachineCounters } from './counters.ts'
import { leafIndex, leafLevel, leafPages, leafSpanEnd, leafTable, leafTableAlloc } from './leaf.ts'
import { LimitError, noRefusal } from './limits.ts'
import { createMachine } from './machine.ts'
import { PageTableArena } from './page-tables.ts'
import {
  armWhole,
  emptied,
  emptyWhole,
  entryPages,
  foldWhole,
  NO_MARKER,
  STAND_INS,
  wholeHi,
  wholeLevel,
  wholeLo,
  wholeOf,
} from './whole.ts'

const MARKER = { lo: 0x4, hi: 0x12345678 }
const SIZES = [
  { shift: 12, level: LEVEL_PTE, pages: 1 },
  { shift: 21, level: LEVEL_PMD, pages: 512 },
  { shift: 30, level: LEVEL_PUD, pages: 2 ** 18 },
]

describe.each(SIZES)('leaves of 2^$shift bytes', ({ shift, level, pages }) => {
  test('their level, pages and places', () => {
    expect([leafLevel(shift), leafPages(shift)]).toEqual([level, pages])
    for (const at of [0, 1, 511, 512, 700, 2 ** 31 / pages, 2 ** 34 / pages + 5]) expect(leafIndex(at * pages, shift)).toBe(at % 512)
  })

  test('their tables are found and made at their level; with none left the answer is 0', () => {
    const tables = new PageTableArena(new MachineCounters())
    const pgd = tables.alloc(LEVEL_PGD)
    const made = leafTableAlloc(tables, pgd, 2 ** 33, shift)
    expect([tables.level(made), leafTable(tables, pgd, 2 ** 33, shift), leafTable(tables, pgd, 0, shift)]).toEqual([level, made, 0])
    const full = new PageTableArena(new MachineCounters(), 1)
    expect(leafTableAlloc(full, full.alloc(LEVEL_PGD), 0, shift)).toBe(0)
  })

  test('a span ends where its table does, or earlier', () => {
    const table = 512 * pages
    for (const base of [0, 2 ** 33]) {
      expect(leafSpanEnd(base, 2 ** 35, shift)).toBe(base + table)
      expect(leafSpanEnd(base + table - pages, 2 ** 35, shift)).toBe(base + table)
      expect(leafSpanEnd(base + pages, base + 2 * pages, shift)).toBe(base + 2 * pages)
      expect(leafSpanEnd(base, base + table, shift)).toBe(base + table)
      expect(leafSpanEnd(base, base + table + pages, shift)).toBe(base + table)
    }
  })
})

describe('entries that stand for tables', () => {
  test.each<Whole>([WHOLE_NONE, WHOLE_EMPTY, WHOLE_EMPTY_TABLES, WHOLE_ARMED])('%i reads as what was written', (whole) => {
    expect(wholeOf(wholeLo(whole, MARKER), wholeHi(whole, MARKER), MARKER)).toBe(whole)
  })

  test('leaves and tables stand for nothing, whatever their words', () => {
    for (const [lo, hi] of [
      [MARKER.lo, 0],
      [0, MARKER.hi],
      [wholeLo(WHOLE_EMPTY, MARKER), 1],
      [wholeLo(WHOLE_EMPTY_TABLES, MARKER), 1],
      [0x1067, 0],
    ]) {
      expect(wholeOf(lo!, hi!, MARKER)).toBe(WHOLE_NONE)
    }
    expect(wholeLo(WHOLE_ARMED, MARKER)).toBe(MARKER.lo)
    expect([wholeHi(WHOLE_EMPTY, MARKER), wholeHi(WHOLE_NONE, MARKER), wholeLo(WHOLE_NONE, MARKER)]).toEqual([0, 0, 0])
    expect([NO_MARKER.lo, NO_MARKER.hi, STAND_INS.length]).toEqual([0, 0, 3])
  })

  test('pages of an entry; what is left of one when all below it is erased', () => {
    expect([LEVEL_PTE, LEVEL_PMD, LEVEL_PUD].map(entryPages)).toEqual([1, 512, 2 ** 18])
    expect([emptied(LEVEL_PMD, 12), emptied(LEVEL_PUD, 12), emptied(LEVEL_PUD, 21)]).toEqual([WHOLE_EMPTY, WHOLE_EMPTY_TABLES, WHOLE_EMPTY])
  })

  test('arming what one entry arms already says how far that goes, and not beyond the end', () => {
    const tables = new PageTableArena(new MachineCounters(), undefined, MARKER)
    const pgd = tables.alloc(LEVEL_PGD)
    expect(armWhole(tables, pgd, 512, 2048, 12, LEVEL_PMD)).toBe(512)
    expect(armWhole(tables, pgd, 600, 2048, 12, LEVEL_PMD)).toBe(424)
    expect(armWhole(tables, pgd, 600, 700, 12, LEVEL_PMD)).toBe(100)
    expect([armWhole(tables, pgd, 1024, 1535, 12, LEVEL_PMD), armWhole(tables, pgd, 1025, 4096, 12, LEVEL_PMD)]).toEqual([0, 0])
    expect(armWhole(tables, pgd, 512, 2048, 12, LEVEL_PTE)).toBe(0)
    expect([emptyWhole(tables, pgd, 512, 1023, 12), emptyWhole(tables, pgd, 512, 1024, 12)]).toEqual([0, 512])
    // Empty is not armed: it can be armed again.
    expect(armWhole(tables, pgd, 512, 1024, 12, LEVEL_PMD)).toBe(512)
    expect(tables.used(tables.pteTable(pgd, 512))).toBe(512)
  })

  test('one level says how much one entry stands for, and nothing where there is none', () => {
    const tables = new PageTableArena(new MachineCounters(), undefined, MARKER)
    const pgd = tables.alloc(LEVEL_PGD)
    expect(wholeLevel(tables, pgd, 0, 2 ** 18, 12)).toBe(LEVEL_PTE)
    tables.pteTableAlloc(pgd, 0)
    expect([wholeLevel(tables, pgd, 0, 2 ** 18, 12), wholeLevel(tables, pgd, 512, 1024, 12)]).toEqual([LEVEL_PTE, LEVEL_PTE])
    armWhole(tables, pgd, 2 ** 18, 2 ** 18 + 512, 12, LEVEL_PMD)
    expect(wholeLevel(tables, pgd, 2 ** 18, 2 ** 19, 12)).toBe(LEVEL_PMD)
    armWhole(tables, pgd, 2 ** 19, 2 ** 19 + 2 ** 18, 12, LEVEL_PUD)
    expect([12, 21, 30].map((shift) => wholeLevel(tables, pgd, 2 ** 19, 2 ** 20, shift))).toEqual([LEVEL_PUD, LEVEL_PUD, LEVEL_PTE])
  })

  test('folding goes up to the level that is asked for, and no further', () => {
    const tables = new PageTableArena(new MachineCounters(), undefined, MARKER)
    const pgd = tables.alloc(LEVEL_PGD)
    for (let region = 0; region < 511; region++) armWhole(tables, pgd, region * 512, (region + 1) * 512, 12, LEVEL_PMD)
    const last = 511 * 512
    const table = tables.pteTableAlloc(pgd, last)
    for (let i = 0; i < 512; i++) tables.set(table, i, MARKER.lo, MARKER.hi)
    foldWhole(tables, pgd, last, 12, LEVEL_PMD)
    expect([tables.wholePages(pgd, last), tables.wholePages(pgd, 0)]).toEqual([512, 512])
  })

  test('hugetlb of 2 MiB has entries above its leaves in puds only', () => {
    const tables = new PageTableArena(new MachineCounters(), undefined, MARKER)
    const pgd = tables.alloc(LEVEL_PGD)
    expect([armWhole(tables, pgd, 0, 2 ** 18, 21, LEVEL_PMD), armWhole(tables, pgd, 0, 2 ** 18, 21, LEVEL_PUD)]).toEqual([0, 2 ** 18])
    expect(armWhole(tables, pgd, 512, 2 ** 18, 21, LEVEL_PUD)).toBe(2 ** 18 - 512)
    expect(armWhole(tables, pgd, 2 ** 18, 2 ** 19, 30, LEVEL_PUD)).toBe(0)
  })
})

test('the error of a limit names what was asked for, what is in use, and the limit', () => {
  const refusal = { what: 'frames' as const, asked: 512, inUse: 7, limit: 9 }
  const error = new LimitError(refusal)
  expect(error).toMatchObject({ name: 'LimitError', refusal })
  expect(error.message).toBe('512 more of frames asked for with 7 in use: the limit of this machine is 9')
  expect(error.refusal).not.toBe(refusal)
  expect(noRefusal()).toEqual({ what: 'page tables', inUse: 0, asked: 0, limit: 0 })
})

test('a new machine has counted nothing and refused nothing', () => {
  const machine = createMachine()
  expect(machine.counters).toEqual(new MachineCounters())
  expect(machine.refusal).toEqual(noRefusal())
  expect([machine.tables.nrTables(), machine.frames.nrUsed(), machine.swap.nrUsed()]).toEqual([0, 0, 0])
  expect(machine.tables.alloc(LEVEL_PGD)).toBe(1)
})
