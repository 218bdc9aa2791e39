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

/** What MADV_FREE marked may go without being asked for: seen once in 20 000 programs, and not again in 300 runs of the same. */
const LAZY_FREE: Allowance = {
  name: 'lazy-free',
  reason:
    'a page that MADV_FREE marked is dropped whenever the running kernel reclaims memory by itself, so one that nobody has paged out may be gone all the same',
}

/** All allowances. */
export const ALLOWANCES: readonly Allowance[] = [WAKE_ORDER, STALE_TRANSLATION, LAZY_FREE]

/** What an access through a stale translation changes: no page is faulted in, and what is written is gone with the old one. */
const TRANSLATION_DEPENDENT: ReadonlySet<string> = new Set(['pages', 'value', 'finished.value'])

/** What depends on the order of threads: contents and messages, but never the states of pages or how an access ends. */
const ORDER_DEPENDENT: ReadonlySet<string> = new Set(['value', 'finished.value', 'messages', 'finished.messages'])

/** What one of the systems may do that the other need not. */
export interface Freedom {
  /** It runs woken threads in any order. */
  readonly inAnyOrder: boolean
  /** It reclaims memory when it likes: the running kernel does. */
  readonly reclaims: boolean
}

/** Follows a program and knows which of its differences may be let pass. */
export class Leniency {
  private readonly freedom: Freedom
  private raced = false
  /** Pages may be marked by MADV_FREE. */
  private lazy = false
  /** Threads that wait in a removal. */
  private readonly removing = new Set<string>()
  private removedInPart = false

  constructor(freedom: Freedom) {
    this.freedom = freedom
  }

  /** Learns from an operation on which the systems agree, or are about to be compared. */
  note(operation: Operation, outcome: Outcome): void {
    const runsToo = operation.op === 'read' || operation.op === 'write' || outcome.messages !== undefined
    if ((outcome.finished?.length ?? 0) + (runsToo ? 1 : 0) >= 2) this.raced = this.freedom.inAnyOrder
    for (const { thread } of outcome.finished ?? []) this.removing.delete(thread)
    // A removal that still waits when one of its events has been read has removed something.
    if (this.removing.size > 0 && outcome.messages?.some(({ event }) => event === 'remove')) this.removedInPart = true
    if (operation.op === 'madvise' && (operation.advice === 'dontneed' || operation.advice === 'free') && outcome.blocked)
      this.removing.add(`${operation.process ?? 'main'}.${operation.thread ?? 'main'}`)
    // After a reclaim that was asked for, what is missing would be a fault of the design's.
    if (operation.op === 'reclaim' || (operation.op === 'madvise' && operation.advice === 'pageout')) this.lazy = false
    else if (operation.op === 'madvise' && operation.advice === 'free') this.lazy = this.freedom.reclaims
  }

  /** @returns the allowance that lets a difference pass, or undefined */
  allows(difference: FieldDifference): Allowance | undefined {
    if (this.raced && ORDER_DEPENDENT.has(difference.field)) return WAKE_ORDER
    if (this.removedInPart && TRANSLATION_DEPENDENT.has(difference.field)) return STALE_TRANSLATION
    return this.lazy && isDropped(difference) ? LAZY_FREE : undefined
  }
}

/** On the second system a page is gone that is there on the first. */
function isDropped({ field, a, b }: FieldDifference): boolean {
  return field === 'pages' && a.includes(': present anon ') && b.includes(': none ')
}
