/**
 * What the fault path and the system calls ask of the userfaultfd.
 * @module
 */
import type { Fault, UffdContext, Vma } from './objects.ts'

/** Why a fault is handed to a monitor. */
export const UFFD_REASON_MISSING = 1
/** The page is armed and was written. */
export const UFFD_REASON_WP = 2
/** The file has the page, the page table has not. */
export const UFFD_REASON_MINOR = 3

/** The fault was resolved in the kernel; go on. */
export const UFFD_GO_ON = 0
/** The faulting thread waits. */
export const UFFD_WAITS = 1
/** The thread gets SIGBUS. */
export const UFFD_SIGBUS = 2

/** An event that a call will send once it has done its work, and then wait for to be read. */
export interface UffdEvent {
  readonly context: UffdContext
  /** True when the monitor has read it, or the userfaultfd is closed. */
  readonly isRead: boolean
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
  /** True when none entries of this vma count as armed, and NO_WP markers record what is not. Asked once a fault or table. */
  armsNone(vma: Vma): boolean
  /** The highest level at which one entry may arm what is empty from page `vpn` on. */
  wholeLevel(vma: Vma, vpn: number): number
  /** Hands a fault to the monitor. @returns UFFD_WAITS or UFFD_SIGBUS */
  deliver(fault: Fault, reason: number): number
  /** fork: called for each copied vma that was registered, before its pages are copied; may keep the registration in the child. */
  forkVma(parent: Vma, child: Vma): void
  /** madvise is about to remove the pages [start, end). */
  removed(vma: Vma, start: number, end: number): void
  /** A registered vma is about to go, by a call that unmaps [start, end): one event a userfaultfd and range, whatever its vmas. */
  unmapped(vma: Vma, start: number, end: number): void
  /** A registered vma was moved. @returns true when the registration moves along */
  remapped(vma: Vma, from: number, to: number, pages: number): boolean
  /** Events that the present call has prepared since the last call of this, to be sent one after the other. */
  takeEvents(): readonly UffdEvent[]
  /** Sends an event: it is read at once when its userfaultfd is closed. */
  send(event: UffdEvent): void
  /** The call that waited for an event goes on, or gives up an event that it never sent. */
  complete(event: UffdEvent): void
}
