/**
 * Differences between recorded columns and computed ones, for people.
 * @module
 */
import type { CellColumns } from './cell.ts'
import type { MatrixRow } from './keys.ts'

/** A row whose columns are not those recorded. */
export interface MatrixDifference {
  readonly row: MatrixRow
  readonly got: CellColumns
}

/** True when the columns there are equal those computed. */
export function agrees(row: MatrixRow, got: CellColumns): boolean {
  return row.expected.length === got.length && row.expected.every((column, i) => column === got[i])
}

/** A readable list: each row with what was recorded above what the model says, and the columns that differ named. */
export function printDifferences(differences: readonly MatrixDifference[], nrRows: number, most: number): string {
  const lines = [`${differences.length} of ${nrRows} rows differ`]
  for (const { row, got } of differences.slice(0, most)) {
    lines.push(`line ${row.line}: ${row.config} ${row.memory} ${row.state} ${row.operation}`)
    lines.push(`  recorded: ${row.expected.join(' | ')}`)
    lines.push(`  model:    ${got.join(' | ')}`)
  }
  if (differences.length > most) lines.push(`… and ${differences.length - most} more`)
  return `${lines.join('\n')}\n`
}
