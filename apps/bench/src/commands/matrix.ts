import { readFileSync } from 'node:fs'
import { allDesigns, createModel, findDesign } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import { ExpressionError } from '@faultline/program'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { EXIT_DIFFERENCE, UsageError } from '../errors.ts'
import { type CellColumns, CONFIG_NAMES, MATRIX_MEMORY, runCell } from '../matrix/cell.ts'
import { agrees, type MatrixDifference, printDifferences } from '../matrix/diff.ts'
import { type MatrixFile, type MatrixRow, parseMatrix } from '../matrix/keys.ts'
import { OPERATION_NAMES, STATE_NAMES } from '../matrix/operations.ts'
import { oneOf, quote } from '../names.ts'

interface MatrixFlags {
  readonly keys: string
  readonly design: string
  readonly diff?: boolean
  readonly most: string
}

/** `faultline matrix`: single-page transitions as the model computes them, in the spelling of the recording. */
export function addMatrix(program: Command, context: Context): void {
  program
    .command('matrix')
    .description('compute the transitions that a recorded matrix names, or compare them with what was recorded')
    .requiredOption(
      '--keys <file>',
      'rows of config, memtype, regmode, state, op, separated by tabs; further columns are what was recorded',
    )
    .option('--design <name>', 'the design that computes them (faultline designs)', 'linux-6.18')
    .option('--diff', 'compare with the columns in the file; exit with 1 on a difference')
    .option('--most <n>', 'differences listed at most', '50')
    .action((flags: MatrixFlags) => {
      const { out } = context.terminal
      const design = findDesign(
        oneOf(
          'design',
          flags.design,
          allDesigns.map((each) => each.name),
        ),
      )!
      const file = readKeys(flags.keys)
      checkRows(file, flags.keys)
      if (flags.diff) {
        const differences = compareRows(file, design)
        out.write(printDifferences(differences, file.rows.length, Number(flags.most) || 50))
        if (differences.length > 0) context.exitCode = EXIT_DIFFERENCE
        return
      }
      const lines = file.header === null ? [] : [file.header]
      for (const row of file.rows)
        lines.push([row.config, row.memory, row.mode, row.state, row.operation, ...compute(row, design)].join('\t'))
      out.write(`${lines.join('\n')}\n`)
    })
}

function readKeys(path: string): MatrixFile {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read ${quote(path)}: ${(error as Error).message}; --keys takes a tab-separated file`)
  }
  return parseMatrix(text, path)
}

/** Refuses names that no recording has before anything is computed. */
function checkRows(file: MatrixFile, path: string): void {
  for (const row of file.rows) {
    try {
      oneOf('config', row.config, CONFIG_NAMES)
      oneOf('memtype', row.memory, Object.keys(MATRIX_MEMORY))
      oneOf('state', row.state, STATE_NAMES)
      for (const name of row.operation.split('+')) oneOf('operation', name, OPERATION_NAMES)
    } catch (error) {
      throw new UsageError(`${path}:${row.line}: ${(error as Error).message}`)
    }
  }
}

function compareRows(file: MatrixFile, design: Design): MatrixDifference[] {
  const differences: MatrixDifference[] = []
  for (const row of file.rows) {
    const got = compute(row, design)
    if (!agrees(row, got)) differences.push({ row, got })
  }
  return differences
}

/** One row on a fresh kernel. A design that cannot express the cell says so in the sixth column. */
function compute(row: MatrixRow, design: Design): CellColumns {
  const session = createModel(design).open()
  try {
    return runCell(session, row.config, MATRIX_MEMORY[row.memory]!, row.mode, row.state, row.operation)
  } catch (error) {
    if (error instanceof ExpressionError) return [`INEXPRESSIBLE: ${error.message}`]
    throw error
  } finally {
    session.close()
  }
}
