/**
 * The operations a program is made of: what a process, a monitor or the kernel's own threads do to an address space.
 *
 * An operation is plain data. The same list runs on the model and on Linux.
 * @module
 */

/** What backs a mapping, in the words of the kernel's selftests. */
export type Memory = 'anon' | 'shmem' | 'shmem-private' | 'hugetlb' | 'hugetlb-private'

/** Every memory type, in the order tables print them. */
export const MEMORY_TYPES: readonly Memory[] = ['anon', 'shmem', 'shmem-private', 'hugetlb', 'hugetlb-private']

/**
 * A place in a named region: `page` pages (in the region's own page size) and `byte` bytes after its start.
 *
 * A region's name stays bound to its start after munmap, so that a program can touch what is gone.
 */
export interface Place {
  readonly region: string
  /** Pages after the region's start; may be negative or past its end. */
  readonly page: number
  /** Bytes after that page's start; 0 unless the operation is meant to be unaligned. */
  readonly byte: number
}

/** `pages` pages and `bytes` bytes from `at` on. */
export interface Range {
  readonly at: Place
  readonly pages: number
  /** Bytes beyond whole pages: not 0 only in operations that are meant to be refused. */
  readonly bytes: number
}

/** Who performs the operation; `main` when absent. A blocked thread's process goes on with other threads. */
interface Actor {
  readonly process?: string
  readonly thread?: string
}

/** Creates a memory file: a memfd, hugetlb when `hugeShift` is 21 or 30. */
export interface FileOp extends Actor {
  readonly op: 'file'
  readonly file: string
  /** Length in the file's own pages. */
  readonly pages: number
  /** log2 of the page size of a hugetlb file; absent for shmem. */
  readonly hugeShift?: 21 | 30
}

/** mmap(2). Without `at`, the region goes to the next free 2 MiB boundary of the program's window. */
export interface MmapOp extends Actor {
  readonly op: 'mmap'
  readonly region: string
  readonly pages: number
  /** What to map. A private or shared mapping of an unnamed new file when `file` is absent. */
  readonly memory: Memory
  readonly file?: string
  /** First page of the file. */
  readonly pgoff?: number
  /** `r`, `w`, `x` in any combination; empty for PROT_NONE. */
  readonly prot: string
  /** MAP_FIXED at this place. */
  readonly at?: Place
  /** MAP_FIXED at this absolute 4 KiB page number (replay of recorded traces). */
  readonly vpn?: number
  /** log2 of the huge page size of a hugetlb mapping (21 when absent). */
  readonly hugeShift?: 21 | 30
  /** MAP_NORESERVE. */
  readonly noreserve?: boolean
}

/** munmap(2). */
export interface MunmapOp extends Actor {
  readonly op: 'munmap'
  readonly range: Range
}

/** mprotect(2); `prot` as in `mmap`. */
export interface MprotectOp extends Actor {
  readonly op: 'mprotect'
  readonly range: Range
  readonly prot: string
}

/** mremap(2); `region` names the result. */
export interface MremapOp extends Actor {
  readonly op: 'mremap'
  readonly range: Range
  readonly newPages: number
  readonly region: string
  readonly mayMove: boolean
  readonly dontUnmap: boolean
  /** MREMAP_FIXED to this place. */
  readonly to?: Place
}

/** A load of the 32-bit stamp at a place. */
export interface ReadOp extends Actor {
  readonly op: 'read'
  readonly at: Place
}

/** A store of a 32-bit stamp at a place. */
export interface WriteOp extends Actor {
  readonly op: 'write'
  readonly at: Place
  readonly value: number
}

/** fork(2); the child gets a name and a copy of the address space. */
export interface ForkOp extends Actor {
  readonly op: 'fork'
  readonly child: string
}

/** The process ends, and with it its address space. */
export interface ExitOp extends Actor {
  readonly op: 'exit'
}

/** userfaultfd(2); `flags` as in the call (1 = USER_MODE_ONLY). */
export interface UserfaultfdOp extends Actor {
  readonly op: 'userfaultfd'
  readonly uffd: string
  readonly flags: number
  /** USERFAULTFD_IOC_NEW of /dev/userfaultfd in place of the system call. */
  readonly device?: boolean
}

/** UFFDIO_API. */
export interface ApiOp extends Actor {
  readonly op: 'api'
  readonly uffd: string
  readonly features: number
  /** 0xAA unless the handshake is meant to be refused. */
  readonly version: number
}

/** UFFDIO_REGISTER; mode bits 1 missing, 2 wp, 4 minor. */
export interface RegisterOp extends Actor {
  readonly op: 'register'
  readonly uffd: string
  readonly range: Range
  readonly mode: number
}

/** UFFDIO_UNREGISTER. */
export interface UnregisterOp extends Actor {
  readonly op: 'unregister'
  readonly uffd: string
  readonly range: Range
}

/** UFFDIO_WRITEPROTECT; mode bits 1 WP, 2 DONTWAKE. */
export interface WriteProtectOp extends Actor {
  readonly op: 'writeprotect'
  readonly uffd: string
  readonly range: Range
  readonly mode: number
}

/** UFFDIO_COPY of pages whose stamp is `value`; mode bits 1 DONTWAKE, 2 WP. */
export interface CopyOp extends Actor {
  readonly op: 'copy'
  readonly uffd: string
  readonly range: Range
  readonly mode: number
  readonly value: number
}

/** UFFDIO_ZEROPAGE, UFFDIO_CONTINUE (mode bit 2 WP), UFFDIO_POISON, UFFDIO_WAKE. */
export interface FillOp extends Actor {
  readonly op: 'zeropage' | 'continue' | 'poison' | 'wake'
  readonly uffd: string
  readonly range: Range
  readonly mode: number
}

/** UFFDIO_MOVE; mode bits 1 DONTWAKE, 2 ALLOW_SRC_HOLES. */
export interface MoveOp extends Actor {
  readonly op: 'move'
  readonly uffd: string
  readonly range: Range
  readonly from: Place
  readonly mode: number
}

/** close(2) of a userfaultfd. */
export interface CloseOp extends Actor {
  readonly op: 'close'
  readonly uffd: string
}

/** read(2) of one message; EAGAIN when there is none. A fork event makes `child` the name of the child's userfaultfd. */
export interface ReceiveOp extends Actor {
  readonly op: 'receive'
  readonly uffd: string
  readonly child?: string
}

/** How a monitor answers a fault at once, before the next operation. `none` leaves the thread blocked. */
export type Answer = 'none' | 'copy' | 'copy-wp' | 'zeropage' | 'continue' | 'continue-wp' | 'unprotect' | 'poison'

/** Installs a monitor that answers every fault of a userfaultfd in a fixed way. */
export interface MonitorOp extends Actor {
  readonly op: 'monitor'
  readonly uffd: string
  readonly missing: Answer
  readonly wp: Answer
  readonly minor: Answer
}

/** Advice by the name of its constant without MADV_, in lower case. */
export type Advice =
  | 'normal'
  | 'dontneed'
  | 'free'
  | 'pageout'
  | 'cold'
  | 'remove'
  | 'collapse'
  | 'hugepage'
  | 'nohugepage'
  | 'populate_read'
  | 'populate_write'
  | 'guard_install'
  | 'guard_remove'
  | 'wipeonfork'
  | 'keeponfork'
  | 'dontfork'
  | 'dofork'
  | 'willneed'
  | 'mergeable'
  | 'unmergeable'

/** madvise(2). */
export interface MadviseOp extends Actor {
  readonly op: 'madvise'
  readonly range: Range
  readonly advice: Advice
}

/** fallocate(2) in pages of the file: allocate, or FALLOC_FL_PUNCH_HOLE|KEEP_SIZE. */
export interface FallocateOp extends Actor {
  readonly op: 'fallocate'
  readonly file: string
  readonly page: number
  readonly pages: number
  readonly punch: boolean
}

/** ftruncate(2) of a file. */
export interface FtruncateOp extends Actor {
  readonly op: 'ftruncate'
  readonly file: string
  readonly pages: number
}

/** mlock(2) and munlock(2). */
export interface MlockOp extends Actor {
  readonly op: 'mlock' | 'munlock'
  readonly range: Range
}

/**
 * What the kernel does of its own accord: reclaim pages, a khugepaged pass over a process, migrate pages, swapoff,
 * a memory failure. On Linux they are provoked, where they can be.
 */
export interface KernelOp extends Actor {
  readonly op: 'reclaim' | 'migrate' | 'hwpoison' | 'khugepaged' | 'ksm'
  readonly range: Range
}

/** swapoff(2): all that is swapped out comes back. */
export interface SwapoffOp extends Actor {
  readonly op: 'swapoff'
}

/** Reads page states (see `page-state.ts`) of a range, as /proc/pid/pagemap and kpageflags tell them. */
export interface PagemapOp extends Actor {
  readonly op: 'pagemap'
  readonly range: Range
}

/** PAGEMAP_SCAN. */
export interface ScanOp extends Actor {
  readonly op: 'scan'
  readonly range: Range
  /** 1 WP_MATCHING, 2 CHECK_WPASYNC. */
  readonly flags: number
  readonly inverted: number
  readonly mask: number
  readonly anyof: number
  readonly returned: number
  /** Pages reported at most; 0 is no limit. */
  readonly maxPages: number
  /** Length of the output vector in regions. */
  readonly vecLen: number
}

/** write of 4 to /proc/pid/clear_refs. */
export interface ClearRefsOp extends Actor {
  readonly op: 'clear_refs'
}

/** Reads the process's page-table bytes (VmPTE). */
export interface StatusOp extends Actor {
  readonly op: 'status'
}

/** A comment kept in the program text. */
export interface CommentOp extends Actor {
  readonly op: 'comment'
  readonly text: string
}

/** One step of a program. */
export type Operation =
  | FileOp
  | MmapOp
  | MunmapOp
  | MprotectOp
  | MremapOp
  | ReadOp
  | WriteOp
  | ForkOp
  | ExitOp
  | UserfaultfdOp
  | ApiOp
  | RegisterOp
  | UnregisterOp
  | WriteProtectOp
  | CopyOp
  | FillOp
  | MoveOp
  | CloseOp
  | ReceiveOp
  | MonitorOp
  | MadviseOp
  | FallocateOp
  | FtruncateOp
  | MlockOp
  | KernelOp
  | SwapoffOp
  | PagemapOp
  | ScanOp
  | ClearRefsOp
  | StatusOp
  | CommentOp

/** The name of an operation. */
export type OperationName = Operation['op']

/** Builds a place. */
export function place(region: string, page = 0, byte = 0): Place {
  return { region, page, byte }
}

/** Builds a range of `pages` pages from `page` of a region on. */
export function range(region: string, page: number, pages: number, bytes = 0): Range {
  return { at: place(region, page), pages, bytes }
}
