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

/** All allowances. */
export const ALLOWANCES: readonly Allowance[] = [WAKE_ORDER]

/** What depends on the order of threads: contents and messages, but never the states of pages or how an access ends. */
const ORDER_DEPENDENT: ReadonlySet<string> = new Set(['value', 'finished.value', 'messages', 'finished.messages'])

/** Follows a program and knows which of its differences may be let pass. */
export class Leniency {
  private readonly inAnyOrder: boolean
  private raced = false

  /** @param inAnyOrder one of the systems may run woken threads in any order */
  constructor(inAnyOrder: boolean) {
    this.inAnyOrder = inAnyOrder
  }

  /** Learns from an operation on which the systems agree, or are about to be compared. */
  note(operation: Operation, outcome: Outcome): void {
    const runsToo = operation.op === 'read' || operation.op === 'write' || outcome.messages !== undefined
    if ((outcome.finished?.length ?? 0) + (runsToo ? 1 : 0) >= 2) this.raced = this.inAnyOrder
  }

  /** @returns the allowance that lets a difference pass, or undefined */
  allows(difference: FieldDifference): Allowance | undefined {
    return this.raced && ORDER_DEPENDENT.has(difference.field) ? WAKE_ORDER : undefined
  }
}
