/**
 * What the figures come to, held against what is wanted of them.
 * @module
 */
import type { SpeedRow } from './measure.ts'
import { median, type Spread } from './statistics.ts'

/** Wanted of the median over the operations, model to C; and of each. */
const MEDIAN_TO_REFERENCE = 1.8
const MOST_TO_REFERENCE = 4
/** Wanted of the model among all designs, to the model alone. */
const MOST_TO_ONE = 1.15
/** Wanted of traces: accesses a second. */
const ACCESSES_PER_SECOND = 20e6

/** Sentences on the targets, computed from the rows. */
export function judge(rows: readonly SpeedRow[]): string[] {
  return [...againstReference(rows), ...againstKernel(rows), ...againstOne(rows), ...rates(rows)]
}

function having(
  rows: readonly SpeedRow[],
  which: 'kernelToModel' | 'modelToReference' | 'allToOne',
): { name: string; row: SpeedRow; ratio: Spread }[] {
  return rows.flatMap((row) => {
    const ratio = row[which]
    return ratio === undefined ? [] : [{ name: row.operation.name, row, ratio }]
  })
}

function againstReference(rows: readonly SpeedRow[]): string[] {
  const found = having(rows, 'modelToReference')
  if (found.length === 0) return []
  const middle = median(found.map(({ ratio }) => ratio.median))
  const over = found.filter(({ ratio }) => ratio.median > MOST_TO_REFERENCE).sort((a, b) => b.ratio.median - a.ratio.median)
  return [
    `Model to C: median ${middle.toFixed(2)} over ${found.length} operations (wanted: at most ${MEDIAN_TO_REFERENCE}: ${yes(middle <= MEDIAN_TO_REFERENCE)}); ` +
      `beyond ${MOST_TO_REFERENCE}: ${list(over.map(({ name, ratio }) => `${name} ${ratio.median.toFixed(2)}`))}.`,
  ]
}

function againstKernel(rows: readonly SpeedRow[]): string[] {
  const found = having(rows, 'kernelToModel')
  if (found.length === 0) return []
  const short = found.filter(({ row, ratio }) => ratio.median < row.operation.target)
  return [
    `Kernel to model: short of what is wanted: ${list(short.map(({ name, row, ratio }) => `${name} ${times(ratio.median)} of ${row.operation.target}×`))}; ` +
      `${found.length - short.length} of ${found.length} operations reach it.`,
  ]
}

function againstOne(rows: readonly SpeedRow[]): string[] {
  const found = having(rows, 'allToOne')
  if (found.length === 0) return []
  const middle = median(found.map(({ ratio }) => ratio.median))
  const over = found.filter(({ ratio }) => ratio.median > MOST_TO_ONE || ratio.median < 1 / MOST_TO_ONE)
  return [
    `All designs loaded to one alone: median ${middle.toFixed(2)}; more than 15 % apart: ${list(over.map(({ name, ratio }) => `${name} ${ratio.median.toFixed(2)}`))}.`,
  ]
}

function rates(rows: readonly SpeedRow[]): string[] {
  return rows.flatMap(({ operation, ns }) => {
    const figure = ns.model?.median
    if (operation.scene !== 'replay' || figure === undefined) return []
    const rate = 1e9 / figure
    const wanted = operation.unit === 'access' ? ` (wanted: ${ACCESSES_PER_SECOND / 1e6} M: ${yes(rate >= ACCESSES_PER_SECOND)})` : ''
    return [
      `${operation.name}: ${(rate / 1e6).toFixed(rate < 1e6 ? 3 : 1)} M ${operation.unit === 'access' ? 'accesses' : 'operations'} a second${wanted}.`,
    ]
  })
}

function yes(reached: boolean): string {
  return reached ? 'reached' : 'missed'
}

function list(items: readonly string[]): string {
  return items.length === 0 ? 'none' : items.join(', ')
}

/** A ratio with its sign, in three digits. */
function times(ratio: number): string {
  return `${digits(ratio)}×`
}

/** Three digits, or whole numbers. */
export function digits(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
