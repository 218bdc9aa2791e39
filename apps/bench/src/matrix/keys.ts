/**
 * Rows of a recorded matrix: tab-separated, the first five columns say what was tried.
 * @module
 */
import { UsageError } from '../errors.ts'

/** One row. `expected` holds the columns after the fifth, when there are any. */
export interface MatrixRow {
  readonly line: number
  readonly config: string
  readonly memory: string
  readonly mode: number
  readonly state: string
  readonly operation: string
  readonly expected: readonly string[]
}

/** A matrix file: its header line (when it has one) and its rows. */
export interface MatrixFile {
  readonly header: string | null
  readonly rows: readonly MatrixRow[]
}

/** Reads the text of a matrix file. @throws UsageError naming the line */
export function parseMatrix(text: string, file: string): MatrixFile {
  const lines = text.split('\n')
  const header = lines[0]?.startsWith('config\t') ? lines[0] : null
  const rows: MatrixRow[] = []
  lines.forEach((line, i) => {
    if (line === '' || (i === 0 && header !== null)) return
    const [config, memory, mode, state, operation, ...expected] = line.split('\t')
    if (operation === undefined || !/^\d+$/.test(mode ?? '')) {
      throw new UsageError(`${file}:${i + 1}: not a row of a matrix; expected config, memtype, regmode, state and op, separated by tabs`)
    }
    rows.push({
      line: i + 1,
      config: config as string,
      memory: memory as string,
      mode: Number(mode),
      state: state as string,
      operation,
      expected,
    })
  })
  return { header, rows }
}
