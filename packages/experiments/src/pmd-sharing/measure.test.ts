import { linux618, sharedTables, sharedTablesUntilProtected, unsharedTables } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import { describe, expect, test } from 'vitest'
import { type Case, measure } from './measure.ts'

const found = (design: Design, more: Partial<Case> = {}) =>
  measure({ design, processes: 4, tracking: 2, tracker: 'messages', gibs: 2, used: 8, ...more }, 3)
/** Bytes of a table of puds for each of four processes, and of tables of pmds. */
const bytes = (pmds: number) => (4 + pmds) * 4096

describe('table bytes', () => {
  test.each([
    [linux618, 2, 2 + 2 * 2],
    [unsharedTables, 8, 8],
    [sharedTables, 2, 2],
  ])('$name', (design, before, after) => {
    expect(found(design)).toMatchObject({ tableBytes: bytes(before), tableBytesTracked: bytes(after), chargedBytes: bytes(8) })
  })
})

describe.each(['messages', 'scan'] as const)('tracked by %s', (tracker) => {
  test.each([linux618, unsharedTables])('$name tells each what it wrote', (design) => {
    expect(found(design, { tracker })).toMatchObject({ lost: 0, wrong: 0, stuck: 0 })
  })

  test('shared-tables loses, misreports and blocks', () => {
    const { written, lost, wrong, stuck } = found(sharedTables, { tracker, tracking: 3, processes: 6 })
    expect(written).toBeGreaterThan(0)
    expect(Math.min(lost, wrong, stuck)).toBeGreaterThan(0)
  })
})

test('shared-until-protected loses what its own call gave up', () => {
  expect(found(sharedTablesUntilProtected).lost).toBeGreaterThan(0)
})

test('without anybody who tracks there is nothing to lose', () => {
  expect(found(sharedTables, { tracking: 0 })).toMatchObject({ written: 0, lost: 0, wrong: 0, stuck: 0 })
})
