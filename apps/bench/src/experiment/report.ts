/**
 * Runs an experiment, and keeps what came out beside what was asked.
 * @module
 */
import type { Experiment, Findings, Setting } from '@faultline/experiments'
import type { Trace } from '@faultline/workloads'
import { breathe, type Progress } from '../progress.ts'
import { loadTrace } from '../traces.ts'

/** An experiment and one run of it; also its JSON. */
export interface ExperimentReport extends Findings {
  readonly format: 'faultline-experiment 1'
  readonly experiment: string
  readonly title: string
  readonly question: string
  readonly argument: Experiment['argument']
  readonly seed: number
  readonly proves: readonly string[]
  readonly doesNotProve: readonly string[]
}

/** Runs it once; the same seed gives the same report. */
export async function runExperiment(experiment: Experiment, seed: number, progress: Progress): Promise<ExperimentReport> {
  progress.step(experiment.name)
  const setting: Setting = {
    seed,
    progress: (fraction) => progress.within(fraction),
    breathe,
    pgtrace: async (name) => ofFormat(name, 'pgtrace', await loadTrace(name)),
    pgfault: async (name) => ofFormat(name, 'pgfault', await loadTrace(name)),
    uffdtrace: async (name) => ofFormat(name, 'uffdtrace', await loadTrace(name)),
  }
  const findings = await experiment.run(setting)
  const { name, title, question, argument, proves, doesNotProve } = experiment
  return { format: 'faultline-experiment 1', experiment: name, title, question, argument, seed, ...findings, proves, doesNotProve }
}

/** The report as JSON text. */
export function experimentJson(reports: readonly ExperimentReport[]): string {
  return `${JSON.stringify(reports.length === 1 ? reports[0] : reports, null, 2)}\n`
}

function ofFormat<F extends Trace['format']>(name: string, format: F, trace: Trace): Extract<Trace, { format: F }> {
  if (trace.format !== format) throw new RangeError(`trace "${name}" is of format ${trace.format}; the experiment needs ${format}`)
  return trace as Extract<Trace, { format: F }>
}
