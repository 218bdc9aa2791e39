import type { Chart } from '@faultline/experiments'
import { createColors } from 'picocolors'
import { describe, expect, test } from 'vitest'
import { faultline } from '../../test/run.ts'
import { experimentPage } from './markdown.ts'
import type { ExperimentReport } from './report.ts'
import { printExperiment } from './text.ts'
import { textChart } from './text-chart.ts'

const bars: Chart = {
  title: 'Lost',
  kind: 'bars',
  x: { key: 'lost', title: 'lost writes' },
  y: { key: 'design', title: 'design', names: ['b', 'a'] },
  rows: [
    { design: 'a', lost: 1 },
    { design: 'b', lost: 2 },
    { design: 'b', lost: 2 },
  ],
}

const lines: Chart = {
  title: 'Steps',
  kind: 'lines',
  x: { key: 'rate', title: 'rate', log: true },
  y: { key: 'steps', title: 'steps' },
  color: { key: 'tracker', title: 'tracker' },
  rows: [
    { tracker: 'sync', rate: 10, steps: 70 },
    { tracker: 'sync', rate: 1, steps: 0 },
  ],
}

const report: ExperimentReport = {
  format: 'faultline-experiment 1',
  experiment: 'small',
  title: 'A small one',
  question: 'Is it small?',
  argument: { text: 'Some said yes.', links: [{ title: 'thread', url: 'https://example.org/' }] },
  seed: 3,
  tables: [
    {
      title: 'Table',
      columns: [
        { key: 'design', head: 'design' },
        { key: 'lost', head: 'lost', isFault: true },
      ],
      rows: [
        { design: 'a|b', lost: 1200 },
        { design: 'c', lost: null },
      ],
    },
  ],
  charts: [bars],
  conclusions: ['It is.'],
  known: { a: 'model only' },
  proves: ['Little.'],
  doesNotProve: ['Much.'],
}

describe('charts in characters', () => {
  test('bars are as long as their share, in the order of the names', () => {
    const rows = textChart(bars).split('\n').slice(2)
    expect(rows[0]).toMatch(/^b +█{48} +4$/)
    expect(rows[1]).toMatch(/^a +█{12} +1$/)
  })

  test('lines go by the figures on their axis, not by the order of the rows', () => {
    expect(textChart(lines)).toMatch(/sync +▁█ +0 +70/)
  })

  test('a heat chart shows what its colours stand for', () => {
    const heat: Chart = {
      ...lines,
      kind: 'heat',
      x: { key: 'rate', title: 'rate' },
      y: { key: 'tracker', title: 't' },
      color: { key: 'steps', title: 's' },
    }
    expect(textChart(heat)).toMatch(/sync +70 +0/)
  })
})

test('a report as text holds its figures, conclusion and limits', () => {
  const text = printExperiment(report, createColors(false))
  for (const part of ['Is it small?', 'a|b     1,200', 'c           –', '- It is.', '- Much.', 'a: model only'])
    expect(text).toContain(part)
})

test('a report as a page has its command, table and charts in files of their own', async () => {
  const [page, chart] = await experimentPage(report)
  expect(page.name).toBe('small.md')
  expect(page.text).toContain('npx faultline experiment small --seed 3')
  expect(page.text).toContain('| a\\|b | **1,200** |')
  expect(page.text).toContain('![Lost](small-1.svg)')
  expect(chart.text).toMatch(/^<svg/)
  expect((await experimentPage(report))[1].text).toBe(chart.text)
})

describe('the command', () => {
  test('lists the experiments', async () => {
    const { code, out } = await faultline('experiment', '--list')
    expect(code).toBe(0)
    expect(out).toContain('special-pte-vs-swap-type')
  })

  test('names the nearest experiment', async () => {
    const { code, err } = await faultline('experiment', 'special-pte-vs-swap-typ')
    expect(code).toBe(2)
    expect(err).toContain('did you mean special-pte-vs-swap-type?')
  })

  test('refuses a folder that is not there before it runs anything', async () => {
    const { code, err } = await faultline('experiment', 'all', '--page', '/nowhere/at/all')
    expect(code).toBe(2)
    expect(err).toContain('its directory does not exist')
    expect(err).not.toContain('[1/')
  })
})
