/**
 * Seam: backend. Who supplies a page, and who keeps it when no entry maps it?
 * @module
 */
import type { Machine } from './machine.ts'
import type { BackendName, Fault, Inode, Mm, Vma } from './objects.ts'

/** The fault is served: the entry now allows the access, or the access is to be tried again. */
export const FAULT_DONE = 0
/** Nobody has the page and the vma is registered for missing pages. */
export const FAULT_MISSING = 1
/** The page is in the cache and the vma is registered for minor faults. */
export const FAULT_MINOR = 2
/** The entry is armed and the access is a write. */
export const FAULT_WP = 3
/** Beyond the end of the file, or poisoned. */
export const FAULT_SIGBUS = 4
/** Nothing is mapped there, or a guard is (SEGV_MAPERR). */
export const FAULT_SIGSEGV = 5
/** No frame, table or huge page left. */
export const FAULT_OOM = 6
/** SIGBUS because of memory failure or a poison marker (POPULATE reports EHWPOISON). */
export const FAULT_HWPOISON = 7
/** The mapping does not allow the access (SEGV_ACCERR). */
export const FAULT_ACCESS = 8

/**
 * Supplies the pages of one kind of memory.
 *
 * `mm` calls `fault` for entries that are none or a marker of write-protection, after the table exists (`fault.table`, `fault.index`).
 * The backend writes the entry. When `fault.armed` it must set the uffd-wp bit and leave the entry read-only. It must
 * not deliver messages: it answers FAULT_MISSING or FAULT_MINOR, and `mm` asks the userfaultfd.
 */
export interface Backend {
  readonly name: BackendName
  /** Serves the fault of an empty entry. @returns `FAULT_*` */
  fault(fault: Fault): number
  readonly source: string
}

/**
 * Anonymous memory, which private mappings of files use for their own copies too.
 *
 * All three calls edit the one entry of the fault (or the entry named) and flush what they made stricter.
 */
export interface AnonBackend extends Backend {
  /** A write to, or an unsharing of, a present read-only entry of a private mapping: reuse the page or copy it. */
  copyOnWrite(fault: Fault): number
  /** Brings a swap entry back. */
  swapIn(fault: Fault): number
  /** Replaces one present mapping of an anonymous page, the one at `table`/`index`, by a swap entry that holds `slot`. */
  swapOutEntry(fault: Fault, slot: number): void
  /**
   * The same for entries [from, to) of one table, for as long as each maps a page that nothing but that entry holds. `mm` flushes.
   * Left out: every page goes through `swapOutEntry`, and must for who replaces only that.
   *
   * @returns entries done
   */
  swapOutRun?(machine: Machine, table: number, from: number, to: number): number
  /** Left out, or not of this backend's own calls: every fault goes through these. */
  readonly shortcut?: AnonShortcut
}

/**
 * The faults that nearly all are, past the descriptor: of a page that has a table of ptes, in an anonymous mapping nobody watches for
 * missing pages. Arguments stay in registers where a descriptor is written and read again: it takes a third of the time.
 *
 * What comes of them must be what comes of the calls it stands for.
 */
export interface AnonShortcut {
  /** The calls that this stands for. A backend made of another's parts with a call of its own thereby does without the shortcut. */
  readonly fault: AnonBackend['fault']
  /** Its copy-on-write. */
  readonly copyOnWrite: AnonBackend['copyOnWrite']
  /** Its way back from swap. */
  readonly swapIn: AnonBackend['swapIn']
  /** Maps a new page where the entry is none or a marker. @returns false, and nothing has changed, when no frame is left */
  mapNew(mm: Mm, vma: Vma, vpn: number, table: number, armed: boolean): boolean
  /** Maps the zero page for a load, or what stands for it. @returns false, and nothing has changed, when no frame is left */
  mapZero(mm: Mm, vma: Vma, vpn: number, table: number, armed: boolean): boolean
  /**
   * Lets a present entry be written if its page is nobody else's.
   *
   * @param lo what the entry is to be, but for what makes it writable
   * @param disarms that takes the uffd-wp bit from it
   * @returns false, and nothing has changed, when the page is to be copied
   */
  reuse(mm: Mm, vma: Vma, table: number, index: number, lo: number, hi: number, disarms: boolean): boolean
  /** Brings a page back from swap whose slot no other entry holds. @returns false, and nothing has changed, when one does or no frame is left */
  bringBack(mm: Mm, vma: Vma, vpn: number, table: number, write: boolean, lo: number, hi: number): boolean
}

/**
 * Memory whose pages live in a file's cache.
 *
 * Page offsets and counts are in the file's own pages. `mm` has unmapped what must be unmapped before it calls
 * `removePages`; it calls `findPage` on the fault path, so that must not allocate unless it reads from swap.
 */
export interface FileBackend extends Backend {
  /** The frame that holds a page of the file, or 0. Reads it from swap when `swapIn`. */
  findPage(machine: Machine, inode: Inode, pgoff: number, swapIn: boolean): number
  /** True when the file has the page, in memory or in swap. */
  hasPage(inode: Inode, pgoff: number): boolean
  /** Adds a page; the cache holds one reference. @returns its frame, or 0 when there is none to be had */
  addPage(machine: Machine, inode: Inode, pgoff: number, stamp: number): number
  /** Drops pages [from, to) from the cache. */
  removePages(machine: Machine, inode: Inode, from: number, to: number): void
  /**
   * A vma of the file is about to be made: reserves what it may need.
   * @returns 0 or -ENOMEM
   */
  reserve?(machine: Machine, vma: Vma): number
  /** A vma goes away: its private reservations end. */
  unreserve?(vma: Vma): void
  /** Moves one page to swap if it can. @returns false when the page stays */
  reclaimPage(machine: Machine, inode: Inode, pgoff: number): boolean
}

/** The backends of a kernel. */
export interface Backends {
  readonly anon: AnonBackend
  readonly shmem: FileBackend
  readonly hugetlb: FileBackend & {
    /** Copy-on-write of a private huge page. */
    copyOnWrite(fault: Fault): number
    /** A new exclusive page for a private mapping, counted as mapped once. @returns its first frame, or 0 */
    newPrivatePage(vma: Vma, vpn: number): number
    /** A private page is about to lose its mapping at `vpn` by who reserved it: the reservation comes back when the page is free. */
    restoreReservation(vma: Vma, vpn: number, pfn: number): void
  }
}
