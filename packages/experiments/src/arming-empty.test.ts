import { expect, test } from 'vitest'
import { measure, POPULATE, PTE_MARKER, RIVALS, type Scene, THP, TWO_MARKERS, total, WAYS } from './arming-empty/measure.ts'
import { armingEmptyFindings } from './arming-empty.ts'
import type { Setting } from './experiment.ts'

/** Of a setting, nothing is needed but the seed. */
const setting = (seed: number) => ({ seed, progress: () => {}, breathe: async () => {} }) as unknown as Setting

/** 128 MiB empty, and 16 MiB used. */
const SMALL = { empty: 64 * 512, used: 8 * 512 }

const empty = (thp: (typeof THP)[number]): Scene => ({ pages: 8192, thp, populated: [], reads: [], writes: [7, 519] })

test('counts what a phase visits, faults and allocates', () => {
  const { prepare, arm, lost } = measure(POPULATE, empty('never'))
  expect(prepare).toMatchObject({ faults: 8192, entries: 8192, tables: 18 })
  // Four calls, each entry once, one flush.
  expect(arm).toMatchObject({ steps: 4 + 8192 + 1, faults: 0, entries: 8192, tables: 0 })
  expect(lost).toBe(0)
  expect(measure(PTE_MARKER, empty('never')).arm).toMatchObject({ faults: 0, entries: 8192, tables: 18 })
})

test('counts the 512 entries that the first write of a huge zero page costs', () => {
  expect(measure(POPULATE, empty('always')).worstWrite).toBeGreaterThan(512)
  expect(measure(PTE_MARKER, empty('always')).worstWrite).toBeLessThan(20)
})

test('populating is dearer than pte markers without huge pages and cheaper with them', () => {
  const first = (way: typeof POPULATE, thp: (typeof THP)[number]) => {
    const { prepare, arm } = measure(way, empty(thp))
    return prepare.steps + arm.steps
  }
  expect(first(POPULATE, 'never')).toBeGreaterThan(2 * first(PTE_MARKER, 'never'))
  expect(first(POPULATE, 'always')).toBeLessThan(first(PTE_MARKER, 'always') / 50)
})

test('every rival reports every write', () => {
  for (const way of [...RIVALS, TWO_MARKERS]) {
    for (const thp of THP) {
      const counts = measure(way, { pages: 4096, thp, populated: [1, 3], reads: [0, 512, 1024], writes: [5, 600, 1030, 1031] })
      expect({ way: way.name, thp, lost: counts.lost }).toEqual({ way: way.name, thp, lost: 0 })
      expect(total(counts)).toBeGreaterThan(counts.arm.steps)
    }
  }
})

test('the same scene gives the same counts', () => {
  for (const way of WAYS) expect(measure(way, empty('always'))).toEqual(measure(way, empty('always')))
})

test('says what came out', { timeout: 60_000 }, async () => {
  const findings = await armingEmptyFindings(SMALL, setting(1))
  expect(findings.conclusions[0]).toMatch(/^The order inverts with huge pages/)
  const [table] = findings.tables
  expect(table.rows.filter((row) => Number(row.lost) > 0).map((row) => row.way)).toEqual(['default', 'default'])
  expect(table.rows).toHaveLength(THP.length * WAYS.length)
})
