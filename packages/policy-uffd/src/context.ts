/**
 * One userfaultfd: its features, its messages, the threads that wait.
 * @module
 */
import {
  type HostMm,
  UFFD_FEATURE_SIGBUS,
  UFFD_FEATURE_WP_ASYNC,
  type UffdContext,
  type UffdEvent,
  type UffdMessage,
} from '@faultline/mm-types'
import { LastRule } from './unprotect-span.ts'
import { UnreadFaults } from './unread.ts'
import { type Waiter, Waiters } from './waiters.ts'

/** An event on its way: prepared, sent, read. */
export interface QueuedEvent extends UffdEvent {
  readonly context: Userfaultfd
  readonly message: UffdMessage
  isRead: boolean
  /** Nobody has read it: the userfaultfd was closed, or the sender has ended. */
  isLost: boolean
  /** The child, of a fork. */
  readonly mm: HostMm | null
}

/** Who has been woken in one kernel and has not run yet: threads that waited in a fault, senders of events. */
export type RunQueue = (string | UffdEvent)[]

/** A userfaultfd (struct userfaultfd_ctx). Lists hold who came first at index 0; Linux puts whoever comes at the head. */
export class Userfaultfd implements UffdContext {
  readonly id: number
  /** Bits asked for in UFFDIO_API; -1 before the handshake. */
  features = -1
  readonly userModeOnly: boolean
  /** Faults whose messages nobody has read (fault_pending_wqh). */
  readonly pending = new UnreadFaults()
  /** Faults whose messages have been read (fault_wqh). */
  readonly served = new Waiters()
  /** Events sent and not read (event_wqh). */
  readonly events: QueuedEvent[] = []
  /** Events prepared whose senders have not gone on: calls answer EAGAIN meanwhile (mmap_changing). */
  changing = 0
  closed = false
  readonly lastRule = new LastRule()
  private readonly runQueue: RunQueue

  constructor(id: number, userModeOnly: boolean, runQueue: RunQueue) {
    this.id = id
    this.userModeOnly = userModeOnly
    this.runQueue = runQueue
  }

  /** True after the handshake (UFFDIO_API). */
  get ready(): boolean {
    return this.features >= 0
  }

  /** True when calls that change memory are served: after the handshake, and while no event is being sent (else EAGAIN). */
  get takesCalls(): boolean {
    return this.features >= 0 && this.changing === 0
  }

  /** True when any thread waits, or its message has not been read. */
  get hasWaiters(): boolean {
    return this.pending.length > 0 || this.served.length > 0
  }

  /** True when the handshake enabled a feature. */
  has(feature: number): boolean {
    return this.ready && (this.features & feature) !== 0
  }

  /** Write-protection faults are resolved without a message. */
  get wpAsync(): boolean {
    return this.has(UFFD_FEATURE_WP_ASYNC)
  }

  /** Faults become SIGBUS. */
  get sigbus(): boolean {
    return this.has(UFFD_FEATURE_SIGBUS)
  }

  /** @source v6.18 fs/userfaultfd.c userfaultfd_ctx_read() */
  readFault(): Waiter | undefined {
    const message = this.pending.take()
    if (message === undefined) return undefined
    const waiter = { thread: message.waiter, message, isWoken: false }
    if (waiter.thread !== '') this.served.push(waiter)
    return waiter
  }

  /** The message alone, which the next fault may write over. */
  readMessage(): UffdMessage | undefined {
    const { pending } = this
    if (pending.length === 0) return undefined
    return pending.at(0).waiter === '' ? pending.shift() : this.readFault()?.message
  }

  /** @source v6.18 fs/userfaultfd.c userfaultfd_ctx_read(), userfaultfd_event_complete() */
  readEvent(): UffdMessage | undefined {
    const event = this.events.shift()
    if (event === undefined) return undefined
    event.isRead = true
    this.runQueue.push(event)
    return event.message
  }

  /**
   * Wakes the threads that wait in [start, end) pages: those whose messages are unread first, the last to come before the others.
   *
   * @source v6.18 fs/userfaultfd.c __wake_userfault(), userfaultfd_wake_function()
   */
  wake(start: number, end: number): void {
    const { pending, served } = this
    for (let i = pending.length - 1; i >= 0; i--) {
      const { address, waiter } = pending.at(i)
      if (!isWithin(address, start, end)) continue
      pending.remove(i)
      if (waiter !== '') this.runQueue.push(waiter)
    }
    for (let i = served.length - 1; i >= 0; i--) {
      const waiter = served.at(i)
      if (!isWithin(waiter.message.address, start, end)) continue
      served.remove(i)
      waiter.isWoken = true
      this.runQueue.push(waiter.thread)
    }
  }

  /** Lets everyone go. @source v6.18 fs/userfaultfd.c userfaultfd_release() */
  release(): void {
    this.closed = true
    this.wake(0, Number.POSITIVE_INFINITY)
    for (const event of this.events.splice(0).reverse()) {
      event.isRead = true
      event.isLost = true
      this.runQueue.push(event)
    }
  }
}

function isWithin(address: number, start: number, end: number): boolean {
  const vpn = Math.floor(address / 4096)
  return vpn >= start && vpn < end
}
