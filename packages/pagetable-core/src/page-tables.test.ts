import { KNOWN_ARMED, KNOWN_NOTHING, LEVEL_PGD, LEVEL_PMD, LEVEL_PTE, LEVEL_PUD, PAGE_PRESENT, PAGE_PSE } from '@faultline/mm-types'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MachineCounters } from './counters.ts'
import { leafIndex, leafPages, leafSpanEnd, leafTable, leafTableAlloc } from './leaf.ts'
import { PageTableArena } from './page-tables.ts'

const SEED = 20210115
/** Pages around every border that vpn arithmetic can stumble over, up to the 2^35 pages of user space. */
const VPN = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 35 - 1 }),
  fc
    .tuple(fc.constantFrom(0, 512, 2 ** 18, 2 ** 27, 2 ** 31, 2 ** 32, 2 ** 34, 2 ** 35 - 1024), fc.integer({ min: -1030, max: 1023 }))
    .map(([border, offset]) => Math.max(0, border + offset)),
)

function arena(limit?: number) {
  const counters = new MachineCounters()
  const tables = new PageTableArena(counters, limit)
  return { counters, tables, pgd: tables.alloc(LEVEL_PGD) }
}

/** Entries of a table that are not none, counted one by one. */
function recount(tables: PageTableArena, table: number): number {
  const base = tables.base(table)
  let used = 0
  for (let i = 0; i < 512; i++) if (tables.lo(table)[base + i] !== 0 || tables.hi(table)[base + i] !== 0) used++
  return used
}

describe('chunks', () => {
  test('buffers are never much larger than the tables in them, and nothing moves', () => {
    const { tables } = arena()
    const first = tables.alloc(LEVEL_PTE)
    const [lo, hi] = [tables.lo(first), tables.hi(first)]
    let most = 0
    for (let made = 2; made < 20_000; made++) {
      tables.set(tables.alloc(LEVEL_PTE), 511, made, 1)
      if (made >= 192) most = Math.max(most, tables.bufferBytes() / (made * 4096))
    }
    expect(most).toBeLessThan(1.1)
    expect(tables.lo(first)).toBe(lo)
    expect(tables.hi(first)).toBe(hi)
  })

  test('every table has words of its own, also where numbers are left unused', () => {
    const { tables } = arena()
    const all = Array.from({ length: 3000 }, () => tables.alloc(LEVEL_PTE))
    expect(new Set(all).size).toBe(all.length)
    for (const [i, table] of all.entries()) for (const index of [0, 511]) tables.set(table, index, i + 1, index)
    for (const [i, table] of all.entries()) {
      const base = tables.base(table)
      expect([tables.lo(table)[base], tables.lo(table)[base + 511], tables.used(table)]).toEqual([i + 1, i + 1, 2])
    }
  })

  test.each([1, 15, 16, 17, 300])('a limit of %i tables is one, whatever chunks hold', (limit) => {
    const tables = new PageTableArena(new MachineCounters(), limit)
    const all = Array.from({ length: limit }, () => tables.alloc(LEVEL_PTE))
    expect(all).not.toContain(0)
    expect(tables.alloc(LEVEL_PTE)).toBe(0)
    tables.free(all[0])
    expect(tables.alloc(LEVEL_PMD)).toBe(all[0])
  })
})

describe('what is known of a table', () => {
  const writers: readonly (readonly [how: string, write: (tables: PageTableArena, table: number) => void])[] = [
    ['lo', (tables, table) => void tables.lo(table)],
    ['hi', (tables, table) => void tables.hi(table)],
    ['set', (tables, table) => tables.set(table, 0, 1, 0)],
    ['link', (tables, table) => tables.link(table, 0, 1)],
    ['free', (tables, table) => tables.free(table)],
  ]

  test.each(writers)('is forgotten by who may write to it: %s', (_how, write) => {
    const { tables } = arena()
    const [table, other] = [tables.alloc(LEVEL_PTE), tables.alloc(LEVEL_PTE)]
    for (const each of [table, other]) tables.setKnown(each, KNOWN_ARMED)
    write(tables, table)
    expect([tables.known(table), tables.known(other)]).toEqual([KNOWN_NOTHING, KNOWN_ARMED])
  })

  test('stays for who only reads', () => {
    const { tables } = arena()
    const table = tables.alloc(LEVEL_PTE)
    tables.setKnown(table, KNOWN_ARMED)
    expect([tables.readLo(table)[tables.base(table)], tables.readHi(table)[tables.base(table)], tables.used(table)]).toEqual([0, 0, 0])
    expect(tables.known(table)).toBe(KNOWN_ARMED)
  })
})

describe('alloc and free', () => {
  test('a table comes zeroed, also when it was full before', () => {
    const { tables } = arena()
    const table = tables.alloc(LEVEL_PTE)
    for (let i = 0; i < 512; i++) tables.set(table, i, i + 1, -i)
    expect(tables.used(table)).toBe(512)
    tables.free(table)
    const again = tables.alloc(LEVEL_PMD)
    expect(again).toBe(table)
    expect({ used: tables.used(again), found: recount(tables, again), level: tables.level(again) }).toEqual({
      used: 0,
      found: 0,
      level: LEVEL_PMD,
    })
  })

  test('counts tables per level and allocations', () => {
    const { tables, counters, pgd } = arena()
    const pte = tables.pteTableAlloc(pgd, 0)
    tables.pteTableAlloc(pgd, 512)
    expect([LEVEL_PTE, LEVEL_PMD, LEVEL_PUD, LEVEL_PGD].map((level) => tables.perLevel[level])).toEqual([2, 1, 1, 1])
    expect(tables.nrTables()).toBe(4)
    expect(tables.nrPgds()).toBe(1)
    tables.free(pte)
    expect(tables.nrTables()).toBe(3)
    expect(counters).toMatchObject({ tablesAllocated: 5, tablesFreed: 1 })
  })

  test('answers 0 at the limit and goes on after a table was freed', () => {
    const { tables, pgd } = arena(3)
    expect(tables.pteTableAlloc(pgd, 0)).toBe(0)
    expect(tables.pteTable(pgd, 0)).toBe(0)
    const pmd = tables.pmdTable(pgd, 0)
    expect(pmd).not.toBe(0)
    expect(tables.alloc(LEVEL_PTE)).toBe(0)
    tables.free(pmd)
    expect(tables.alloc(LEVEL_PTE)).toBe(pmd)
  })

  test('grows over the border of a chunk and moves nothing', () => {
    const { tables } = arena()
    const first = tables.alloc(LEVEL_PTE)
    const words = tables.lo(first)
    tables.set(first, 7, 70, 71)
    const many = Array.from({ length: 1200 }, () => tables.alloc(LEVEL_PTE))
    expect(new Set(many).size).toBe(1200)
    many.forEach((table, i) => void tables.set(table, i & 511, i + 1, 0))
    expect(tables.lo(first)).toBe(words)
    expect(tables.lo(first)[tables.base(first) + 7]).toBe(70)
    many.forEach((table, i) => void expect(tables.lo(table)[tables.base(table) + (i & 511)]).toBe(i + 1))
  })
})

test('used counts equal a recount after any writes', () => {
  const write = fc.record({ table: fc.nat(2), index: fc.nat(511), lo: fc.constantFrom(0, 1, -1), hi: fc.constantFrom(0, 5) })
  fc.assert(
    fc.property(fc.array(write, { maxLength: 200 }), (writes) => {
      const { tables } = arena()
      const all = [tables.alloc(LEVEL_PTE), tables.alloc(LEVEL_PTE), tables.alloc(LEVEL_PTE)]
      for (const { table, index, lo, hi } of writes) tables.set(all[table], index, lo, hi)
      for (const table of all) expect(tables.used(table)).toBe(recount(tables, table))
    }),
    { seed: SEED, numRuns: 60 },
  )
})

describe('the walk', () => {
  test('pteTable finds what pteTableAlloc made, whatever the pages, as a map does', () => {
    fc.assert(
      fc.property(fc.array(VPN, { minLength: 1, maxLength: 40 }), fc.array(VPN, { maxLength: 40 }), (made, asked) => {
        const { tables, pgd } = arena()
        const oracle = new Map<number, number>()
        for (const vpn of made) {
          const region = Math.floor(vpn / 512)
          const table = tables.pteTableAlloc(pgd, vpn)
          expect(table).toBe(oracle.get(region) ?? table)
          oracle.set(region, table)
        }
        for (const vpn of [...made, ...asked]) expect(tables.pteTable(pgd, vpn)).toBe(oracle.get(Math.floor(vpn / 512)) ?? 0)
        expect(new Set(oracle.values()).size).toBe(oracle.size)
      }),
      { seed: SEED, numRuns: 100 },
    )
  })

  test('a table of pmds that is freed, or let go of by one owner, is found no more', () => {
    const { tables } = arena()
    const [pgd, other] = [tables.alloc(LEVEL_PGD), tables.alloc(LEVEL_PGD)]
    const pmd = tables.pmdTableAlloc(pgd, 7)
    expect([tables.pmdTable(pgd, 7), tables.pmdTable(other, 7), tables.pmdTable(pgd, 262144)]).toEqual([pmd, 0, 0])
    tables.share(pmd)
    tables.link(tables.pudTableAlloc(other, 7), 0, pmd)
    expect([tables.pmdTable(other, 7), tables.isShared(pmd)]).toEqual([pmd, true])
    tables.set(tables.pudTable(other, 7), 0, 0, 0)
    tables.free(pmd)
    expect([tables.pmdTable(other, 7), tables.pmdTable(pgd, 7), tables.isShared(pmd)]).toEqual([0, pmd, false])
    tables.set(tables.pudTable(pgd, 7), 0, 0, 0)
    tables.free(pmd)
    expect([tables.pmdTable(pgd, 7), tables.pteTable(pgd, 7)]).toEqual([0, 0])
    expect(tables.pmdTableAlloc(pgd, 7)).toBe(pmd)
  })

  test('nextPmd finds the first region with an entry, as a sorted list does', () => {
    fc.assert(
      fc.property(fc.array(VPN, { maxLength: 20 }), VPN, VPN, (made, a, b) => {
        const { tables, pgd } = arena()
        for (const vpn of made) tables.pteTableAlloc(pgd, vpn)
        const [start, end] = a < b ? [a, b] : [b, a]
        const regions = made.map((vpn) => Math.floor(vpn / 512) * 512).filter((first) => first + 512 > start && first < end)
        const expected = regions.length > 0 ? Math.max(start, Math.min(...regions)) : end
        expect(tables.nextPmd(pgd, start, end)).toBe(expected)
      }),
      { seed: SEED, numRuns: 200 },
    )
  })

  test('address spaces do not see each other, though they share the cache', () => {
    const { tables, pgd } = arena()
    const other = tables.alloc(LEVEL_PGD)
    const table = tables.pteTableAlloc(pgd, 2 ** 33)
    expect(tables.pteTable(other, 2 ** 33)).toBe(0)
    const second = tables.pteTableAlloc(other, 2 ** 33)
    expect(second).not.toBe(table)
    expect([tables.pteTable(pgd, 2 ** 33), tables.pteTable(other, 2 ** 33)]).toEqual([table, second])
  })

  test('forget makes a change of the pmd seen; another region of the same cache slot is not confused', () => {
    const { tables, pgd } = arena()
    const vpn = 5 * 512
    const sameSlot = (5 + 1024) * 512
    const table = tables.pteTableAlloc(pgd, vpn)
    const other = tables.pteTableAlloc(pgd, sameSlot)
    expect([tables.pteTable(pgd, vpn), tables.pteTable(pgd, sameSlot)]).toEqual([table, other])
    tables.pteTable(pgd, vpn)
    tables.set(tables.pmdTable(pgd, vpn), 5, 0, 0)
    tables.forget(pgd, vpn)
    expect(tables.pteTable(pgd, vpn)).toBe(0)
    expect(tables.pteTable(pgd, sameSlot)).toBe(other)
  })

  test('a huge leaf is no table', () => {
    const { tables, pgd } = arena()
    const pmd = tables.pmdTableAlloc(pgd, 512)
    tables.set(pmd, 1, PAGE_PRESENT | PAGE_PSE, 0)
    expect(tables.pteTable(pgd, 512)).toBe(0)
    expect(tables.nextPmd(pgd, 0, 4096)).toBe(512)
  })
})

test.each([
  { shift: 12, vpn: 2 ** 31 + 513, index: 1, span: 2 ** 31 + 1024 },
  { shift: 21, vpn: 2 ** 31 + 512 * 3, index: 3, span: 2 ** 31 + 2 ** 18 },
  { shift: 30, vpn: 2 ** 31 + 2 ** 18 * 2, index: 2, span: 2 ** 31 + 2 ** 27 },
])('leaves of 2^$shift bytes: table, index and span', ({ shift, vpn, index, span }) => {
  const { tables, pgd } = arena()
  expect(leafTable(tables, pgd, vpn, shift)).toBe(0)
  const table = leafTableAlloc(tables, pgd, vpn, shift)
  expect(tables.level(table)).toBe((shift - 12) / 9)
  expect(leafTable(tables, pgd, vpn, shift)).toBe(table)
  expect(leafIndex(vpn, shift)).toBe(index)
  expect(leafSpanEnd(vpn, 2 ** 35, shift)).toBe(span)
  expect(leafSpanEnd(vpn, vpn + leafPages(shift), shift)).toBe(vpn + leafPages(shift))
})
