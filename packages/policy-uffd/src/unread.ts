/**
 * Faults of one userfaultfd whose messages nobody has read.
 * @module
 */
import type { UffdMessage } from '@faultline/mm-types'

/** The message of a fault, and the thread that waits; '' when it only left the message. */
export class UnreadFault implements UffdMessage {
  readonly event = 'pagefault'
  flags = 0
  address = 0
  readonly end = 0
  readonly length = 0
  thread = ''
  readonly child = null
  waiter = ''
}

/** Places that are left unused before the others are moved down. */
const MOST_UNUSED = 64

/** Faults in the order in which they came. What was read is written over by later ones: with objects of its own a fault took half as long again. */
export class UnreadFaults {
  private readonly places: UnreadFault[] = []
  private first = 0
  private end = 0

  /** How many there are. */
  get length(): number {
    return this.end - this.first
  }

  /** All, who came first at index 0. */
  list(): readonly UnreadFault[] {
    return this.places.slice(this.first, this.end)
  }

  /** The one at an index. */
  at(i: number): UnreadFault {
    return this.places[this.first + i]
  }

  /** One more, behind all others, for the caller to write. */
  add(): UnreadFault {
    if (this.first === this.end) {
      this.first = 0
      this.end = 0
    }
    if (this.end === this.places.length) this.makeRoom()
    return this.places[this.end++]
  }

  /** Takes out who came first. It may be written over when the next one comes. */
  shift(): UnreadFault | undefined {
    return this.first === this.end ? undefined : this.places[this.first++]
  }

  /** The same, to be kept. */
  take(): UnreadFault | undefined {
    const taken = this.shift()
    if (taken !== undefined) this.places[this.first - 1] = new UnreadFault()
    return taken
  }

  /** Takes out the one at an index. */
  remove(i: number): void {
    const { places } = this
    const removed = this.at(i)
    places.copyWithin(this.first + i, this.first + i + 1, this.end)
    places[--this.end] = removed
  }

  /** Index of a thread, the one that came last; -1 when it does not wait. */
  lastOf(thread: string): number {
    let i = this.length - 1
    while (i >= 0 && this.at(i).waiter !== thread) i--
    return i
  }

  private makeRoom(): void {
    if (this.first < MOST_UNUSED) {
      this.places.push(new UnreadFault())
      return
    }
    for (const read of this.places.splice(0, this.first)) this.places.push(read)
    this.end -= this.first
    this.first = 0
  }
}
