/**
 * The contract of a system: something that runs programs and says what happened.
 *
 * There are two kinds, the model and Linux; both answer in the words of this file.
 * @module
 */
import type { Operation } from './operations.ts'

/** A userfaultfd message, addresses as places in the sender's terms (region and page) with the absolute page number beside them. */
export interface Message {
  readonly event: 'pagefault' | 'fork' | 'remap' | 'remove' | 'unmap'
  /** UFFD_PAGEFAULT_FLAG_*: 1 write, 2 wp, 4 minor. */
  readonly flags?: number
  /** Byte address of the fault, or start of the range. */
  readonly address: number
  /** End of the range (remove, unmap), or the new address (remap). */
  readonly end?: number
  /** Length in bytes (remap). */
  readonly length?: number
  /** Thread that faulted, with FEATURE_THREAD_ID. */
  readonly thread?: string
  /** State of the page when the message was delivered, where the system was asked to note it. */
  readonly state?: number
}

/** One region of a PAGEMAP_SCAN answer; addresses in bytes. */
export interface ScanRegion {
  readonly start: number
  readonly end: number
  readonly categories: number
}

/** What one operation did. Absent fields were not produced by it. */
export interface Outcome {
  /** 0, or a positive errno. */
  readonly errno: number
  /** The stamp a read saw. */
  readonly value?: number
  /** `SIGBUS` or `SIGSEGV` with its si_code. */
  readonly signal?: 'SIGBUS' | 'SIGSEGV'
  readonly signalCode?: number
  /** The access or call waits for the monitor (or restarts for ever when `livelock`). */
  readonly blocked?: boolean
  readonly livelock?: boolean
  /** The byte address that mmap or mremap returned. */
  readonly address?: number
  /** The ioctl's result field (copy, zeropage, mapped, updated, move: bytes or -errno; ioctls of register and api). */
  readonly result?: number
  readonly features?: number
  /** Messages the operation caused and a monitor answered, in order of delivery; or the message received. */
  readonly messages?: readonly Message[]
  /** Threads that were blocked and have finished because of this operation, with their outcomes. */
  readonly finished?: readonly { readonly thread: string; readonly outcome: Outcome }[]
  /** Page states (pagemap), one integer a page; see `page-state.ts`. */
  readonly pages?: readonly number[]
  /** PAGEMAP_SCAN's answer. */
  readonly regions?: readonly ScanRegion[]
  readonly walkEnd?: number
  /** Page-table bytes (status). */
  readonly bytes?: number
}

/** An address space laboratory that a program is run in, one operation at a time. */
export interface Session {
  /** Performs one operation. @throws ExpressionError when this system cannot express it. */
  perform(operation: Operation): Outcome | Promise<Outcome>
  /** Ends all processes and frees what was taken. */
  close(): void | Promise<void>
}

/** The access was done. */
export const ACCESS_DONE = 0
/** The thread waits for a monitor: read the messages, answer, and access again. */
export const ACCESS_BLOCKED = 1
/** The thread got SIGBUS. */
export const ACCESS_SIGBUS = 2
/** The thread got SIGSEGV. */
export const ACCESS_SIGSEGV = 3
/** The access faults again and again, and nobody is asked: only a kill ends it. */
export const ACCESS_STUCK = 4

/** How many vmas a process has, and the most it had at the end of any call. */
export interface VmaCount {
  readonly now: number
  readonly peak: number
}

/** Loads and stores, one a row: columns of equal length. */
export interface AccessBatch {
  /** Absolute 4 KiB page numbers, which do not fit in 32 bits. Of one kind always: a hit takes twice as long where there are two. */
  readonly vpns: Float64Array
  /** 1 for a store, 0 for a load. */
  readonly writes: Uint8Array
  /** What a store stores. A load that is done leaves here what it saw. */
  readonly stamps: Int32Array
}

/**
 * A session that answers at once and takes single accesses without an operation object: what the model offers, and what
 * workloads drive when they replay millions of accesses.
 *
 * Absolute pages: the region `@` is bound at address 0 in units of 4 KiB, so `place('@', vpn)` names any page.
 */
export interface SyncSession extends Session {
  perform(operation: Operation): Outcome
  /**
   * One load or store of a page's stamp by a process, as the thread `main`.
   *
   * A blocked access is queued as a message on its userfaultfd, and forgotten otherwise: the caller answers it
   * (`receive`, then `writeprotect`, `copy`, …) and accesses again.
   * @param vpn absolute 4 KiB page number
   * @returns ACCESS_*
   */
  access(process: string, vpn: number, write: boolean, stamp: number): number
  /**
   * Loads and stores one after the other, each as `access` does it, until one is not done.
   *
   * @returns index of that one, which `stopped` tells of, or `to`
   */
  accessMany(process: string, batch: AccessBatch, from: number, to: number): number
  /** ACCESS_* of the access at which `accessMany` stopped last. */
  readonly stopped: number
  /**
   * UFFDIO_WRITEPROTECT of whole pages: the operation `writeprotect` without an object for it, as monitors call it page by page.
   *
   * @param vpn absolute 4 KiB page number
   * @param pages pages of 4 KiB
   */
  writeprotect(uffd: string, vpn: number, pages: number, mode: number): Outcome
  /**
   * The message that has waited longest, as the operation `receive` reads it; undefined where that gives an errno. Where threads wait in
   * operations use `receive`, whose outcome says which of them have finished.
   */
  receive(uffd: string): Message | undefined
  /** The stamp that the last successful load saw. */
  readonly loaded: number
  /** Counts of what the machine did since it was opened; names as in `Counters` of mm-types, and `steps`. */
  counters(): Readonly<Record<string, number>>
  /** Page-table bytes of a process. */
  tableBytes(process: string): number
  /** Mappings of a process, as lines of /proc/pid/maps. */
  vmas(process: string): VmaCount
}

/** Something that runs programs. */
export interface System {
  /** As printed in tables, such as `linux-6.18 (model)`. */
  readonly name: string
  /** Where its answers come from. */
  readonly kind: 'model' | 'linux' | 'recorded'
  /** A fresh machine with one process, `main`. */
  open(): Session | Promise<Session>
}

/** Thrown when a system (a design) has no way to express an operation. Names what, where and the remedy. */
export class ExpressionError extends Error {
  readonly system: string
  readonly seam: string
  readonly remedy: string
  constructor(system: string, seam: string, what: string, remedy: string) {
    super(`${system} cannot express ${what} (${seam}): ${remedy}`)
    this.name = 'ExpressionError'
    this.system = system
    this.seam = seam
    this.remedy = remedy
  }
}
