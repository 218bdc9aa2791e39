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

/** A load or store as an operation asks for it. */
export interface PendingAccess {
  readonly mm: AddressSpace
  readonly thread: string
  readonly vpn: number
  readonly byte: number
  readonly write: boolean
  readonly stamp: number
}

/** Performs what may wait. */
export interface Waiters {
  /** Performs an access; a monitor answers what it sends, else the thread is left waiting. */
  attempt(pending: PendingAccess): Outcome
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
  return `${actor.process ?? 'main'}.${actor.thread ?? 'main'}`
}
