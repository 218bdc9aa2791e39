/**
 * Flags of mmap, mprotect, mremap, madvise and fallocate.
 *
 * @source v6.18 include/uapi/asm-generic/mman-common.h, mman.h, falloc.h
 * @module
 */

/** No access. */
export const PROT_NONE = 0
/** Loads are allowed. */
export const PROT_READ = 1
/** Stores are allowed. */
export const PROT_WRITE = 2
/** Instructions may be fetched. */
export const PROT_EXEC = 4

/** The mapping may get another address. */
export const MREMAP_MAYMOVE = 1
/** Move to the address that is given; what is mapped there goes away. */
export const MREMAP_FIXED = 2
/** Move the pages and leave an empty mapping behind. */
export const MREMAP_DONTUNMAP = 4

/** No special treatment. */
export const MADV_NORMAL = 0
/** Read ahead: swap in what is swapped out. */
export const MADV_WILLNEED = 3
/** Drop the pages: private contents are lost, files keep theirs. */
export const MADV_DONTNEED = 4
/** Contents may be dropped when memory is short, until written again. */
export const MADV_FREE = 8
/** Punch a hole into the file behind the range. */
export const MADV_REMOVE = 9
/** Children of fork do not get the range. */
export const MADV_DONTFORK = 10
/** Undoes MADV_DONTFORK. */
export const MADV_DOFORK = 11
/** KSM may merge pages of equal contents. */
export const MADV_MERGEABLE = 12
/** Undoes MADV_MERGEABLE and takes merged pages apart. */
export const MADV_UNMERGEABLE = 13
/** Huge pages are wanted here. */
export const MADV_HUGEPAGE = 14
/** No huge pages here. */
export const MADV_NOHUGEPAGE = 15
/** Children of fork find the range empty. */
export const MADV_WIPEONFORK = 18
/** Undoes MADV_WIPEONFORK. */
export const MADV_KEEPONFORK = 19
/** Reclaim these pages first. */
export const MADV_COLD = 20
/** Reclaim these pages now. */
export const MADV_PAGEOUT = 21
/** Fault every page in, as a read does. */
export const MADV_POPULATE_READ = 22
/** Fault every page in, as a write does. */
export const MADV_POPULATE_WRITE = 23
/** Make huge pages of the range now, whatever khugepaged is set to. */
export const MADV_COLLAPSE = 25
/** Put guard markers: an access gets SIGSEGV. */
export const MADV_GUARD_INSTALL = 102
/** Remove guard markers. */
export const MADV_GUARD_REMOVE = 103
