/**
 * One thing that a correct implementation must do, and how it becomes a test of the author's own runner.
 * @module
 */

/** A law of a seam, and the code that tries it on one implementation. */
export interface Case {
  /** Short and lasting: what a skip list names. */
  readonly name: string
  /** What must hold, as a sentence. */
  readonly law: string
  /** Why this implementation need not obey it, computed from what it says of itself; undefined where it must. */
  readonly notFor?: string
  /** @throws LawBroken, or whatever the implementation throws */
  run(): void | Promise<void>
}

/** The function that the author's runner offers: `test` of vitest, of node:test, or one like them. */
export interface TestFunction {
  (name: string, body: () => void | Promise<void>): unknown
  /** Says that a test is left out, where the test function can. */
  skip?(name: string, body: () => void | Promise<void>): unknown
}

/** What a suite is given. */
export interface SuiteOptions<Policy> {
  readonly test: TestFunction
  /** The implementation, or a function that makes one: then each case gets a fresh one. */
  readonly policy: Policy | (() => Policy)
  /** Cases that it does not obey, by name, each with the reason. Shown as skipped, with the reason. */
  readonly skip?: Readonly<Record<string, string>>
}

/** A law does not hold. The message says which, and what was seen. */
export class LawBroken extends Error {
  override readonly name = 'LawBroken'
}

/** @throws LawBroken unless the condition holds */
export function hold(condition: boolean, seen: string): asserts condition {
  if (!condition) throw new LawBroken(seen)
}

/** A function that makes the implementation: what it is given, when that is one already. Policies are objects, never functions. */
export function makerOf<Policy extends object>(policy: Policy | (() => Policy)): () => Policy {
  return typeof policy === 'function' ? (policy as () => Policy) : () => policy
}

/**
 * Hands cases to a runner, one test each.
 *
 * @throws RangeError for a skip list that names no case, or gives no reason
 */
export function register(seam: string, cases: readonly Case[], { test, skip = {} }: Pick<SuiteOptions<object>, 'test' | 'skip'>): void {
  const names = cases.map(({ name }) => name)
  for (const [name, reason] of Object.entries(skip)) {
    if (!names.includes(name)) throw new RangeError(`the suite for ${seam} has no case ${JSON.stringify(name)}; it has ${names.join(', ')}`)
    if (reason.trim() === '') throw new RangeError(`the skip of ${JSON.stringify(name)} gives no reason`)
  }
  for (const { name, law, notFor, run } of cases) {
    const reason = skip[name] ?? notFor
    if (reason === undefined) test(`${seam}: ${name}: ${law}`, run)
    else test.skip?.(`${seam}: ${name}: ${law} (skipped: ${reason})`, run)
  }
}
