/**
 * Where a trace's epochs end.
 * @module
 */
import type { Pgtrace } from './trace/pgtrace.ts'

/** Indices one past the last entry of each epoch of `marks` epoch marks; the last is the end of the trace. */
export function epochEnds(trace: Pgtrace, marks: number): number[] {
  const ends: number[] = []
  let seen = 0
  for (const event of trace.events) {
    if (event.kind === 'epoch' && ++seen % marks === 0) ends.push(event.at + 1)
  }
  if (ends.at(-1) !== trace.length) ends.push(trace.length)
  return ends
}
