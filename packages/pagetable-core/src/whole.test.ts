import { LEVEL_PGD, LEVEL_PMD, LEVEL_PTE, LEVEL_PUD, PAGES_PER_PUD, WHOLE_ARMED, WHOLE_EMPTY, WHOLE_NONE } from '@faultline/mm-types'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MachineCounters } from './counters.ts'
import { leafSpanEnd } from './leaf.ts'
import { PageTableArena } from './page-tables.ts'
import { armWhole, emptyWhole, foldWhole, wholeLevel } from './whole.ts'

const MARKER = { lo: 0x4, hi: 0x12345678 }
const PRESENT = 0x1067
const PAGES = 2 * PAGES_PER_PUD

function arena(limit?: number) {
  const counters = new MachineCounters()
  const tables = new PageTableArena(counters, limit, MARKER)
  return { counters, tables, pgd: tables.alloc(LEVEL_PGD) }
}

/** What range operations do with entries that stand for tables, as `mm` and `policy-uffd` do. */
class Walker {
  readonly tables: PageTableArena
  readonly pgd: number

  constructor() {
    const { tables, pgd } = arena()
    this.tables = tables
    this.pgd = pgd
  }

  arm(start: number, end: number, highest: number): void {
    const { tables, pgd } = this
    for (let vpn = start; vpn < end; ) {
      const pages = armWhole(tables, pgd, vpn, end, 12, highest)
      if (pages !== 0) {
        vpn += pages
        continue
      }
      const next = leafSpanEnd(vpn, end, 12)
      const table = tables.pteTableAlloc(pgd, vpn)
      for (let page = vpn; page < next; page++) if (this.word(table, page) === 0) tables.set(table, page & 511, MARKER.lo, MARKER.hi)
      foldWhole(tables, pgd, vpn, 12, highest)
      vpn = next
    }
  }

  disarm(start: number, end: number): void {
    const { tables, pgd } = this
    for (let vpn = start; vpn < end; ) {
      const next = leafSpanEnd(vpn, end, 12)
      let table = tables.pteTable(pgd, vpn)
      if (table !== 0 && tables.isStandIn(table) && tables.used(table) !== 0) {
        const pages = emptyWhole(tables, pgd, vpn, end, 12)
        if (pages !== 0) {
          vpn += pages
          continue
        }
        table = tables.pteTableAlloc(pgd, vpn)
      }
      if (table !== 0 && tables.used(table) !== 0)
        for (let page = vpn; page < next; page++) if (this.word(table, page) === MARKER.lo) tables.set(table, page & 511, 0, 0)
      vpn = next
    }
  }

  write(vpn: number): void {
    this.tables.set(this.tables.pteTableAlloc(this.pgd, vpn), vpn & 511, PRESENT, 0)
  }

  private word(table: number, vpn: number): number {
    return this.tables.lo(table)[this.tables.base(table) + (vpn & 511)]
  }

  /** The low word of a page's entry; undefined where it has no table. */
  at(vpn: number): number | undefined {
    const table = this.tables.pteTable(this.pgd, vpn)
    return table === 0 ? undefined : this.word(table, vpn)
  }
}

/** The same with a table for each 2 MiB that anything was done to. */
class Oracle {
  private readonly regions = new Map<number, Int32Array>()

  private entries(vpn: number): Int32Array {
    const region = vpn >> 9
    const found = this.regions.get(region) ?? new Int32Array(512)
    this.regions.set(region, found)
    return found
  }

  arm(start: number, end: number): void {
    for (let vpn = start; vpn < end; vpn++) this.entries(vpn)[vpn & 511] ||= MARKER.lo
  }

  disarm(start: number, end: number): void {
    for (let vpn = start; vpn < end; vpn++) {
      const entries = this.regions.get(vpn >> 9)
      if (entries?.[vpn & 511] === MARKER.lo) entries[vpn & 511] = 0
    }
  }

  write(vpn: number): void {
    this.entries(vpn)[vpn & 511] = PRESENT
  }

  at(vpn: number): number | undefined {
    return this.regions.get(vpn >> 9)?.[vpn & 511]
  }
}

const BORDER = fc
  .tuple(fc.constantFrom(0, 512, 1024, PAGES_PER_PUD - 512, PAGES_PER_PUD, PAGES_PER_PUD + 512, PAGES), fc.integer({ min: -2, max: 2 }))
  .map(([at, by]) => Math.max(0, Math.min(PAGES, at + by)))
const EDGE = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(0, 512, 1024, PAGES_PER_PUD, PAGES) }, BORDER)
const RANGE = fc.tuple(EDGE, EDGE).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
const STEP = fc.oneof(
  { weight: 3, arbitrary: fc.record({ does: fc.constant('arm' as const), range: RANGE }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('disarm' as const), range: RANGE }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('write' as const), range: RANGE }) },
)
/** Pages to look at: about every border, and one in each 2 MiB. */
const LOOKED_AT = [
  ...[0, 512, 1024, PAGES_PER_PUD - 512, PAGES_PER_PUD, PAGES_PER_PUD + 512, PAGES - 512].flatMap((at) => [
    at - 1,
    at,
    at + 1,
    at + 2,
    at + 300,
  ]),
  ...Array.from({ length: PAGES / 512 }, (_, region) => region * 512 + ((region * 7) & 511)),
].filter((vpn) => vpn >= 0 && vpn < PAGES)

describe.each([
  ['pmds', LEVEL_PMD],
  ['pmds and puds', LEVEL_PUD],
])('entries in %s that stand for tables', (_where, highest) => {
  test('read as the tables they stand for, whatever is done to them', () => {
    fc.assert(
      fc.property(fc.array(STEP, { minLength: 1, maxLength: 8 }), (steps) => {
        const walker = new Walker()
        const oracle = new Oracle()
        for (const { does, range } of steps) {
          const [start, end] = range
          if (does === 'write') {
            if (start < PAGES) walker.write(start)
            if (start < PAGES) oracle.write(start)
          } else {
            walker[does](start, end, highest)
            oracle[does](start, end)
          }
        }
        for (const vpn of LOOKED_AT) if (walker.at(vpn) !== oracle.at(vpn)) expect([vpn, walker.at(vpn)]).toEqual([vpn, oracle.at(vpn)])
      }),
      { seed: 20230215, numRuns: 40 },
    )
  })
})

test('a GiB takes one entry; the first page that is needed of it two tables more', () => {
  const { tables, counters, pgd } = arena()
  expect(armWhole(tables, pgd, 0, PAGES_PER_PUD, 12, LEVEL_PUD)).toBe(PAGES_PER_PUD)
  expect({ tables: tables.nrTables(), used: tables.used(tables.pudTable(pgd, 0)) }).toEqual({ tables: 1, used: 1 })
  expect(tables.wholePages(pgd, 777)).toBe(PAGES_PER_PUD)
  const table = tables.pteTableAlloc(pgd, 777)
  expect({ tables: tables.nrTables(), used: tables.used(table), spreads: counters.spreads }).toEqual({ tables: 3, used: 512, spreads: 2 })
  expect([tables.used(tables.pudTable(pgd, 0)), tables.used(tables.pmdTable(pgd, 0))]).toEqual([1, 512])
  expect([tables.wholePages(pgd, 777), tables.wholePages(pgd, 5)]).toEqual([0, 512])
  expect(tables.pteTable(pgd, 777)).toBe(table)
  foldWhole(tables, pgd, 777, 12, LEVEL_PUD)
  expect({ tables: tables.nrTables(), pages: tables.wholePages(pgd, 777) }).toEqual({ tables: 1, pages: PAGES_PER_PUD })
  expect(tables.isStandIn(tables.pteTable(pgd, 777))).toBe(true)
})

test('a part of what one entry stands for is no whole', () => {
  const { tables, pgd } = arena()
  armWhole(tables, pgd, 0, PAGES_PER_PUD, 12, LEVEL_PUD)
  expect(wholeLevel(tables, pgd, 0, PAGES_PER_PUD, 12)).toBe(LEVEL_PUD)
  expect(wholeLevel(tables, pgd, 0, PAGES_PER_PUD - 1, 12)).toBe(LEVEL_PMD)
  expect(wholeLevel(tables, pgd, 512, PAGES_PER_PUD, 12)).toBe(LEVEL_PMD)
  expect(wholeLevel(tables, pgd, 1, 600, 12)).toBe(LEVEL_PTE)
  expect(wholeLevel(tables, pgd, 512, PAGES_PER_PUD, 21)).toBe(LEVEL_PTE)
})

test('nothing is put in the place of a table, a leaf, or where no table is left', () => {
  const { tables, pgd } = arena(3)
  expect(tables.setWhole(pgd, 0, LEVEL_PMD, WHOLE_ARMED)).toBe(true)
  expect(tables.pteTableAlloc(pgd, 0)).toBe(0)
  expect(tables.wholePages(pgd, 0)).toBe(512)
  expect(tables.setWhole(pgd, 0, LEVEL_PUD, WHOLE_ARMED)).toBe(false)
  tables.set(tables.pmdTable(pgd, 0), 1, 0x80 | PRESENT, 0)
  expect(tables.setWhole(pgd, 512, LEVEL_PMD, WHOLE_ARMED)).toBe(false)
  expect(tables.setWhole(pgd, 0, LEVEL_PMD, WHOLE_EMPTY)).toBe(true)
  expect(tables.used(tables.pteTable(pgd, 0))).toBe(0)
  expect(tables.setWhole(pgd, 0, LEVEL_PMD, WHOLE_NONE)).toBe(true)
  expect([tables.pteTable(pgd, 0), tables.used(tables.pmdTable(pgd, 0))]).toEqual([0, 1])
})

test('a design without markers has no such entries', () => {
  const tables = new PageTableArena(new MachineCounters())
  const pgd = tables.alloc(LEVEL_PGD)
  expect(armWhole(tables, pgd, 0, PAGES_PER_PUD, 12, LEVEL_PUD)).toBe(0)
  expect(tables.nrTables()).toBe(0)
})
