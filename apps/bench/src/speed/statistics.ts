/**
 * Figures of repeated measurements.
 * @module
 */

/** The middle of some figures, and how far they lie apart. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** The middle one; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Median and ends; undefined where there is no figure. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/** The spread of quotients of figures that were measured next to each other. */
export function quotients(over: readonly number[], under: readonly number[]): Spread | undefined {
  const length = Math.min(over.length, under.length)
  return spreadOf(Array.from({ length }, (_, i) => over[i] / under[i]))
}
