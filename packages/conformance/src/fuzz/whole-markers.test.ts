import {
  composeKernel,
  createModel,
  hughSwpType,
  linux519,
  linux618,
  linux618SoftDirty,
  pmdMarker,
  pudMarker,
  rfc202101,
} from '@faultline/designs'
import {
  type Design,
  LEVEL_PGD,
  LEVEL_PMD,
  LEVEL_PUD,
  type PageTables,
  WHOLE_EMPTY,
  WHOLE_EMPTY_TABLES,
  WHOLE_NONE,
} from '@faultline/mm-types'
import { pudMarkers } from '@faultline/policy-uffd'
import { MEMORY_TYPES, type Memory, type System } from '@faultline/program'
import { describe, expect, test } from 'vitest'
import type { Pair } from './differences.ts'
import { fuzz } from './fuzz.ts'

/** What a faulty kernel does to its tables. */
type Fault = (tables: PageTables) => void

/** What the kernels of a system counted, all sessions together. */
interface Seen {
  spreads: number
  folds: number
}

/** A design's model whose sessions are counted, and may have a fault planted in their tables. */
function watched(design: Design, seen: Seen, plant: Fault = () => {}): System {
  const model = createModel(design)
  return {
    ...model,
    open() {
      const session = model.open()
      const { tables, counters } = session.composed.kernel.machine
      plant(tables)
      return {
        system: session.system,
        perform: (operation) => session.perform(operation),
        counters: () => session.counters(),
        close() {
          seen.spreads += counters.spreads
          seen.folds += counters.folds
          return session.close()
        },
      }
    },
  }
}

/** What a comparison of a design with another is about; Linux 6.18, all memory types and no fault where nothing is said. */
interface About {
  readonly programs: number
  readonly with?: Design
  readonly memories?: readonly Memory[]
  readonly plant?: Fault
}

async function compare(design: Design, { programs, with: base = linux618, memories = MEMORY_TYPES, plant }: About) {
  const seen: Seen = { spreads: 0, folds: 0 }
  const pair: Pair = { a: watched(design, seen, plant), b: createModel(base), ignored: new Set(['table-bytes']) }
  const limits = { programs, totalOperations: 1e9, milliseconds: 60_000, differences: 1, batch: 20 }
  const { tables } = composeKernel(design).kernel.machine
  const wholeLevel = design.arming.file.wholeLevel(0, tables, tables.alloc(LEVEL_PGD))
  const has = { features: base.uffd.features, softDirty: base.softDirty, wholeLevel }
  return { result: await fuzz(pair, { seed: 20230215, memories, operations: 30, ...has, ...limits }), seen }
}

/** A design with markers in pmds and puds in the place of those in ptes. */
function inPuds(base: Design): Design {
  const { arming } = base
  const anonUnpopulated = arming.anonUnpopulated === arming.file ? pudMarkers : arming.anonUnpopulated
  return { ...base, name: `${base.name} in puds`, arming: { ...arming, file: pudMarkers, anonUnpopulated } }
}

describe('one entry for a whole table makes no difference to a program but to the bytes of tables', () => {
  test.each([pmdMarker, pudMarker])('$name', { timeout: 120_000 }, async (design) => {
    const { result, seen } = await compare(design, { programs: 150 })
    expect(result.found).toEqual([])
    expect(result.operations).toBeGreaterThan(4000)
    expect(seen.spreads).toBeGreaterThan(20)
    expect(seen.folds).toBeGreaterThan(5)
  })

  // The special pte, the swap type, markers of file memory alone, and soft-dirty bits in markers that were moved.
  test.each([rfc202101, hughSwpType, linux519, linux618SoftDirty])('nor in $name', { timeout: 120_000 }, async (base) => {
    const { result, seen } = await compare(inPuds(base), { programs: 50, with: base })
    expect(result.found).toEqual([])
    expect(seen.spreads).toBeGreaterThan(0)
  })
})

/** Calls `after` with the table that a walk has just filled from a stand-in. */
function afterSpread(tables: PageTables, walk: 'pteTableAlloc' | 'pmdTableAlloc', after: (table: number) => void): void {
  const right = tables[walk].bind(tables)
  const reads = (walk === 'pteTableAlloc' ? tables.pteTable : tables.pmdTable).bind(tables)
  tables[walk] = (pgd, vpn) => {
    const before = reads(pgd, vpn)
    const table = right(pgd, vpn)
    if (before !== 0 && tables.isStandIn(before) && tables.used(before) !== 0 && table !== 0) after(table)
    return table
  }
}

const FAULTS: readonly (readonly [what: string, design: Design, plant: Fault])[] = [
  ['spreading a pmd forgets a pte', pmdMarker, (tables) => afterSpread(tables, 'pteTableAlloc', (table) => tables.set(table, 3, 0, 0))],
  ['spreading a pud forgets a pmd', pudMarker, (tables) => afterSpread(tables, 'pmdTableAlloc', (table) => tables.set(table, 1, 0, 0))],
  [
    'what was disarmed as a whole leaves no table',
    pmdMarker,
    (tables) => {
      const right = tables.setWhole.bind(tables)
      const leavesTables = (whole: number) => whole === WHOLE_EMPTY || whole === WHOLE_EMPTY_TABLES
      tables.setWhole = (pgd, vpn, level, whole) => right(pgd, vpn, level, leavesTables(whole) ? WHOLE_NONE : whole)
    },
  ],
  [
    'a table is folded although an entry is none',
    pmdMarker,
    (tables) => {
      const right = tables.fold.bind(tables)
      tables.fold = (pgd, vpn, level) => {
        const table = level === LEVEL_PMD ? tables.pteTable(pgd, vpn) : 0
        if (table === 0 || tables.isStandIn(table) || tables.used(table) !== 511) return right(pgd, vpn, level)
        const at = tables.base(table)
        for (let i = 0; i < 512; i++)
          if (tables.lo(table)[at + i] === 0)
            tables.set(table, i, tables.lo(table)[at + ((i + 1) & 511)]!, tables.hi(table)[at + ((i + 1) & 511)]!)
        return right(pgd, vpn, level)
      }
    },
  ],
  [
    'an armed entry reads as nothing',
    pmdMarker,
    (tables) => {
      const right = tables.pteTable.bind(tables)
      tables.pteTable = (pgd, vpn) => {
        const table = right(pgd, vpn)
        return table !== 0 && tables.isStandIn(table) ? 0 : table
      }
    },
  ],
  [
    'a part of an armed GiB is taken for all of it',
    pudMarker,
    (tables) => {
      const right = tables.setWhole.bind(tables)
      tables.setWhole = (pgd, vpn, level, whole) => {
        const pages = tables.wholePages(pgd, vpn)
        return right(pgd, vpn, level === LEVEL_PMD && pages > 512 && whole === WHOLE_EMPTY ? LEVEL_PUD : level, whole)
      }
    },
  ],
]

test.each(FAULTS)('a planted fault is found: %s', { timeout: 120_000 }, async (_what, design, plant) => {
  const { result } = await compare(design, { programs: 1000, memories: ['anon'], plant })
  expect(result.found.length).toBeGreaterThan(0)
})
