/**
 * Makes a program that shows a difference as short and plain as it can be.
 * @module
 */
import type { Operation } from '@faultline/program'
import { comparePrograms, type Difference, type Pair } from './differences.ts'
import { PASSES } from './shorter.ts'

/** A program and the difference it shows. */
export interface Shrunk {
  readonly program: readonly Operation[]
  readonly difference: Difference
  /** Programs that were tried. */
  readonly tried: number
}

/** When to be content with what there is. */
export interface ShrinkOptions {
  /** Candidates tried at most. */
  readonly most?: number
  readonly signal?: AbortSignal
}

/** Candidates compared at a time: a system that takes many at once answers them faster. */
const BATCH = 16

/**
 * Shrinks a program while it still shows a difference: first whole operations go, then their arguments become plain.
 */
export async function shrink(
  pair: Pair,
  program: readonly Operation[],
  difference: Difference,
  { most = 3000, signal }: ShrinkOptions = {},
): Promise<Shrunk> {
  // What was performed is a program too, without what came after the difference.
  let best: Shrunk = { program: difference.script, difference, tried: 0 }
  const again = await tryAll(pair, [difference.script], difference)
  if (again.found === undefined) best = { program, difference, tried: 1 }
  for (let improved = true; improved && best.tried < most && !signal?.aborted; ) {
    improved = false
    for (const pass of PASSES) {
      for (;;) {
        const { found, tried } = await tryAll(pair, pass(best.program), difference)
        best = found === undefined ? { ...best, tried: best.tried + tried } : { ...found, tried: best.tried + tried }
        if (found === undefined || best.tried >= most || signal?.aborted) break
        improved = true
      }
    }
  }
  return best
}

/** Whether two differences are probably the same: of the same operation and field. Else a program might shrink to another's cause. */
function isAlike(one: Difference, other: Difference): boolean {
  return one.operation.op === other.operation.op && one.field.field === other.field.field
}

async function tryAll(
  pair: Pair,
  candidates: Iterable<readonly Operation[]>,
  like: Difference,
): Promise<{ found?: { program: readonly Operation[]; difference: Difference }; tried: number }> {
  let tried = 0
  const all = [...candidates]
  for (let from = 0; from < all.length; from += BATCH) {
    const batch = all.slice(from, from + BATCH)
    const verdicts = await comparePrograms(pair, batch)
    tried += batch.length
    const at = verdicts.findIndex((verdict) => verdict.difference !== undefined && isAlike(verdict.difference, like))
    if (at >= 0) return { found: { program: batch[at]!, difference: verdicts[at]!.difference! }, tried }
  }
  return { tried }
}
