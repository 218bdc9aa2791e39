import { createColors } from 'picocolors'
import { expect, test } from 'vitest'
import { comparison, servedRow } from '../../test/fixture.ts'
import { printComparison } from './table.ts'

const plain = createColors(false)

test('one row per design, the oracle last, then one sentence a row', () => {
  const lines = printComparison(comparison(), plain).split('\n')
  const names = ['loser', 'keeper', 'old', 'ideal']
  const rule = lines.findIndex((line) => line.startsWith('───'))
  expect(lines.slice(rule + 1, rule + 5).map((line) => line.split(' ')[0])).toEqual(names)
  expect(lines.filter((line) => /^\w+: /.test(line)).map((line) => line.split(':')[0])).toEqual(names)
})

test('a design that cannot serve has no figures', () => {
  const row = printComparison(comparison(), plain)
    .split('\n')
    .find((line) => line.startsWith('old '))
  expect(row).toContain('not supported')
  expect(row).not.toMatch(/\d/)
})

test('a kind of fault that never happened takes no column; one that did has its figure', () => {
  const text = printComparison(comparison(), plain)
  expect(text).toContain('swap-in')
  expect(text).not.toContain('missing')
  expect(text).toContain('1,234,567')
})

test('the oracle is not printed twice when it was asked for', () => {
  const asked = { ...comparison(), rows: [servedRow('ideal')] }
  expect(printComparison(asked, plain).match(/^ideal /gm)).toHaveLength(1)
})

test('no escapes without colours, within 120 characters; lost writes in red with them', () => {
  const csi = String.fromCharCode(27)
  const text = printComparison(comparison(), plain)
  expect(text).not.toContain(csi)
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120)
  expect(printComparison(comparison(), createColors(true))).toContain(`${csi}[31m42`)
})

test('the note on how results are known lists designs only where they differ', () => {
  expect(printComparison(comparison(), plain)).toContain('every row is model only')
  const mixed = { ...comparison(), rows: [servedRow('a'), servedRow('b', { known: 'live-checked' })] }
  expect(printComparison(mixed, plain)).toContain('b: live-checked; all others: model only')
})
