import type { UffdReplayResult, WorkloadResult } from '@faultline/workloads'
import type { Comparison } from './schema.ts'

/**
 * A comparison as JSON text; equal comparisons give equal bytes.
 *
 * Keys of counts are sorted, since machines differ in which they count first; the others stand in a fixed order.
 */
export function comparisonJson(comparison: Comparison): string {
  return `${JSON.stringify(comparison, sortCounts, 2)}\n`
}

/** A replay as JSON text; equal replays give equal bytes. */
export function replayJson(trace: string, result: UffdReplayResult | WorkloadResult): string {
  return `${JSON.stringify({ format: 'faultline-replay 1', trace, ...result }, sortCounts, 2)}\n`
}

const COUNTS = new Set(['lostByCause', 'faults', 'counters'])

function sortCounts(key: string, value: unknown): unknown {
  if (!COUNTS.has(key) || value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
