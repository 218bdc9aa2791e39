/**
 * Workloads: recorded programs, the monitors that play the userland side, and the judge.
 * @module
 */
export type { TrackedDesign } from './monitor/tracker.ts'
export type { OptionSpec, Progress } from './options.ts'
export { type PlainReplay, replayPgtrace } from './replay-plain.ts'
export { replayUffdtrace, type UffdReplayResult, type UnsupportedReplay } from './replay-uffd.ts'
export type { FaultCounts, UnsupportedResult, WorkloadResult } from './result.ts'
export type { SyntheticProgram, SyntheticStep, Touch, TouchOrder } from './synthetic/program.ts'
export { syntheticTrace } from './synthetic/synthetic-trace.ts'
export * from './trace/index.ts'
export { type LostPage, Truth, type Verdict } from './truth.ts'
export type { CallDifference, UffdReplayCounts, UnexplainedMessage } from './uffd-tally.ts'
export { findWorkload, type Workload, type WorkloadOptions, workloads } from './workloads.ts'
