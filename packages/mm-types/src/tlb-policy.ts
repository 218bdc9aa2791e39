/**
 * Seam: tlb. When is a stale translation gone?
 *
 * With one CPU the answers differ in what they count. With several they differ in who may still store through a translation that the
 * tables no longer hold; `@faultline/race` steps through that.
 * @module
 */

/** Plain data: read at each change that removes rights from a translation, and at each write fault on a read-only page. */
export interface TlbPolicy {
  readonly name: string
  /**
   * When a call over a range makes the CPUs forget what it changed: at each entry, or once, before or after it has dropped the lock of the
   * page table. After it, faults run in between.
   */
  readonly flushes: 'each-pte' | 'before-unlock' | 'after-unlock'
  /**
   * What the end of a protection does to the right to write: takes it even from entries that had it (until 6.1), leaves entries as writable
   * as they are, or also gives it back where mprotect would (6.2).
   *
   * Shared mappings that may be written get the right back in any case where it is taken.
   */
  readonly unprotect: 'drops-write' | 'keeps-write' | 'restores-write'
  /** A write fault in a watched mapping flushes its page before it looks whether to copy, while flushes of the address space are due. */
  readonly wpFaultFlushesIfPending: boolean
  /**
   * Which private pages a write fault reuses and does not copy: those that one entry maps (until 5.8), those that nobody else holds a
   * reference to (from 5.9), or those marked as exclusive (from 5.19).
   */
  readonly cowReuse: 'mapcount' | 'page_count' | 'exclusive'
  /** How clear_refs holds the address space while it clears soft-dirty bits; faults hold it for reading. */
  readonly clearRefsLock: 'read' | 'write'
  readonly source: string
}
