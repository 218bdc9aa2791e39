/**
 * An experiment as text for a person.
 * @module
 */
import type { Findings, Table, Value } from '@faultline/experiments'
import { type Cell, count, printGrid } from '../report/grid.ts'
import { wrap } from '../report/wrap.ts'
import type { Terminal } from '../terminal.ts'
import type { ExperimentReport } from './report.ts'
import { textChart } from './text-chart.ts'

type Colors = Terminal['colors']

/** The report as text. */
export function printExperiment(report: ExperimentReport, colors: Colors): string {
  const charts = report.charts.map((chart) => `${colors.bold(chart.title)}\n\n${textChart(chart)}`)
  return `${[
    `${colors.bold(report.title)} (experiment ${report.experiment}, seed ${report.seed})`,
    wrap(report.question, ''),
    ...report.tables.map((table) => printTable(table, colors).trimEnd()),
    ...charts.map((chart) => chart.trimEnd()),
    [colors.bold('What came out'), ...report.conclusions.map((text) => wrap(`- ${text}`))].join('\n'),
    [colors.bold('What it does not prove'), ...report.doesNotProve.map((text) => wrap(`- ${text}`))].join('\n'),
    wrap(knownText(report.known), ''),
  ].join('\n\n')}\n`
}

function printTable(table: Table, colors: Colors): string {
  const grid = printGrid(
    table.columns.map(({ key, head }) => ({ head, align: isFigures(table, key) ? ('right' as const) : ('left' as const) })),
    table.rows.map((row) => table.columns.map(({ key, isFault }): Cell => cell(row[key], isFault === true, colors))),
  )
  return `${colors.bold(table.title)}\n\n${grid}${table.note === undefined ? '' : `\n${wrap(table.note, '')}\n`}`
}

/** A column of figures stands to the right. */
export function isFigures(table: Table, key: string): boolean {
  return table.rows.every((row) => row[key] === null || typeof row[key] === 'number') && table.rows.some((row) => row[key] !== null)
}

function cell(value: Value | undefined, isFault: boolean, colors: Colors): string {
  const text = valueText(value ?? null)
  return isFault && typeof value === 'number' && value > 0 ? colors.red(text) : text
}

/** A value as every form of a report shows it. */
export function valueText(value: Value): string {
  if (value === null) return '–'
  return typeof value === 'number' ? count(value) : value
}

/** How the designs' results are known, as one sentence. */
export function knownText(known: Findings['known']): string {
  const byStatus = new Map<string, string[]>()
  for (const [design, status] of Object.entries(known)) byStatus.set(status, [...(byStatus.get(status) ?? []), design])
  return `How these are known: ${[...byStatus].map(([status, names]) => `${names.join(', ')}: ${status}`).join('; ')}.`
}
