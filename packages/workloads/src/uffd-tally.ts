/**
 * How the messages of a recorded stream were explained.
 * @module
 */
import type { UffdFault } from './trace/uffd-record.ts'

/** A message that no placement of the recorded calls explains. */
export interface UnexplainedMessage {
  /** Line of the file. */
  readonly line: number
  /** `m`, `M` or `w`, as in the file. */
  readonly access: 'm' | 'M' | 'w'
  readonly block: number
  readonly page: number
  readonly why: string
}

/** A call whose outcome is not the recorded one. */
export interface CallDifference {
  readonly line: number
  readonly what: string
}

/** The sums of a replay. */
export interface UffdReplayCounts {
  /** Fault messages in the recording. */
  readonly recordedMessages: number
  /** All but the unexplained. */
  readonly explained: number
  /** Explained by the page's state at their line. */
  readonly direct: number
  /** Explained after calls that ran at the same time were given their effect first. */
  readonly early: number
  /** Those by the letters of the calls, such as `K` or `D+K`. */
  readonly earlyBy: Readonly<Record<string, number>>
  /** Explained as queued before a later call changed the page. */
  readonly queuedBefore: number
  readonly unexplained: number
  /** The first thousand. */
  readonly unexplainedMessages: readonly UnexplainedMessage[]
  /** Calls performed, and how many of them took effect before their line. */
  readonly calls: number
  readonly callsPlacedEarly: number
  /** Messages that are no faults; they are not replayed. */
  readonly otherMessages: number
  /** Calls that gave something else than recorded. */
  readonly differences: number
  /** The first hundred. */
  readonly callDifferences: readonly CallDifference[]
}

const NAMED_MESSAGES = 1000
const NAMED_DIFFERENCES = 100

/** Counts while a stream is replayed. */
export class ReplayTally {
  #direct = 0
  #early = 0
  #queuedBefore = 0
  #unexplained = 0
  #calls = 0
  #placed = 0
  #other = 0
  #differences = 0
  readonly #earlyBy = new Map<string, number>()
  readonly #messages: UnexplainedMessage[] = []
  readonly #callDifferences: CallDifference[] = []

  direct(): void {
    this.#direct++
  }

  /** @param kinds letters of the calls that were given their effect first */
  early(kinds: readonly string[]): void {
    this.#early++
    const key = kinds.join('+')
    this.#earlyBy.set(key, (this.#earlyBy.get(key) ?? 0) + 1)
  }

  queuedBefore(): void {
    this.#queuedBefore++
  }

  unexplained(fault: UffdFault, why: string): void {
    this.#unexplained++
    const { line, access, block, page } = fault
    if (this.#messages.length < NAMED_MESSAGES) this.#messages.push({ line, access, block, page, why })
  }

  call(): void {
    this.#calls++
  }

  placed(): void {
    this.#placed++
  }

  otherMessage(): void {
    this.#other++
  }

  difference(line: number, what: string): void {
    this.#differences++
    if (this.#callDifferences.length < NAMED_DIFFERENCES) this.#callDifferences.push({ line, what })
  }

  counts(): UffdReplayCounts {
    const explained = this.#direct + this.#early + this.#queuedBefore
    return {
      recordedMessages: explained + this.#unexplained,
      explained,
      direct: this.#direct,
      early: this.#early,
      earlyBy: Object.fromEntries([...this.#earlyBy].sort((a, b) => (a[0] < b[0] ? -1 : 1))),
      queuedBefore: this.#queuedBefore,
      unexplained: this.#unexplained,
      unexplainedMessages: this.#messages,
      calls: this.#calls,
      callsPlacedEarly: this.#placed,
      otherMessages: this.#other,
      differences: this.#differences,
      callDifferences: this.#callDifferences,
    }
  }
}
