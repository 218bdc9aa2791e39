/**
 * What a thread of a race is: a generator that yields before each of its steps.
 * @module
 */

/** Whether the next step of a thread may be taken now. */
export type Guard = () => boolean

/** What runs between two yields is one step, which no other CPU can divide. */
export type Steps = Generator<Guard, void, void>

export const ALWAYS: Guard = () => true

/** As ALWAYS, of a thread that remembers nothing but the operation it is at: what it has seen no longer matters. */
export const AFRESH: Guard = () => true
