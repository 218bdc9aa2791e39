/**
 * Charts in characters, for terminals.
 * @module
 */
import type { Axis, Chart, Value } from '@faultline/experiments'
import { count, printGrid } from '../report/grid.ts'

const WIDTH = 48
const LEVELS = '▁▂▃▄▅▆▇█'

/** The chart, a newline after each line; empty without rows. */
export function textChart(chart: Chart): string {
  if (chart.rows.length === 0) return ''
  const parts = chart.facet === undefined ? [{ title: '', rows: chart.rows }] : byName(chart.rows, chart.facet)
  return parts.map(({ title, rows }) => `${title === '' ? '' : `${title}\n`}${DRAWN[chart.kind]({ ...chart, rows })}`).join('\n')
}

const DRAWN: Readonly<Record<Chart['kind'], (chart: Chart) => string>> = { bars, lines, heat }

interface Part {
  readonly title: string
  readonly rows: Chart['rows']
}

function byName(rows: Chart['rows'], axis: Axis): Part[] {
  const names = axis.names ?? [...new Set(rows.map((row) => String(row[axis.key])))]
  return names
    .map((name) => ({ title: name, rows: rows.filter((row) => String(row[axis.key]) === name) }))
    .filter((part) => part.rows.length > 0)
}

/** One bar a name; parts of a bar are added up, since characters have no colours. */
function bars(chart: Chart): string {
  const sums = byName(chart.rows, chart.y).map(({ title, rows }) => ({ title, sum: total(rows, chart.x) }))
  const most = Math.max(...sums.map(({ sum }) => sum))
  const rows = sums.map(({ title, sum }) => [title, '█'.repeat(most > 0 ? Math.ceil((sum / most) * WIDTH) : 0), count(round(sum))])
  return printGrid([{ head: '' }, { head: chart.x.title, width: WIDTH + 2 }, { head: '', align: 'right' }], rows)
}

function total(rows: Chart['rows'], axis: Axis): number {
  return rows.reduce((sum, row) => sum + numeric(row[axis.key]), 0)
}

/** One row of levels a line, on the scale of the chart. */
function lines(chart: Chart): string {
  const scale = (value: number) => (chart.y.log ? Math.log(value) : value)
  const values = chart.rows.map((row) => scale(numeric(row[chart.y.key])))
  const [least, most] = [chart.y.log ? Math.min(...values) : Math.min(0, ...values), Math.max(...values)]
  const level = (row: Chart['rows'][number]) =>
    LEVELS[most === least ? 0 : Math.round(((scale(numeric(row[chart.y.key])) - least) / (most - least)) * (LEVELS.length - 1))]
  const named = chart.color === undefined ? [{ title: chart.y.title, rows: chart.rows }] : byName(chart.rows, chart.color)
  const rows = named.map(({ title, rows }) => {
    const ordered = [...rows].sort((a, b) => numeric(a[chart.x.key]) - numeric(b[chart.x.key]))
    return [title, ordered.map(level).join(''), figure(ordered[0][chart.y.key]), figure(ordered[ordered.length - 1][chart.y.key])]
  })
  const xs = chart.rows.map((row) => numeric(row[chart.x.key]))
  const span = `${chart.x.title}: ${figure(Math.min(...xs))} … ${figure(Math.max(...xs))}`
  return printGrid(
    [{ head: chart.color?.title ?? '' }, { head: span }, { head: 'first', align: 'right' }, { head: 'last', align: 'right' }],
    rows,
  )
}

/** A grid of the names or figures that are its colours. */
function heat(chart: Chart): string {
  const columns = chart.x.names ?? [...new Set(chart.rows.map((row) => String(row[chart.x.key])))]
  const rows = byName(chart.rows, chart.y).map(({ title, rows }) => [
    title,
    ...columns.map((name) => figure(rows.find((row) => String(row[chart.x.key]) === name)?.[chart.color?.key ?? ''] ?? null)),
  ])
  return printGrid([{ head: `${chart.y.title} \\ ${chart.x.title}` }, ...columns.map((head) => ({ head }))], rows)
}

function numeric(value: Value): number {
  return typeof value === 'number' ? value : 0
}

function round(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4))
}

function figure(value: Value): string {
  return typeof value === 'number' ? count(round(value)) : (value ?? '–')
}
