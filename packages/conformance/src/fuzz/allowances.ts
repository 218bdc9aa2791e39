/**
 * Where Linux itself may answer in more than one way: the only differences that are let pass, each with its reason.
 * @module
 */
import type { Operation, Outcome } from '@faultline/program'
import type { FieldDifference } from './compare.ts'

/** A difference that is no fault of either system. */
export interface Allowance {
  readonly name: string
  /** Why Linux may answer either way. */
  readonly reason: string
}

/** Threads that were woken together run in the order the scheduler chooses. */
const WAKE_ORDER: Allowance = {
  name: 'wake-order',
  reason:
    'without SCHED_FIFO, threads that one call wakes run in an order the scheduler chooses, so the last of two writes to a page, what a read among them sees, and whose message comes first, may be either',
}

/**
 * Seen on Linux 6.18: of 200 runs of one program whose thread writes to a page that is being removed so, 193 wrote and read what was
 * gone from the tables, 4 faulted a new page in, and 3 lost the translation between the write and the read.
 */
const STALE_TRANSLATION: Allowance = {
  name: 'stale-translation',
  reason:
    'MADV_DONTNEED and MADV_FREE flush translations once, when they end: while the event of one mapping waits to be read, pages of the mappings before it are gone from the tables, but a CPU may reach them until it happens to drop their translations',
}

/** All allowances. */
export const ALLOWANCES: readonly Allowance[] = [WAKE_ORDER, STALE_TRANSLATION]

/** What an access through a stale translation changes: no page is faulted in, and what is written is gone with the old one. */
const TRANSLATION_DEPENDENT: ReadonlySet<string> = new Set(['pages', 'value', 'finished.value'])

/** What depends on the order of threads: contents and messages, but never the states of pages or how an access ends. */
const ORDER_DEPENDENT: ReadonlySet<string> = new Set(['value', 'finished.value', 'messages', 'finished.messages'])

/** Follows a program and knows which of its differences may be let pass. */
export class Leniency {
  private readonly inAnyOrder: boolean
  private raced = false
  /** Threads that wait in a removal. */
  private readonly removing = new Set<string>()
  private removedInPart = false

  /** @param inAnyOrder one of the systems may run woken threads in any order */
  constructor(inAnyOrder: boolean) {
    this.inAnyOrder = inAnyOrder
  }

  /** Learns from an operation on which the systems agree, or are about to be compared. */
  note(operation: Operation, outcome: Outcome): void {
    const runsToo = operation.op === 'read' || operation.op === 'write' || outcome.messages !== undefined
    if ((outcome.finished?.length ?? 0) + (runsToo ? 1 : 0) >= 2) this.raced = this.inAnyOrder
    for (const { thread } of outcome.finished ?? []) this.removing.delete(thread)
    // A removal that still waits when one of its events has been read has removed something.
    if (this.removing.size > 0 && outcome.messages?.some(({ event }) => event === 'remove')) this.removedInPart = true
    if (operation.op === 'madvise' && (operation.advice === 'dontneed' || operation.advice === 'free') && outcome.blocked)
      this.removing.add(`${operation.process ?? 'main'}.${operation.thread ?? 'main'}`)
  }

  /** @returns the allowance that lets a difference pass, or undefined */
  allows(difference: FieldDifference): Allowance | undefined {
    if (this.raced && ORDER_DEPENDENT.has(difference.field)) return WAKE_ORDER
    return this.removedInPart && TRANSLATION_DEPENDENT.has(difference.field) ? STALE_TRANSLATION : undefined
  }
}
