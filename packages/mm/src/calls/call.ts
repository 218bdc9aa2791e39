/**
 * System calls that may wait: generators that yield what they wait for.
 * @module
 */
import type { UffdEvent } from '@faultline/mm-types'
import type { Kernel } from '../objects.ts'

/** A call waits for an event to be read, or for a fault to be resolved. */
export type Waiting = UffdEvent | 'fault'

/** A system call: yields while it waits, returns 0 or a negated errno (or ACCESS_LIVELOCK). */
export type Call = Generator<Waiting, number, void>

/**
 * Sends the events that the call has prepared, one after the other, and waits until each is read.
 *
 * @source v6.18 fs/userfaultfd.c userfaultfd_event_wait_completion(), dup_userfaultfd_complete(), userfaultfd_unmap_complete()
 */
export function* eventsRead(kernel: Kernel, events = kernel.uffd.takeEvents()): Generator<Waiting, void, void> {
  for (const event of events) {
    kernel.uffd.send(event)
    if (!event.isRead) yield event
    kernel.uffd.complete(event)
  }
}
