/**
 * What the fault path and the system calls ask of the userfaultfd.
 * @module
 */
import type { Fault, Mm, UffdContext, Vma } from './objects.ts'

/** Why a fault is handed to a monitor. */
export const UFFD_REASON_MISSING = 1
export const UFFD_REASON_WP = 2
export const UFFD_REASON_MINOR = 3

/** The fault was resolved in the kernel; go on. */
export const UFFD_GO_ON = 0
/** The faulting thread waits. */
export const UFFD_WAITS = 1
/** The thread gets SIGBUS. */
export const UFFD_SIGBUS = 2

/** An event that was sent and that the call which sent it waits for. */
export interface EventTicket {
  readonly context: UffdContext
  /** The event's number in the order of its userfaultfd. */
  readonly number: number
}

/**
 * Implemented by `policy-uffd`; called by `mm`, at most once a fault and once an operation. None of the calls may
 * change page tables, except that the fault path itself clears an armed bit when `wpAsync` says so.
 */
export interface UffdHooks {
  /** True when writes to armed pages of this vma are resolved by the fault handler itself. */
  wpAsync(vma: Vma): boolean
  /** Marks none entries by markers in this vma when they are armed, and so restores them. */
  usesMarkers(vma: Vma): boolean
  /** Hands a fault to the monitor. @returns UFFD_WAITS or UFFD_SIGBUS */
  deliver(fault: Fault, reason: number): number
  /** fork: called for each copied vma that was registered, before its pages are copied; may keep the registration in the child. */
  forkVma(parent: Vma, child: Vma): void
  /** fork: all vmas are copied. */
  forkDone(parent: Mm, child: Mm): void
  /** madvise removed the pages [start, end). */
  removed(vma: Vma, start: number, end: number): void
  /** [start, end) of a registered vma was unmapped. */
  unmapped(vma: Vma, start: number, end: number): void
  /** A registered vma was moved. @returns true when the registration moves along */
  remapped(vma: Vma, from: number, to: number, pages: number): boolean
  /** Events sent since the last call of this. */
  takeTickets(): readonly EventTicket[]
  /** True when the monitor has read the event, or the userfaultfd is closed. */
  isRead(ticket: EventTicket): boolean
  /** The address space ends. */
  exited(mm: Mm): void
}
