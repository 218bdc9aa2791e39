/**
 * Limits of a simulated machine, and the error of a program that needs more.
 *
 * They are the model's, not Linux's: where Linux would answer -ENOMEM a call does so too, but where it would look for a process to
 * kill, or has set memory aside, there is no answer that a program could go on with.
 * @module
 */

/** What was refused last: kept in numbers, since a huge page that is refused is often no error, and a page that finds no room in swap stays. */
export interface Refusal {
  what: 'page tables' | 'frames' | 'swap slots'
  /** In use, and asked for on top of it. */
  inUse: number
  asked: number
  limit: number
}

/** A machine that has refused nothing. */
export function noRefusal(): Refusal {
  return { what: 'page tables', inUse: 0, asked: 0, limit: 0 }
}

/** A limit of the machine was reached. The session goes on: what the operation had not done yet is not done. */
export class LimitError extends Error {
  readonly refusal: Readonly<Refusal>

  constructor(refusal: Readonly<Refusal>) {
    const { what, asked, inUse, limit } = refusal
    super(`${asked} more of ${what} asked for with ${inUse} in use: the limit of this machine is ${limit}`)
    this.name = 'LimitError'
    this.refusal = { ...refusal }
  }
}
