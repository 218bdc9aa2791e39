/**
 * What an experiment is: an argument that was left open, made into something anyone can repeat.
 * @module
 */
import type { Pgfault, Pgtrace, Progress, Uffdtrace } from '@faultline/workloads'
import type { Findings } from './findings.ts'

/** Where something was argued, or a figure was published. */
export interface Link {
  readonly title: string
  readonly url: string
}

/** What an experiment is given. Everything random comes from `seed`: the same seed gives the same findings. */
export interface Setting {
  readonly seed: number
  /** Told how far the run is (0 to 1) and what it is doing. May be called as often as wanted. */
  readonly progress: Progress
  /** Lets signals and other events in; await it between parts of a second or so. */
  readonly breathe: () => Promise<void>
  /** A bundled trace of pages read and written, by its name. */
  readonly pgtrace: (name: string) => Promise<Pgtrace>
  /** A bundled trace of page faults, by its name. */
  readonly pgfault: (name: string) => Promise<Pgfault>
  /** A bundled trace of userfaultfd calls and messages, by its name. */
  readonly uffdtrace: (name: string) => Promise<Uffdtrace>
}

/** One experiment: a file that composes designs, workloads and a question. */
export interface Experiment {
  /** As `faultline experiment NAME` takes it. */
  readonly name: string
  readonly title: string
  /** One sentence that ends in a question mark. */
  readonly question: string
  /** The argument as it stood: who held what, in a few sentences, and where. */
  readonly argument: { readonly text: string; readonly links: readonly Link[] }
  /** Runs it. It must compute its conclusions from what it counted. */
  run(setting: Setting): Promise<Findings>
  /** What the findings show, whatever the figures are. */
  readonly proves: readonly string[]
  /** What they leave open. */
  readonly doesNotProve: readonly string[]
}
