/**
 * What the performers of operations share: a composed kernel, names, and the calls that wait.
 * @module
 */
import type { CollapseCalls, SoftDirtyCalls, UffdCalls } from '@faultline/mm-types'
import type { Outcome } from '@faultline/program'
import type { Bindings } from './bindings.ts'
import type { Call } from './calls/call.ts'
import type { AddressSpace, Kernel } from './objects.ts'

/** A kernel with the system calls of the packages above `mm`. */
export interface ComposedKernel {
  readonly kernel: Kernel
  readonly uffd: UffdCalls
  readonly khugepaged: CollapseCalls
  readonly softDirty: SoftDirtyCalls
}

/** Who performs an operation. */
export interface Actor {
  readonly process?: string
  readonly thread?: string
}

/** Performs what may wait. */
export interface Waiters {
  /** Loads the stamp of a page, or stores one at a byte address; a monitor answers what it sends, else the thread is left waiting. */
  attempt(mm: AddressSpace, thread: string, address: number, write: boolean, stamp: number): Outcome
  /** Runs a call to its end, or until it waits for what no monitor reads. */
  drive(actor: Actor, call: Call, outcome?: (result: number) => Outcome, killed?: () => void): Outcome
  /** Ends the waiting threads of a process. */
  end(process: string): void
}

/** A session as the performers of operations see it. */
export interface Laboratory {
  readonly composed: ComposedKernel
  readonly bindings: Bindings
  readonly blocked: Waiters
  /** The address space of the process that an operation names. */
  mm(actor: Actor): AddressSpace
}

/** Name of the thread that performs an operation. */
export function threadOf(actor: Actor): string {
  const { process = 'main', thread = 'main' } = actor
  // Nearly always, and to put a string together is a good part of a short call.
  return process === 'main' && thread === 'main' ? 'main.main' : `${process}.${thread}`
}
