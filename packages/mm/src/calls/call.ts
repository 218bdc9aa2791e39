/**
 * System calls that may wait: generators that yield what they wait for.
 * @module
 */
import type { EventTicket } from '@faultline/mm-types'
import type { Kernel } from '../objects.ts'

/** A call waits for its events to be read, or for a fault to be resolved. */
export type Waiting = readonly EventTicket[] | 'fault'

/** A system call: yields while it waits, returns 0 or a negated errno (or ACCESS_LIVELOCK). */
export type Call = Generator<Waiting, number, void>

/** Waits until every event that was just sent is read. @source v6.18 fs/userfaultfd.c userfaultfd_event_wait_completion() */
export function* eventsRead(kernel: Kernel): Generator<Waiting, void, void> {
  const tickets = kernel.uffd.takeTickets()
  if (tickets.length > 0) yield tickets
}
