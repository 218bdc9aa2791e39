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

/** Something that runs programs. */
export interface System {
  /** As printed in tables, such as `linux-6.18 (model)`. */
  readonly name: string
  /** Where its answers come from. */
  readonly kind: 'model' | 'linux' | 'recorded'
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
