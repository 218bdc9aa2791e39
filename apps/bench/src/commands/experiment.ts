import { type Experiment, experiments, findExperiment } from '@faultline/experiments'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { type ExperimentReport, experimentJson, runExperiment } from '../experiment/report.ts'
import { printExperiment } from '../experiment/text.ts'
import { oneOf, wholeNumber } from '../names.ts'
import { checkWritable, writeWhole } from '../output.ts'
import { createProgress } from '../progress.ts'
import { printGrid } from '../report/grid.ts'
import type { Terminal } from '../terminal.ts'

interface ExperimentFlags {
  readonly list?: boolean
  readonly seed: string
  readonly json?: string
  readonly html?: string
  readonly page?: string
}

/** `faultline experiment`: an argument, settled as far as the model can. */
export function addExperiment(program: Command, { terminal }: Context): void {
  program
    .command('experiment')
    .description('run an experiment: tables, charts and a conclusion computed from what was counted')
    .argument('[name]', 'of an experiment (--list), or "all"')
    .option('--list', 'list the experiments with their questions')
    .option('--seed <n>', 'the same seed gives the same answer', '1')
    .option('--json <file>', 'write the findings as JSON, "-" for stdout and nothing else')
    .option('--html <file>', 'write a page with charts')
    .option('--page <folder>', 'write a page of documentation (Markdown, charts as SVG) for each experiment into this folder')
    .action(async (name: string | undefined, flags: ExperimentFlags) => {
      if (flags.list) terminal.out.write(listText())
      else await run(name, flags, terminal)
    })
}

function listText(): string {
  return printGrid(
    [{ head: 'experiment' }, { head: 'question', width: 92 }],
    experiments.map(({ name, question }) => [name, question]),
  )
}

async function run(name: string | undefined, flags: ExperimentFlags, terminal: Terminal): Promise<void> {
  const chosen = chosenExperiments(name)
  const seed = wholeNumber('--seed', flags.seed, 0, 0x7fffffff)
  if (flags.html === '-') throw new UsageError('--html "-": expected a file; only --json may go to stdout')
  const files = [flags.json, flags.html].filter((path): path is string => path !== undefined && path !== '-')
  for (const path of files) checkWritable(path)
  if (flags.page !== undefined) for (const { name } of chosen) checkWritable(`${flags.page}/${name}.md`)
  const progress = createProgress(terminal.err, chosen.length)
  const reports = await progress.during(async () => {
    const done: ExperimentReport[] = []
    for (const experiment of chosen) done.push(await runExperiment(experiment, seed, progress))
    return done
  })
  await writeFiles(reports, flags, terminal)
  if (flags.json === '-') terminal.out.write(experimentJson(reports))
  else terminal.out.write(reports.map((report) => printExperiment(report, terminal.colors)).join('\n\n'))
}

function chosenExperiments(name: string | undefined): readonly Experiment[] {
  const names = experiments.map((experiment) => experiment.name)
  if (name === undefined) throw new UsageError(`which experiment? one of ${names.join(', ')}, or all (faultline experiment --list)`)
  return name === 'all' ? experiments : [findExperiment(oneOf('experiment', name, [...names, 'all']))!]
}

/** Everything is ready before the first file is touched. */
async function writeFiles(reports: readonly ExperimentReport[], flags: ExperimentFlags, { err }: Terminal): Promise<void> {
  const files: { path: string; text: string }[] = []
  if (flags.json !== undefined && flags.json !== '-') files.push({ path: flags.json, text: experimentJson(reports) })
  if (flags.html !== undefined) {
    const { experimentHtml } = await import('../experiment/html.ts')
    files.push({ path: flags.html, text: await experimentHtml(reports) })
  }
  if (flags.page !== undefined) {
    const { experimentPage } = await import('../experiment/markdown.ts')
    for (const report of reports) {
      for (const { name, text } of await experimentPage(report)) files.push({ path: `${flags.page}/${name}`, text })
    }
  }
  for (const { path, text } of files) writeWhole(path, text)
  for (const { path } of files) err.write(`wrote ${path}\n`)
}
