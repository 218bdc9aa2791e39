/**
 * What a run of `faultline verify` came to, as JSON.
 * @module
 */
import type { Difference, FuzzResult, Pair } from '@faultline/conformance'
import type { Memory } from '@faultline/program'

/** Programs that differ in the same way. */
export interface KindReport {
  readonly kind: string
  readonly count: number
  /** Of the first program of the kind. */
  readonly seed: number
  /** Where its shrunk program was saved. */
  readonly file: string
  readonly script: string
  readonly difference: Difference
}

/** All there is to tell. */
export interface ResultReport {
  readonly pair: Pair
  readonly memories: readonly Memory[]
  readonly seed: number
  readonly result: FuzzResult
  readonly kinds: readonly KindReport[]
  readonly interrupted: boolean
}

/** One document. Times and the rate are the only things that the same seed does not give again. */
export function resultJson({ pair, memories, seed, result, kinds, interrupted }: ResultReport): string {
  const { programs, operations, milliseconds, coverage } = result
  const { reached, possible, never } = coverage.summary(memories)
  const report = {
    systems: [pair.a.name, pair.b.name],
    memories,
    seed,
    programs,
    operations,
    milliseconds: Math.round(milliseconds),
    programsPerSecond: Math.round((programs * 1000) / Math.max(1, milliseconds)),
    interrupted,
    ignored: [...pair.ignored],
    differing: result.found.length,
    kinds: kinds.map(({ difference, ...kind }) => ({ ...kind, field: difference.field, a: difference.a, b: difference.b })),
    allowed: Object.fromEntries(result.allowed),
    endedEarly: Object.fromEntries(result.inexpressible),
    coverage: { reached, possible, met: table(coverage.met), endings: table(coverage.endings), never },
  }
  return `${JSON.stringify(report, null, 2)}\n`
}

function table(counts: ReadonlyMap<string, ReadonlyMap<string, number>>): Record<string, Record<string, number>> {
  return Object.fromEntries([...counts].map(([row, columns]) => [row, Object.fromEntries(columns)]))
}
