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
  readonly pending = new Waiters()
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
    const waiter = this.pending.shift()
    if (waiter !== undefined && waiter.thread !== '') this.served.push(waiter)
    return waiter
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
    this.wakeOf(this.pending, start, end)
    this.wakeOf(this.served, start, end)
  }

  private wakeOf(waiters: Waiters, start: number, end: number): void {
    for (let i = waiters.length - 1; i >= 0; i--) {
      const waiter = waiters.at(i)
      const vpn = Math.floor(waiter.message.address / 4096)
      if (vpn < start || vpn >= end) continue
      waiters.remove(i)
      waiter.isWoken = true
      if (waiter.thread !== '') this.runQueue.push(waiter.thread)
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
