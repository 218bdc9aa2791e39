/**
 * The userfaultfd subsystem of a kernel: creates descriptors, turns faults into messages.
 * @module
 */
import {
  type Counters,
  EINVAL,
  type Fault,
  type HostMm,
  UFFD_FEATURE_EVENT_FORK,
  UFFD_FEATURE_EVENT_REMAP,
  UFFD_FEATURE_EVENT_REMOVE,
  UFFD_FEATURE_EVENT_UNMAP,
  UFFD_FEATURE_EXACT_ADDRESS,
  UFFD_FEATURE_SIGBUS,
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
  type UffdEvent,
  type UffdFaultMessage,
  type UffdFill,
  type UffdFillResult,
  type UffdMessage,
  type UffdMove,
  VM_UFFD_FLAGS,
  VM_UFFD_WP,
  type Vma,
} from '@faultline/mm-types'
import { type QueuedEvent, type RunQueue, Userfaultfd } from './context.ts'
import { fill } from './fill.ts'
import { handshake } from './handshake.ts'
import { move } from './move.ts'
import { validateRange } from './ranges.ts'
import { register, release, unregister } from './register.ts'
import { unprotectPage } from './unprotect-page.ts'
import { armingOf, writeProtect } from './write-protect.ts'

// Once more: V8 folds the constants of a module itself, but loads an imported one at every use.
const SIGBUS = UFFD_FEATURE_SIGBUS
const EXACT_ADDRESS = UFFD_FEATURE_EXACT_ADDRESS
const THREAD_ID = UFFD_FEATURE_THREAD_ID
const WP = UFFD_REASON_WP
const MINOR = UFFD_REASON_MINOR
const OF_WRITE = UFFD_PAGEFAULT_FLAG_WRITE
const OF_WP = UFFD_PAGEFAULT_FLAG_WP
const OF_MINOR = UFFD_PAGEFAULT_FLAG_MINOR

/** All userfaultfds of one kernel, and what the fault path asks of them. */
export class UserfaultfdSubsystem implements UffdCalls {
  private readonly counters: Counters
  private nextId = 1
  /** What the present call will send when it has done its work. */
  private prepared: QueuedEvent[] = []
  private readonly woken: RunQueue = []

  constructor(counters: Counters) {
    this.counters = counters
  }

  /** userfaultfd(2). */
  open(userModeOnly: boolean): Userfaultfd {
    return new Userfaultfd(this.nextId++, userModeOnly, this.woken)
  }

  wpAsync(vma: Vma): boolean {
    return vma.uffd !== null && (vma.uffd as Userfaultfd).wpAsync
  }

  usesMarkers(vma: Vma): boolean {
    const { needsTable, noneIsArmed } = armingOf(vma.mm as HostMm, vma)
    return needsTable || noneIsArmed
  }

  armsNone(vma: Vma): boolean {
    return (vma.flags & VM_UFFD_WP) !== 0 && armingOf(vma.mm as HostMm, vma).noneIsArmed
  }

  wholeLevel(vma: Vma, vpn: number): number {
    const { pgd, machine } = vma.mm
    return armingOf(vma.mm as HostMm, vma).wholeLevel(vpn, machine.tables, pgd)
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
    const features = context.features < 0 ? 0 : context.features
    if ((features & SIGBUS) !== 0 || (context.userModeOnly && !fault.user)) return UFFD_SIGBUS
    this.counters.messages++
    const unread = context.pending.add()
    unread.flags = (fault.write ? OF_WRITE : 0) | (reason === WP ? OF_WP : reason === MINOR ? OF_MINOR : 0)
    unread.address = (features & EXACT_ADDRESS) !== 0 ? fault.address : startOfPage(fault)
    unread.thread = (features & THREAD_ID) !== 0 ? fault.thread : ''
    unread.waiter = fault.stays ? fault.thread : ''
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
    const sent = this.prepared.find((event) => event.context === context && event.message.event === 'fork')
    if (sent !== undefined) {
      child.uffd = sent.message.child
      return
    }
    const copy = this.open(context.userModeOnly)
    copy.features = context.features
    child.uffd = copy
    this.prepare(context, { ...EMPTY, event: 'fork', child: copy }, child.mm as HostMm)
  }

  removed(vma: Vma, start: number, end: number): void {
    this.announce(vma, UFFD_FEATURE_EVENT_REMOVE, { ...EMPTY, event: 'remove', address: start * 4096, end: end * 4096 })
  }

  /** @source v6.18 fs/userfaultfd.c userfaultfd_unmap_prep(), has_unmap_ctx() */
  unmapped(vma: Vma, start: number, end: number): void {
    const isKnown = ({ context, message }: QueuedEvent) =>
      context === vma.uffd && message.event === 'unmap' && message.address === start * 4096 && message.end === end * 4096
    if (this.prepared.some(isKnown)) return
    this.announce(vma, UFFD_FEATURE_EVENT_UNMAP, { ...EMPTY, event: 'unmap', address: start * 4096, end: end * 4096 })
  }

  remapped(vma: Vma, from: number, to: number, pages: number): boolean {
    const context = vma.uffd as Userfaultfd | null
    if (context === null || !context.has(UFFD_FEATURE_EVENT_REMAP)) return false
    this.prepare(context, { ...EMPTY, event: 'remap', address: from * 4096, end: to * 4096, length: pages * 4096 })
    return true
  }

  takeEvents(): readonly UffdEvent[] {
    return this.prepared.length === 0 ? NO_EVENTS : this.prepared.splice(0)
  }

  send(event: UffdEvent): void {
    const queued = event as QueuedEvent
    this.counters.messages++
    if (queued.context.closed) {
      queued.isRead = true
      queued.isLost = true
    } else queued.context.events.push(queued)
  }

  /** A fork whose message nobody will read leaves the child unwatched. @source v6.18 fs/userfaultfd.c userfaultfd_release_new() */
  complete(event: UffdEvent): void {
    const { context, message, isLost, mm } = event as QueuedEvent
    context.changing--
    if (!isLost || mm === null) return
    for (const vma of mm.vmasWithin(0, 2 ** 36)) {
      if (vma.uffd !== message.child) continue
      vma.uffd = null
      vma.flags &= ~VM_UFFD_FLAGS
    }
  }

  api(context: UffdContext, mm: HostMm, version: number, features: number): number {
    return handshake(context as Userfaultfd, mm.design.uffd, version, features)
  }

  register(mm: HostMm, context: UffdContext, start: number, length: number, mode: number): number {
    return register(mm, context as Userfaultfd, start, length, mode)
  }

  /** UFFDIO_UNREGISTER. @returns 0 or a negated errno */
  unregister(mm: HostMm, context: UffdContext, start: number, length: number): number {
    return unregister(mm, context as Userfaultfd, start, length)
  }

  /** UFFDIO_WRITEPROTECT. @returns 0 or a negated errno */
  writeProtect(mm: HostMm, context: UffdContext, start: number, length: number, mode: number): number {
    return writeProtect(mm, context as Userfaultfd, start, length, mode)
  }

  unprotectPage(mm: HostMm, context: UffdContext, vpn: number): boolean {
    return unprotectPage(mm, context as Userfaultfd, vpn)
  }

  /** UFFDIO_COPY, ZEROPAGE, CONTINUE or POISON, as the call says. */
  fill(mm: HostMm, context: UffdContext, call: UffdFill): UffdFillResult {
    return mm.design.uffd.ioctls & FILL_IOCTL[call.kind] ? fill(mm, context as Userfaultfd, call) : UNKNOWN_IOCTL
  }

  /** UFFDIO_MOVE. */
  move(mm: HostMm, context: UffdContext, call: UffdMove): UffdFillResult {
    return mm.design.uffd.ioctls & UFFD_IOCTL_MOVE ? move(mm, context as Userfaultfd, call) : UNKNOWN_IOCTL
  }

  /** UFFDIO_WAKE. @returns 0 or a negated errno */
  wake(context: UffdContext, start: number, length: number): number {
    const own = context as Userfaultfd
    if (!own.ready || validateRange(start, length)) return -EINVAL
    own.wake(start / 4096, (start + length) / 4096)
    return 0
  }

  /** Closes the descriptor: what it watched is no longer watched, and whoever waits goes on. */
  close(mms: readonly HostMm[], context: UffdContext): void {
    release(mms, context as Userfaultfd)
  }

  read(context: UffdContext): UffdMessage | undefined {
    return (context as Userfaultfd).readMessage() ?? this.readEvent(context)
  }

  readFault(context: UffdContext): UffdFaultMessage | undefined {
    return (context as Userfaultfd).readFault()
  }

  readEvent(context: UffdContext): UffdMessage | undefined {
    return (context as Userfaultfd).readEvent()
  }

  get hasWoken(): boolean {
    return this.woken.length > 0
  }

  takeWoken(): readonly (string | UffdEvent)[] {
    return this.woken.length === 0 ? NOBODY : this.woken.splice(0)
  }

  forgetWaiter(context: UffdContext, thread: string): void {
    const { pending, served } = context as Userfaultfd
    const i = pending.lastOf(thread)
    if (i >= 0) pending.remove(i)
    const k = served.lastOf(thread)
    if (k >= 0) served.remove(k)
  }

  forgetEvent(event: UffdEvent): void {
    const queued = event as QueuedEvent
    const { events } = queued.context
    const i = events.indexOf(event as QueuedEvent)
    if (i >= 0) events.splice(i, 1)
    if (queued.isRead) return
    queued.isRead = true
    queued.isLost = true
  }

  private announce(vma: Vma, feature: number, message: UffdMessage): void {
    const context = vma.uffd as Userfaultfd | null
    if (context?.has(feature)) this.prepare(context, message)
  }

  private prepare(context: Userfaultfd, message: UffdMessage, mm: HostMm | null = null): void {
    context.changing++
    this.prepared.push({ context, message, isRead: false, isLost: false, mm })
  }
}

/** First byte of the page of a fault. */
function startOfPage({ vma, vpn, address }: Fault): number {
  if (vma.pageShift === 12) return vpn * 4096
  const unit = 1 << vma.pageShift
  return Math.floor(address / unit) * unit
}

const FILL_IOCTL: Readonly<Record<UffdFill['kind'], number>> = {
  copy: UFFD_IOCTL_COPY,
  zeropage: UFFD_IOCTL_ZEROPAGE,
  continue: UFFD_IOCTL_CONTINUE,
  poison: UFFD_IOCTL_POISON,
}

/** What a kernel answers to an ioctl that came after it. @source fs/userfaultfd.c userfaultfd_ioctl() */
const UNKNOWN_IOCTL: UffdFillResult = { errno: -EINVAL, result: 0 }

const NOBODY: readonly string[] = []
const NO_EVENTS: readonly UffdEvent[] = []

const EMPTY: UffdMessage = { event: 'pagefault', flags: 0, address: 0, end: 0, length: 0, thread: '', child: null }

/** True for a vma that is watched for writes. */
export function isWpRegistered(vma: Vma): boolean {
  return (vma.flags & VM_UFFD_WP) !== 0
}
