/**
 * Whether a function allocates, as far as the heap shows it.
 * @module
 */
import { hold } from './case.ts'

const CALLS = 4_000
const ROUNDS = 5
/** Less than this a call is noise: the smallest object takes twelve. */
const NOISE_BYTES = 1

/** Bytes of heap in use; undefined where the platform does not tell (a browser). */
function heapUsed(): number | undefined {
  const { process } = globalThis as { process?: { memoryUsage?: () => { heapUsed: number } } }
  return process?.memoryUsage?.().heapUsed
}

/** Whether {@link bytesPerCall} can answer here. */
export const canObserveHeap = (): boolean => heapUsed() !== undefined

/**
 * Bytes that a call leaves on the heap, over so many calls: the median of five rounds, so that a collection in one of them does no harm.
 *
 * The calls run before, until the compiler has settled: what it optimises away is not allocated. Pass values that were made beforehand.
 */
export function bytesPerCall(call: () => unknown, calls = CALLS): number {
  for (let i = 0; i < calls; i++) call()
  const rounds = Array.from({ length: ROUNDS }, () => {
    const before = heapUsed() ?? 0
    for (let i = 0; i < calls; i++) call()
    return ((heapUsed() ?? 0) - before) / calls
  })
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1]!
}

/** @throws LawBroken when a call allocates */
export function holdAllocatesNothing(what: string, call: () => unknown, calls = CALLS): void {
  const bytes = bytesPerCall(call, calls)
  hold(bytes < NOISE_BYTES, `${what} allocates ${bytes.toFixed(1)} bytes a call, observed over ${calls} calls`)
}

/** Why the check cannot be made here; undefined where it can. */
export const unobservable = (): string | undefined => (canObserveHeap() ? undefined : 'this platform does not tell how much heap is in use')
