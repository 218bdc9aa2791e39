/**
 * The userfaultfd system calls, as the session that runs programs makes them.
 * @module
 */
import type { CollapsePolicy } from './collapse.ts'
import type { UffdContext, Vma } from './objects.ts'
import type { UffdEvent, UffdHooks } from './uffd-hooks.ts'
import type { HostMm } from './uffd-host.ts'

/** A message as read from a descriptor. Addresses and lengths in bytes. */
export interface UffdMessage {
  readonly event: 'pagefault' | 'fork' | 'remap' | 'remove' | 'unmap'
  readonly flags: number
  readonly address: number
  readonly end: number
  readonly length: number
  readonly thread: string
  /** The child's userfaultfd (fork). */
  readonly child: UffdContext | null
}

/** The message of a fault, and the thread that waits. */
export interface UffdFaultMessage {
  readonly message: UffdMessage
  readonly thread: string
  /** True since the thread was woken: it waits no more, or again and for a message of its own. */
  readonly isWoken: boolean
}

/** One fill call. Addresses and lengths in bytes. */
export interface UffdFill {
  readonly kind: 'copy' | 'zeropage' | 'continue' | 'poison'
  readonly start: number
  readonly length: number
  readonly mode: number
  /** Contents of copied pages. */
  readonly stamp: number
}

/** One UFFDIO_MOVE. Addresses and lengths in bytes. */
export interface UffdMove {
  readonly start: number
  readonly from: number
  readonly length: number
  readonly mode: number
}

/** What a fill answers: a negated errno or 0, and the result field (bytes filled, or a negated errno). */
export interface UffdFillResult {
  readonly errno: number
  readonly result: number
}

/** Implemented by `policy-uffd`. Starts and lengths in bytes; negated errnos. */
export interface UffdCalls extends UffdHooks {
  /** A new userfaultfd. It serves nothing before `api`. */
  open(userModeOnly: boolean): UffdContext
  /** @returns the features on offer, or -EINVAL */
  api(context: UffdContext, mm: HostMm, version: number, features: number): number
  /** @returns the mask of ioctls, or a negated errno */
  register(mm: HostMm, context: UffdContext, start: number, length: number, mode: number): number
  /** UFFDIO_UNREGISTER. @returns 0 or a negated errno */
  unregister(mm: HostMm, context: UffdContext, start: number, length: number): number
  /** UFFDIO_WRITEPROTECT. @returns 0 or a negated errno */
  writeProtect(mm: HostMm, context: UffdContext, start: number, length: number, mode: number): number
  /**
   * What a monitor does for each page that it has seen: the same, mode 0, for one page of 4 KiB that is there.
   * @returns false when the page is another matter, and nothing was done
   */
  unprotectPage(mm: HostMm, context: UffdContext, vpn: number): boolean
  /** UFFDIO_COPY, ZEROPAGE, CONTINUE or POISON, as the call says. */
  fill(mm: HostMm, context: UffdContext, call: UffdFill): UffdFillResult
  /** UFFDIO_MOVE. */
  move(mm: HostMm, context: UffdContext, call: UffdMove): UffdFillResult
  /** UFFDIO_WAKE. @returns 0 or a negated errno */
  wake(context: UffdContext, start: number, length: number): number
  /** Closes the descriptor: what it watched is no longer watched, and whoever waits goes on. */
  close(mms: readonly HostMm[], context: UffdContext): void
  /** The message of the fault that has waited longest, else of the oldest event, or undefined (EAGAIN). The next fault may write over it. */
  read(context: UffdContext): UffdMessage | undefined
  /** As `read`, but leaves events alone; to be kept. */
  readFault(context: UffdContext): UffdFaultMessage | undefined
  /** As `read`, but leaves faults alone. */
  readEvent(context: UffdContext): UffdMessage | undefined
  /** True when anybody was woken since the last call of `takeWoken`. */
  readonly hasWoken: boolean
  /** Who was woken since the last call, in the order in which the kernel woke them: threads that waited in a fault by name, or an event. */
  takeWoken(): readonly (string | UffdEvent)[]
  /** Lets a thread that waits in a fault go without a wake. Its message is gone. */
  forgetWaiter(context: UffdContext, thread: string): void
  /** Takes back an event whose sender is being ended: it waits no more. */
  forgetEvent(event: UffdEvent): void
}

/** Implemented by `policy-soft-dirty`. */
export interface SoftDirtyCalls {
  /**
   * Clears the soft-dirty bits of entries [from, to) of a table, and the write permission of the present ones.
   * @returns entries changed
   */
  clear(lo: Int32Array, hi: Int32Array, base: number, from: number, to: number): number
}

/** Implemented by `policy-khugepaged`. */
export interface CollapseCalls {
  /** @returns a SCAN_* code */
  collapse(mm: HostMm, vma: Vma, start: number, end: number, policy: CollapsePolicy, forced: boolean): number
}
