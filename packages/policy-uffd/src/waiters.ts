/**
 * Threads that wait for faults of one userfaultfd whose messages have been read.
 * @module
 */
import type { UffdFaultMessage } from '@faultline/mm-types'

/** A thread whose message has been read. One without a name did not wait. */
export interface Waiter extends UffdFaultMessage {
  thread: string
  isWoken: boolean
}

/** Places that are left unused before the others are moved down. */
const MOST_UNUSED = 64

/** Waiters in the order in which they came. It keeps its room: an array that is emptied and filled by one again gets new room each time. */
export class Waiters {
  private readonly places: Waiter[] = []
  private first = 0
  private end = 0

  /** How many wait. */
  get length(): number {
    return this.end - this.first
  }

  /** All, who came first at index 0. */
  list(): readonly Waiter[] {
    return this.places.slice(this.first, this.end)
  }

  /** The one at an index. */
  at(i: number): Waiter {
    return this.places[this.first + i]
  }

  /** Puts one behind all others. */
  push(waiter: Waiter): void {
    if (this.first === this.end) {
      this.first = 0
      this.end = 0
    } else if (this.first === MOST_UNUSED) this.moveDown()
    this.places[this.end++] = waiter
  }

  /** Takes out who came first. */
  shift(): Waiter | undefined {
    return this.first === this.end ? undefined : this.places[this.first++]
  }

  /** Takes out the one at an index. */
  remove(i: number): void {
    if (i !== this.length - 1) this.places.copyWithin(this.first + i, this.first + i + 1, this.end)
    this.end--
  }

  /** Index of a thread, the one that came last; -1 when it does not wait. */
  lastOf(thread: string): number {
    let i = this.length - 1
    while (i >= 0 && this.at(i).thread !== thread) i--
    return i
  }

  private moveDown(): void {
    this.places.copyWithin(0, this.first, this.end)
    this.end -= this.first
    this.first = 0
  }
}
