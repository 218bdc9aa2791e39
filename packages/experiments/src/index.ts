/**
 * Experiments: arguments made into something anyone can repeat, each with its tables, charts and computed conclusions.
 * @module
 */
export type { Experiment, Link, Setting } from './experiment.ts'
export { experiments, findExperiment } from './experiments.ts'
export type { Axis, Chart, Column, Findings, Table, Value } from './findings.ts'
