/**
 * One userfaultfd: its features, its queue of messages, the threads that wait.
 * @module
 */
import { UFFD_FEATURE_SIGBUS, UFFD_FEATURE_WP_ASYNC, type UffdContext, type UffdMessage } from '@faultline/mm-types'

/** A thread that waits for a fault to be resolved, or for an event to be read. */
export interface Waiter {
  readonly thread: string
  readonly vpn: number
  woken: boolean
}

/** A userfaultfd (struct userfaultfd_ctx). */
export class Userfaultfd implements UffdContext {
  readonly id: number
  /** Bits asked for in UFFDIO_API; -1 before the handshake. */
  features = -1
  readonly userModeOnly: boolean
  readonly queue: UffdMessage[] = []
  readonly waiters: Waiter[] = []
  /**
   * Non-cooperative events sent and not yet read: calls answer EAGAIN meanwhile (mmap_changing).
   *
   * @source v6.18 fs/userfaultfd.c userfaultfd_event_wait_completion()
   */
  changing = 0
  /** Events sent and read so far. */
  eventsSent = 0
  eventsRead = 0
  closed = false

  constructor(id: number, userModeOnly: boolean) {
    this.id = id
    this.userModeOnly = userModeOnly
  }

  get ready(): boolean {
    return this.features >= 0
  }

  has(feature: number): boolean {
    return this.ready && (this.features & feature) !== 0
  }

  get wpAsync(): boolean {
    return this.has(UFFD_FEATURE_WP_ASYNC)
  }

  get sigbus(): boolean {
    return this.has(UFFD_FEATURE_SIGBUS)
  }

  /** Takes the oldest message. Reading an event lets the call that sent it go on. */
  read(): UffdMessage | undefined {
    const message = this.queue.shift()
    if (message !== undefined && message.event !== 'pagefault') {
      this.changing--
      this.eventsRead++
    }
    return message
  }

  /** Wakes the threads that wait for a page in [start, end). */
  wake(start: number, end: number): void {
    for (const waiter of this.waiters) if (waiter.vpn >= start && waiter.vpn < end) waiter.woken = true
    // A message whose thread no longer waits is not delivered. @source fs/userfaultfd.c userfaultfd_ctx_read()
    for (let i = this.queue.length - 1; i >= 0; i--) {
      const { event, address } = this.queue[i]
      const vpn = Math.floor(address / 4096)
      if (event === 'pagefault' && vpn >= start && vpn < end) this.queue.splice(i, 1)
    }
  }
}
