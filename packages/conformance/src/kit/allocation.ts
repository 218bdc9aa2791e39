/**
 * Whether a function allocates, as far as the heap shows it.
 * @module
 */
import { hold } from './case.ts'

const CALLS = 4_000
const ROUNDS = 9
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
 * Bytes that a call leaves on the heap, over so many calls: the least of nine rounds that a collection did not disturb. Whoever else
 * allocates beside the calls (a compiler, a test runner) is not there in every round; what the calls allocate is.
 *
 * The calls run before, until the compiler has settled: what it optimises away is not allocated. Pass values that were made beforehand.
 */
export function bytesPerCall(call: () => unknown, calls = CALLS): number {
  for (let i = 0; i < calls; i++) call()
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const before = heapUsed() ?? 0
    for (let i = 0; i < calls; i++) call()
    const left = (heapUsed() ?? 0) - before
    if (left >= 0) rounds.push(left / calls)
  }
  return Math.min(...rounds)
}

/** @throws LawBroken when a call allocates */
export function holdAllocatesNothing(what: string, call: () => unknown, calls = CALLS): void {
  const bytes = bytesPerCall(call, calls)
  hold(bytes < NOISE_BYTES, `${what} allocates ${bytes.toFixed(1)} bytes a call, observed over ${calls} calls`)
}

/** Why the check cannot be made here; undefined where it can. */
export const unobservable = (): string | undefined => (canObserveHeap() ? undefined : 'this platform does not tell how much heap is in use')
