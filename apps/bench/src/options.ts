import type { OptionSpec, Pgtrace } from '@faultline/workloads'
import { UsageError } from './errors.ts'
import { oneOf, quote, wholeNumber } from './names.ts'

/** Gathers the values of an option that may be given again and again. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

/** What a workload runs with when nothing is said. */
export function defaultOptions(specs: readonly OptionSpec[]): Record<string, number> {
  return Object.fromEntries(specs.map((spec) => [spec.name, spec.default]))
}

/** Every option of a workload, from `--seed`, `--set name=value` and the defaults. @throws UsageError */
export function readOptions(specs: readonly OptionSpec[], flags: { seed: string; set: readonly string[] }): Record<string, number> {
  const options = defaultOptions(specs)
  const seed = specs.find((spec) => spec.name === 'seed')
  if (seed !== undefined) options.seed = wholeNumber('--seed', flags.seed, seed.min, seed.max)
  for (const setting of flags.set) {
    const [name, value] = splitSetting(setting)
    const known = oneOf(
      'option',
      name,
      specs.map((spec) => spec.name),
    )
    options[known] = readNumber(specs.find((spec) => spec.name === known)!, value)
  }
  return options
}

function splitSetting(setting: string): readonly [string, string] {
  const at = setting.indexOf('=')
  if (at < 0) throw new UsageError(`--set ${quote(setting)}: expected name=value, such as reclaim=0.1`)
  return [setting.slice(0, at), setting.slice(at + 1)]
}

function readNumber(spec: OptionSpec, text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (value >= spec.min && value <= spec.max && (!spec.integer || Number.isInteger(value))) return value
  const kind = spec.integer ? 'a whole number' : 'a number'
  throw new UsageError(`--set ${quote(`${spec.name}=${text}`)}: expected ${kind} from ${spec.min} to ${spec.max} (${spec.meaning})`)
}

/** Epoch marks of the trace in one epoch, so that there are at most `epochs`. */
export function marksPerEpoch(trace: Pgtrace, epochs: number): number {
  const marks = trace.events.filter((event) => event.kind === 'epoch').length
  // What follows the last mark is an epoch too.
  return Math.max(1, Math.ceil((marks + 1) / epochs))
}
