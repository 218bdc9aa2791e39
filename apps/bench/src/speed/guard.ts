/**
 * Has an operation become slower than the committed baseline says? Ratios to the reference loop are compared, never times.
 * @module
 */
import type { Ratios } from './guard-stage.ts'

/** What is committed. */
export interface Baseline {
  readonly format: 'faultline-speed-baseline 1'
  readonly design: string
  /** Its major version decides whether the ratios can be compared: they are those of one compiler. */
  readonly node: string
  /** How many times as long as a step of the reference loop a unit of each operation takes. */
  readonly ratios: Ratios
}

/** An operation may take so many times what it took. */
export const MOST_SLOWER = 1.25

/** One operation that is slower than it may be. */
export interface Slower {
  readonly operation: string
  readonly baseline: number
  readonly now: number
}

/** Operations that got slower, or that were not measured. Faster is no failure, and operations without baseline are not compared. */
export function slowerThan(baseline: Ratios, now: Ratios): Slower[] {
  return Object.keys(baseline)
    .map((operation) => ({ operation, baseline: baseline[operation], now: now[operation] ?? Number.POSITIVE_INFINITY }))
    .filter((each) => !(each.now <= each.baseline * MOST_SLOWER))
}

/**
 * Compares, and what seems slower is measured once more: noise seldom comes twice to one operation, a change of the code always does.
 * @returns what was slower both times, with the better of its figures
 */
export function checkRatios(baseline: Ratios, measure: () => Ratios): { readonly slower: readonly Slower[]; readonly last: Ratios } {
  const first = measure()
  const suspects = slowerThan(baseline, first)
  if (suspects.length === 0) return { slower: [], last: first }
  const again = measure()
  const better = Object.fromEntries(Object.keys(first).map((name) => [name, Math.min(first[name], again[name] ?? first[name])]))
  return { slower: slowerThan(baseline, better), last: better }
}

/** The slowest of several measurements, in three digits: some loops are compiled in one of two ways, and either must pass. */
export function slowestOf(measurements: readonly Ratios[]): Ratios {
  return Object.fromEntries(
    Object.keys(measurements[0]).map((name) => [name, Number(Math.max(...measurements.map((each) => each[name])).toPrecision(3))]),
  )
}
