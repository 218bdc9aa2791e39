/**
 * The table of `faultline speed`.
 * @module
 */
import { type Column, printGrid } from '../report/grid.ts'
import type { SpeedRow } from './measure.ts'
import type { SideName } from './side.ts'
import type { Spread } from './statistics.ts'
import { digits } from './targets.ts'

const HEADS: readonly (readonly [SideName, string])[] = [
  ['kernel', 'kernel\nns'],
  ['model', 'model\nns'],
  ['one', 'one design\nns'],
  ['reference', 'C\nns'],
]

/** One row an operation: medians, and ratios with their ends. Columns of sides that were not there are left out. */
export function printSpeed(rows: readonly SpeedRow[], present: readonly SideName[]): string {
  const sides = HEADS.filter(([side]) => present.includes(side))
  const ratios: [string, (row: SpeedRow) => Spread | undefined][] = []
  if (present.includes('kernel')) ratios.push(['kernel / model\nmedian (min–max)', (row) => row.kernelToModel])
  if (present.includes('reference')) ratios.push(['model / C\nmedian (min–max)', (row) => row.modelToReference])
  if (present.includes('one')) ratios.push(['all / one\nmedian (min–max)', (row) => row.allToOne])
  const right = (head: string): Column => ({ head, align: 'right' })
  const columns: Column[] = [
    { head: 'operation' },
    { head: 'per' },
    ...sides.map(([, head]) => right(head)),
    ...ratios.map(([head]) => right(head)),
  ]
  const cells = rows.map((row) => [
    row.operation.name,
    row.operation.unit,
    ...sides.map(([side]) => figure(row.ns[side])),
    ...ratios.map(([, of]) => ratio(of(row))),
  ])
  return printGrid(columns, cells)
}

function figure(spread: Spread | undefined): string {
  return spread === undefined ? '–' : digits(spread.median)
}

function ratio(spread: Spread | undefined): string {
  return spread === undefined ? '–' : `${digits(spread.median)} (${digits(spread.min)}–${digits(spread.max)})`
}
