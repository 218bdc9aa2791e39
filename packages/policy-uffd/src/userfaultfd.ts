/**
 * The userfaultfd subsystem of a kernel: creates descriptors, turns faults into messages.
 * @module
 */
import {
  type Counters,
  EINVAL,
  type EventTicket,
  type Fault,
  type HostMm,
  type Mm,
  UFFD_FEATURE_EVENT_FORK,
  UFFD_FEATURE_EVENT_REMAP,
  UFFD_FEATURE_EVENT_REMOVE,
  UFFD_FEATURE_EVENT_UNMAP,
  UFFD_FEATURE_EXACT_ADDRESS,
  UFFD_FEATURE_THREAD_ID,
  UFFD_GO_ON,
  UFFD_IOCTL_CONTINUE,
  UFFD_IOCTL_COPY,
  UFFD_IOCTL_MOVE,
  UFFD_IOCTL_POISON,
  UFFD_IOCTL_ZEROPAGE,
  UFFD_PAGEFAULT_FLAG_MINOR,
  UFFD_PAGEFAULT_FLAG_WP,
  UFFD_PAGEFAULT_FLAG_WRITE,
  UFFD_REASON_MINOR,
  UFFD_REASON_WP,
  UFFD_SIGBUS,
  UFFD_WAITS,
  type UffdCalls,
  type UffdContext,
  type UffdFill,
  type UffdFillResult,
  type UffdMessage,
  type UffdMove,
  VM_UFFD_FLAGS,
  VM_UFFD_WP,
  type Vma,
} from '@faultline/mm-types'
import { Userfaultfd } from './context.ts'
import { fill } from './fill.ts'
import { handshake } from './handshake.ts'
import { move } from './move.ts'
import { validateRange } from './ranges.ts'
import { register, release, unregister } from './register.ts'
import { armingOf, writeProtect } from './write-protect.ts'

/** All userfaultfds of one kernel, and what the fault path asks of them. */
export class UserfaultfdSubsystem implements UffdCalls {
  private readonly counters: Counters
  private nextId = 1
  /** Fork messages to send once all vmas are copied: parent's descriptor to child's. */
  private tickets: EventTicket[] = []
  private readonly forks = new Map<Userfaultfd, Userfaultfd>()

  constructor(counters: Counters) {
    this.counters = counters
  }

  /** userfaultfd(2). */
  open(userModeOnly: boolean): Userfaultfd {
    return new Userfaultfd(this.nextId++, userModeOnly)
  }

  wpAsync(vma: Vma): boolean {
    return vma.uffd !== null && (vma.uffd as Userfaultfd).wpAsync
  }

  usesMarkers(vma: Vma): boolean {
    return armingOf(vma.mm as HostMm, vma).needsTable
  }

  /**
   * Queues a message for the monitor, or says that the access is a signal.
   *
   * @source v6.18 fs/userfaultfd.c handle_userfault()
   * @fidelity simplified: no fatal signals; accesses from the kernel are those of MADV_POPULATE and mlock
   */
  deliver(fault: Fault, reason: number): number {
    const context = fault.vma.uffd as Userfaultfd | null
    if (context === null || context.closed) return UFFD_GO_ON
    if (context.sigbus || (context.userModeOnly && !fault.user)) return UFFD_SIGBUS
    this.counters.messages++
    let flags = fault.write ? UFFD_PAGEFAULT_FLAG_WRITE : 0
    if (reason === UFFD_REASON_WP) flags |= UFFD_PAGEFAULT_FLAG_WP
    if (reason === UFFD_REASON_MINOR) flags |= UFFD_PAGEFAULT_FLAG_MINOR
    const unit = 2 ** fault.vma.pageShift
    const exact = context.has(UFFD_FEATURE_EXACT_ADDRESS)
    context.queue.push({
      event: 'pagefault',
      flags,
      address: exact ? fault.address : Math.floor(fault.address / unit) * unit,
      end: 0,
      length: 0,
      thread: context.has(UFFD_FEATURE_THREAD_ID) ? fault.thread : '',
      child: null,
    })
    context.waiters.push({ thread: fault.thread, vpn: Math.floor(fault.address / unit) * (unit / 4096), woken: false })
    return UFFD_WAITS
  }

  /** @source v6.18 fs/userfaultfd.c dup_userfaultfd() */
  forkVma(parent: Vma, child: Vma): void {
    const context = parent.uffd as Userfaultfd
    if (!context.has(UFFD_FEATURE_EVENT_FORK)) {
      child.uffd = null
      child.flags &= ~VM_UFFD_FLAGS
      return
    }
    let copy = this.forks.get(context)
    if (copy === undefined) {
      copy = this.open(context.userModeOnly)
      copy.features = context.features
      this.forks.set(context, copy)
    }
    child.uffd = copy
  }

  forkDone(_parent: Mm, _child: Mm): void {
    for (const [context, child] of this.forks) this.send(context, { ...EMPTY, event: 'fork', child })
    this.forks.clear()
  }

  removed(vma: Vma, start: number, end: number): void {
    this.announce(vma, UFFD_FEATURE_EVENT_REMOVE, { ...EMPTY, event: 'remove', address: start * 4096, end: end * 4096 })
  }

  unmapped(vma: Vma, start: number, end: number): void {
    this.announce(vma, UFFD_FEATURE_EVENT_UNMAP, { ...EMPTY, event: 'unmap', address: start * 4096, end: end * 4096 })
  }

  remapped(vma: Vma, from: number, to: number, pages: number): boolean {
    const context = vma.uffd as Userfaultfd | null
    if (context === null || !context.has(UFFD_FEATURE_EVENT_REMAP)) return false
    this.send(context, { ...EMPTY, event: 'remap', address: from * 4096, end: to * 4096, length: pages * 4096 })
    return true
  }

  takeTickets(): readonly EventTicket[] {
    const tickets = this.tickets
    this.tickets = []
    return tickets
  }

  isRead(ticket: EventTicket): boolean {
    const context = ticket.context as Userfaultfd
    return context.closed || context.eventsRead >= ticket.number
  }

  exited(_mm: Mm): void {}

  api(context: UffdContext, mm: HostMm, version: number, features: number): number {
    return handshake(context as Userfaultfd, mm.design.uffd, version, features)
  }

  register(mm: HostMm, context: UffdContext, start: number, length: number, mode: number): number {
    return register(mm, context as Userfaultfd, start, length, mode)
  }

  unregister(mm: HostMm, context: UffdContext, start: number, length: number): number {
    return unregister(mm, context as Userfaultfd, start, length)
  }

  writeProtect(mm: HostMm, context: UffdContext, start: number, length: number, mode: number): number {
    return writeProtect(mm, context as Userfaultfd, start, length, mode)
  }

  fill(mm: HostMm, context: UffdContext, call: UffdFill): UffdFillResult {
    return mm.design.uffd.ioctls & FILL_IOCTL[call.kind] ? fill(mm, context as Userfaultfd, call) : UNKNOWN_IOCTL
  }

  move(mm: HostMm, context: UffdContext, call: UffdMove): UffdFillResult {
    return mm.design.uffd.ioctls & UFFD_IOCTL_MOVE ? move(mm, context as Userfaultfd, call) : UNKNOWN_IOCTL
  }

  wake(context: UffdContext, start: number, length: number): number {
    const own = context as Userfaultfd
    if (!own.ready || validateRange(start, length)) return -EINVAL
    own.wake(start / 4096, (start + length) / 4096)
    return 0
  }

  close(mms: readonly HostMm[], context: UffdContext): void {
    release(mms, context as Userfaultfd)
  }

  read(context: UffdContext): UffdMessage | undefined {
    return (context as Userfaultfd).read()
  }

  newest(context: UffdContext): UffdMessage | undefined {
    return (context as Userfaultfd).queue.at(-1)
  }

  takeNewest(context: UffdContext): UffdMessage | undefined {
    return (context as Userfaultfd).queue.pop()
  }

  pendingEvents(context: UffdContext): number {
    return (context as Userfaultfd).changing
  }

  peekWoken(context: UffdContext): string[] {
    return (context as Userfaultfd).waiters.filter((waiter) => waiter.woken).map((waiter) => waiter.thread)
  }

  takeWoken(context: UffdContext): string[] {
    const { waiters } = context as Userfaultfd
    const woken = waiters.filter((waiter) => waiter.woken).map((waiter) => waiter.thread)
    for (let i = waiters.length - 1; i >= 0; i--) if (waiters[i].woken) waiters.splice(i, 1)
    return woken
  }

  forgetWaiter(context: UffdContext, thread: string): void {
    const { waiters } = context as Userfaultfd
    const i = waiters.findIndex((waiter) => waiter.thread === thread)
    if (i >= 0) waiters.splice(i, 1)
  }

  private announce(vma: Vma, feature: number, message: UffdMessage): void {
    const context = vma.uffd as Userfaultfd | null
    if (context?.has(feature)) this.send(context, message)
  }

  private send(context: Userfaultfd, message: UffdMessage): void {
    this.counters.messages++
    context.changing++
    context.queue.push(message)
    this.tickets.push({ context, number: ++context.eventsSent })
  }
}

const FILL_IOCTL: Readonly<Record<UffdFill['kind'], number>> = {
  copy: UFFD_IOCTL_COPY,
  zeropage: UFFD_IOCTL_ZEROPAGE,
  continue: UFFD_IOCTL_CONTINUE,
  poison: UFFD_IOCTL_POISON,
}

/** What a kernel answers to an ioctl that came after it. @source fs/userfaultfd.c userfaultfd_ioctl() */
const UNKNOWN_IOCTL: UffdFillResult = { errno: -EINVAL, result: 0 }

const EMPTY: UffdMessage = { event: 'pagefault', flags: 0, address: 0, end: 0, length: 0, thread: '', child: null }

/** True for a vma that is watched for writes. */
export function isWpRegistered(vma: Vma): boolean {
  return (vma.flags & VM_UFFD_WP) !== 0
}
