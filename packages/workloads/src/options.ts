/**
 * What a workload can be told, and how strangers' values are checked.
 * @module
 */
import { MEMORY_TYPES, type Memory } from '@faultline/program'
import type { PressureRates } from './pressure.ts'

/** Told how far a run is (0 to 1) and what it is doing. */
export type Progress = (fraction: number, text: string) => void

/** Options of every workload. */
interface CommonOptions extends PressureRates {
  /** What every mapping of the trace becomes. */
  readonly memory: Memory
  /** Of the disturbances; an integer. */
  readonly seed: number
  /** Epoch marks of the trace in one epoch. */
  readonly epochMarks: number
  /** What the monitor does with memory before it protects it: 0 nothing, 1 reads each page, 2 MADV_POPULATE_READ. */
  readonly prepare: number
}

/** Options of `dirty-tracking`. */
export type DirtyTrackingOptions = CommonOptions

/** Options of `live-snapshot`. */
export interface LiveSnapshotOptions extends CommonOptions {
  /** Share of the trace played before the snapshot begins. */
  readonly start: number
  /** Share of the rest of the trace that the copier needs for its walk through all pages. */
  readonly span: number
}

/** One numeric option of a workload, for help texts and checks. */
export interface OptionSpec {
  readonly name: string
  readonly meaning: string
  readonly default: number
  readonly min: number
  readonly max: number
  readonly integer: boolean
}

/** A share from 0 to 1. */
function share(name: string, initial: number, meaning: string): OptionSpec {
  return { name, meaning, default: initial, min: 0, max: 1, integer: false }
}

/** Numeric options every workload takes. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [
  { name: 'seed', meaning: 'seed of the disturbances', default: 1, min: 0, max: 0x7fffffff, integer: true },
  {
    name: 'epochMarks',
    meaning: 'epoch marks of the trace (2^20 loads and stores each) in one epoch',
    default: 4,
    min: 1,
    max: 1e6,
    integer: true,
  },
  share('reclaim', 0.02, 'share of resident pages reclaimed in an epoch (not hugetlb)'),
  share('unmap', 0.02, 'share of resident pages unmapped in an epoch, content kept (shared memory)'),
  share('khugepaged', 0.1, 'share of 2 MiB ranges khugepaged passes by in an epoch (not hugetlb)'),
  {
    name: 'prepare',
    meaning: 'what the monitor does with memory before it protects it: 0 nothing, 1 reads each page, 2 MADV_POPULATE_READ',
    default: 0,
    min: 0,
    max: 2,
    integer: true,
  },
]

/** Numeric options of `live-snapshot` besides. */
export const SNAPSHOT_OPTIONS: readonly OptionSpec[] = [
  share('start', 0.3, 'share of the trace played before the snapshot begins'),
  share('span', 0.5, 'share of the rest of the trace in which the copier walks through all pages'),
]

/**
 * Completes options with defaults. `specs` names every numeric field of `Options`.
 *
 * @throws RangeError that names the option, its value and what would be right
 */
export function completeOptions<Options extends CommonOptions>(
  specs: readonly OptionSpec[],
  given: Readonly<Record<string, unknown>>,
): Options {
  const known = ['memory', ...specs.map((spec) => spec.name)]
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw new RangeError(`there is no option "${name}"; expected one of ${known.join(', ')}`)
  }
  const memory = (given.memory ?? 'anon') as Memory
  if (!MEMORY_TYPES.includes(memory)) {
    throw new RangeError(`there is no memory type "${String(memory)}"; expected one of ${MEMORY_TYPES.join(', ')}`)
  }
  const options: Record<string, number> = {}
  for (const spec of specs) options[spec.name] = checkNumber(spec, given[spec.name])
  return { ...options, memory } as unknown as Options
}

function checkNumber(spec: OptionSpec, value: unknown): number {
  if (value === undefined) return spec.default
  const isNumber = typeof value === 'number' && value >= spec.min && value <= spec.max
  if (isNumber && (!spec.integer || Number.isInteger(value))) return value
  const kind = spec.integer ? 'an integer' : 'a number'
  throw new RangeError(`option ${spec.name} is ${String(value)}; expected ${kind} from ${spec.min} to ${spec.max} (${spec.meaning})`)
}
