/**
 * Accesses and calls that wait for a monitor, and what becomes of them.
 * @module
 */
import { type EventTicket, FAULT_DONE } from '@faultline/mm-types'
import type { Answer, Message, Outcome } from '@faultline/program'
import { access } from './access.ts'
import { ACCESS_WAITS, type AccessRequest } from './access-request.ts'
import type { Bindings, NamedUffd } from './bindings.ts'
import type { Call, Waiting } from './calls/call.ts'
import { pageState } from './calls/pagemap.ts'
import { type Actor, type ComposedKernel, type PendingAccess, threadOf, type Waiters } from './laboratory.ts'
import type { AddressSpace } from './objects.ts'
import { callOutcome, signalOutcome, toMessage } from './outcomes.ts'

/** Answers a monitor gives to one access before it gives up, as the recorder of the matrix does. */
const MOST_ANSWERS = 6

/** A system call that waits, and what its result becomes. */
interface PendingCall {
  readonly thread: string
  readonly call: Call
  readonly waiting: Waiting
  readonly outcome: (result: number) => Outcome
}

/** The waiting threads of a session. */
export class Blocked implements Waiters {
  private readonly composed: ComposedKernel
  private readonly bindings: Bindings
  private readonly pending = new Map<string, PendingAccess>()
  private pendingCalls: PendingCall[] = []

  constructor(composed: ComposedKernel, bindings: Bindings) {
    this.composed = composed
    this.bindings = bindings
  }

  /** Performs an access; a monitor answers what it sends, else the thread is left waiting. */
  attempt(pending: PendingAccess, answered = 0): Outcome {
    const request: AccessRequest = { cpu: 0, thread: pending.thread, user: true, byte: pending.byte, stamp: pending.stamp }
    const messages: Message[] = []
    for (let answers = answered; ; answers++) {
      const code = access(pending.mm, pending.vpn, pending.write, request)
      if (code === FAULT_DONE) return finish(pending.write ? { errno: 0 } : { errno: 0, value: request.stamp }, messages)
      if (code !== ACCESS_WAITS) return finish(signalOutcome(code), messages)
      const uffd = this.contextOfFault()
      if (uffd === undefined || !this.answer(uffd, messages, answers)) {
        this.pending.set(pending.thread, pending)
        return finish({ errno: 0, blocked: true }, messages)
      }
    }
  }

  /** Runs a call to its end, or until it waits for what no monitor reads. */
  drive(actor: Actor, call: Call, outcome: (result: number) => Outcome = callOutcome): Outcome {
    return this.advance({ thread: threadOf(actor), call, waiting: [], outcome })
  }

  private advance({ thread, call, outcome }: PendingCall, answered = 0): Outcome {
    const messages: Message[] = []
    for (let answers = answered; ; ) {
      const step = call.next()
      if (step.done) return finish(outcome(step.value), messages)
      if (step.value === 'fault') {
        const uffd = this.contextOfFault()
        if (uffd !== undefined && this.answer(uffd, messages, answers++)) continue
      } else if (this.readEvents(step.value, messages)) continue
      this.pendingCalls.push({ thread, call, waiting: step.value, outcome })
      return finish({ errno: 0, blocked: true }, messages)
    }
  }

  /** Lets monitors read events. @returns true when all of them are read */
  private readEvents(tickets: readonly EventTicket[], messages: Message[]): boolean {
    const calls = this.composed.uffd
    for (const ticket of tickets) {
      const uffd = [...this.bindings.uffds.values()].find((each) => each.context === ticket.context)
      if (uffd === undefined || uffd.monitor === null) continue
      while (!calls.isRead(ticket)) {
        const raw = calls.read(ticket.context)
        if (raw === undefined) break
        messages.push(toMessage(raw))
      }
    }
    return tickets.every((ticket) => calls.isRead(ticket))
  }

  private contextOfFault(): NamedUffd | undefined {
    const context = this.composed.kernel.fault.vma.uffd
    if (context === null) return undefined
    for (const uffd of this.bindings.uffds.values()) if (uffd.context === context) return uffd
    return undefined
  }

  /** Lets the monitor of a userfaultfd answer the newest message. @returns false when nobody answers */
  answer(uffd: NamedUffd, messages: Message[], answers: number): boolean {
    const { monitor, context } = uffd
    if (monitor === null || answers >= MOST_ANSWERS) return false
    const fault = this.composed.kernel.fault
    const kind = this.kindOfNewest(uffd)
    const answer = kind === undefined ? 'none' : monitor[kind]
    if (answer === 'none') return false
    const raw = this.composed.uffd.takeNewest(context)
    if (raw === undefined) return false
    const vma = fault.vma
    messages.push({ ...toMessage(raw), state: pageState(fault.mm as AddressSpace, fault.vpn) })
    const unit = 2 ** vma.pageShift
    const error = this.give(uffd, answer, Math.floor(raw.address / unit) * unit, unit)
    if (error !== 0) this.composed.uffd.wake(context, Math.floor(raw.address / unit) * unit, unit)
    // This thread goes on at once; others that the answer woke do so when it is done.
    this.composed.uffd.forgetWaiter(context, fault.thread)
    return true
  }

  private kindOfNewest(uffd: NamedUffd): 'missing' | 'wp' | 'minor' | undefined {
    const newest = this.composed.uffd.newest(uffd.context)
    if (newest === undefined || newest.event !== 'pagefault') return undefined
    return newest.flags & 2 ? 'wp' : newest.flags & 4 ? 'minor' : 'missing'
  }

  /** @returns a negated errno or 0 */
  private give(uffd: NamedUffd, answer: Answer, start: number, length: number): number {
    const calls = this.composed.uffd
    const { mm, context } = uffd
    const fill = (kind: 'copy' | 'zeropage' | 'continue' | 'poison', mode: number) =>
      calls.fill(mm, context, { kind, start, length, mode, stamp: MONITOR_STAMP }).errno
    switch (answer) {
      case 'copy':
        return fill('copy', 0)
      case 'copy-wp':
        return fill('copy', 2)
      case 'zeropage':
        return fill('zeropage', 0)
      case 'continue':
        return fill('continue', 0)
      case 'continue-wp':
        return fill('continue', 2)
      case 'poison':
        return fill('poison', 0)
      case 'unprotect':
        return calls.writeProtect(mm, context, start, length, 0)
      default:
        return 0
    }
  }

  /**
   * Lets go on whoever was woken, or whose events were read, and whoever these wake, until all that are left wait.
   *
   * Monitors answer a thread here once: answers that do not help would wake their threads for ever.
   */
  resume(): { thread: string; outcome: Outcome }[] {
    const finished: { thread: string; outcome: Outcome }[] = []
    const answered = new Set<string>()
    while (this.pending.size > 0 || this.pendingCalls.length > 0) {
      const woken = new Set<string>()
      for (const uffd of this.bindings.uffds.values()) for (const thread of this.composed.uffd.takeWoken(uffd.context)) woken.add(thread)
      const calls = this.resumeCalls(woken, answered, finished)
      const accesses = this.resumeAccesses(woken, answered, finished)
      if (!calls && !accesses) break
    }
    return finished
  }

  /** @returns whether any call went on */
  private resumeCalls(woken: ReadonlySet<string>, answered: Set<string>, finished: { thread: string; outcome: Outcome }[]): boolean {
    const calls = this.composed.uffd
    const waiting = this.pendingCalls
    this.pendingCalls = []
    let any = false
    for (const pending of waiting) {
      const ready = pending.waiting === 'fault' ? woken.has(pending.thread) : pending.waiting.every((ticket) => calls.isRead(ticket))
      if (!ready) {
        this.pendingCalls.push(pending)
        continue
      }
      any = true
      const outcome = this.advance(pending, answered.has(pending.thread) ? MOST_ANSWERS : 0)
      answered.add(pending.thread)
      if (!outcome.blocked) finished.push({ thread: pending.thread, outcome })
    }
    return any
  }

  /** @returns whether any access was tried again */
  private resumeAccesses(woken: ReadonlySet<string>, answered: Set<string>, finished: { thread: string; outcome: Outcome }[]): boolean {
    let any = false
    for (const thread of woken) {
      const pending = this.pending.get(thread)
      if (pending === undefined) continue
      any = true
      this.pending.delete(thread)
      const outcome = this.attempt(pending, answered.has(thread) ? MOST_ANSWERS : 0)
      answered.add(thread)
      if (!outcome.blocked) finished.push({ thread, outcome })
    }
    return any
  }
}

/** Contents of the pages a monitor copies in: every byte 0x5a. */
export const MONITOR_STAMP = 0x5a5a5a5a

function finish(outcome: Outcome, messages: Message[]): Outcome {
  return messages.length > 0 ? { ...outcome, messages } : outcome
}
