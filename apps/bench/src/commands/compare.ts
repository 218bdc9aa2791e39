import { allDesigns, designs } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import { MEMORY_TYPES } from '@faultline/program'
import { findWorkload, workloads } from '@faultline/workloads'
import type { Command } from 'commander'
import { type Comparing, compareDesigns, nrSteps } from '../compare.ts'
import type { Context } from '../context.ts'
import { EXIT_DIFFERENCE, UsageError } from '../errors.ts'
import { oneOf, wholeNumber } from '../names.ts'
import { collect, marksPerEpoch, readOptions } from '../options.ts'
import { checkWritable, writeWhole } from '../output.ts'
import { createProgress } from '../progress.ts'
import { comparisonJson } from '../report/json.ts'
import type { Comparison } from '../report/schema.ts'
import { printComparison } from '../report/table.ts'
import { loadStrangers, type Stranger } from '../strangers/load.ts'
import type { Terminal } from '../terminal.ts'
import { loadPgtrace } from '../traces.ts'

interface CompareFlags {
  readonly workload: string
  readonly designs: string
  readonly with: readonly string[]
  readonly memory: string
  readonly trace: string
  readonly seed: string
  readonly epochs?: string
  readonly set: readonly string[]
  readonly json?: string
  readonly html?: string
  readonly failOnLost?: boolean
}

const DEFAULT_TRACE = 'redis-server'

/** `faultline compare`: one workload, several designs. */
export function addCompare(program: Command, context: Context): void {
  program
    .command('compare')
    .description('run one workload through several designs; print what each loses and what it costs')
    .requiredOption('--workload <name>', 'what to run (faultline workloads)')
    .option('--designs <a,b,…>', 'designs to compare (faultline designs), or "all"', 'all')
    .option('--with <path|package>', 'designs of a third party beside ours: a file or package that exports them; repeatable', collect, [])
    .option('--memory <type>', MEMORY_TYPES.join(', '), 'anon')
    .option('--trace <name>', 'a bundled trace (faultline traces) or a file', DEFAULT_TRACE)
    .option('--seed <n>', 'of the disturbances: the same seed gives the same answer', '1')
    .option('--epochs <n>', 'cut the trace into at most so many epochs of equal length')
    .option('--set <name=value>', 'another option of the workload, such as reclaim=0.1 (faultline workloads); repeatable', collect, [])
    .option('--json <file>', 'write the figures as JSON, "-" for stdout and nothing else (schema/compare.schema.json)')
    .option('--html <file>', 'write a page with charts')
    .option('--fail-on-lost', 'exit with 1 when a design loses a write')
    .action(async (flags: CompareFlags) => {
      const comparison = await compare(flags, context.terminal)
      if (flags.failOnLost && comparison.rows.some((row) => row.status === 'ok' && row.lost > 0)) context.exitCode = EXIT_DIFFERENCE
    })
}

async function compare(flags: CompareFlags, terminal: Terminal): Promise<Comparison> {
  const files = [flags.json, flags.html].filter((path): path is string => path !== undefined && path !== '-')
  if (flags.html === '-') throw new UsageError('--html "-": expected a file; only --json may go to stdout')
  if (files.length === 2 && files[0] === files[1]) throw new UsageError('--json and --html name the same file; give each its own')
  const comparing = await readFlags(flags)
  for (const path of files) checkWritable(path)
  const progress = createProgress(terminal.err, nrSteps(comparing.designs))
  const comparison = await progress.during(() => compareDesigns(comparing, progress))
  // Everything is ready before the first file is touched.
  const page = flags.html === undefined ? '' : await drawPage(comparison)
  if (flags.html !== undefined) writeWhole(flags.html, page)
  if (flags.json === '-') terminal.out.write(comparisonJson(comparison))
  else {
    if (flags.json !== undefined) writeWhole(flags.json, comparisonJson(comparison))
    terminal.out.write(printComparison(comparison, terminal.colors))
  }
  for (const path of files) terminal.err.write(`wrote ${path}\n`)
  return comparison
}

/** Checks every name before anything is read, and reads the trace last. */
async function readFlags(flags: CompareFlags): Promise<Comparing> {
  const names = workloads.map((workload) => workload.name)
  const workload = findWorkload(oneOf('workload', flags.workload, names))!
  const strangers = await loadStrangers(flags.with)
  const chosen = chooseDesigns(flags.designs, strangers)
  const memory = oneOf('memory', flags.memory, MEMORY_TYPES)
  const options = readOptions(workload.options, flags)
  const epochs = flags.epochs === undefined ? undefined : wholeNumber('--epochs', flags.epochs, 1, 1_000_000)
  const trace = await loadPgtrace(flags.trace)
  if (epochs !== undefined) options.epochMarks = marksPerEpoch(trace, epochs)
  return { workload, designs: chosen, memory, trace, traceName: flags.trace, options, strangers }
}

/** The designs of a comma-separated list, each once, and after them every stranger's that the list does not name. */
function chooseDesigns(list: string, strangers: readonly Stranger[]): readonly Design[] {
  const theirs = strangers.map(({ design }) => design)
  if (list === 'all') return [...designs, ...theirs]
  const known = [...allDesigns, ...theirs]
  const legal = known.map((design) => design.name)
  const named = list.split(',').map((name) => oneOf('design', name.trim(), legal))
  return [...new Set([...named.map((name) => known.find((design) => design.name === name)!), ...theirs])]
}

async function drawPage(comparison: Comparison): Promise<string> {
  const { comparisonPage } = await import('../report/html.ts')
  return comparisonPage(`Faultline: ${comparison.workload} on ${comparison.memory}`, [comparison])
}
