/**
 * What an access asks for, and how it can end beside the FAULT_* codes.
 * @module
 */

/** The access waits for a monitor. Continues the FAULT_* codes. */
export const ACCESS_WAITS = 16
/** The access faults for ever without changing anything. */
export const ACCESS_LIVELOCK = 17

/** Who accesses, and what the access carries. One object is reused by a caller; no access allocates. */
export interface AccessRequest {
  cpu: number
  thread: string
  /** False when the kernel accesses memory on behalf of a call (MADV_POPULATE, mlock). */
  user: boolean
  /** True when the thread waits in a fault until it is woken; else whoever called tries the access again. */
  stays: boolean
  /** Byte offset in the page, for messages with exact addresses. */
  byte: number
  /** False when the fault may not wait for a monitor: it fails instead. @source v6.18 FAULT_FLAG_ALLOW_RETRY */
  mayWait?: boolean
  /** Stamp to store, or the stamp that was loaded. */
  stamp: number
}
