/**
 * The userfaultfd interface: feature bits, modes, ioctl numbers, message flags.
 *
 * @source v6.18 include/uapi/linux/userfaultfd.h
 * @module
 */

/** The version of the interface, for UFFDIO_API. */
export const UFFD_API = 0xaa
/** Flag of userfaultfd(2): only faults of user space are handed over. */
export const UFFD_USER_MODE_ONLY = 1

/** Messages say whether a fault met write-protection. */
export const UFFD_FEATURE_PAGEFAULT_FLAG_WP = 0x1
/** A message for each fork; the child is watched too. */
export const UFFD_FEATURE_EVENT_FORK = 0x2
/** A message for each mremap. */
export const UFFD_FEATURE_EVENT_REMAP = 0x4
/** A message for each MADV_DONTNEED and MADV_REMOVE. */
export const UFFD_FEATURE_EVENT_REMOVE = 0x8
/** Missing pages of hugetlb memory can be watched. */
export const UFFD_FEATURE_MISSING_HUGETLBFS = 0x10
/** Missing pages of shared memory can be watched. */
export const UFFD_FEATURE_MISSING_SHMEM = 0x20
/** A message for each munmap. */
export const UFFD_FEATURE_EVENT_UNMAP = 0x40
/** Faults become SIGBUS instead of messages. */
export const UFFD_FEATURE_SIGBUS = 0x80
/** Messages name the thread that faulted. */
export const UFFD_FEATURE_THREAD_ID = 0x100
/** Minor faults of hugetlb memory can be watched. */
export const UFFD_FEATURE_MINOR_HUGETLBFS = 0x200
/** Minor faults of shared memory can be watched. */
export const UFFD_FEATURE_MINOR_SHMEM = 0x400
/** Messages hold the address itself and not that of its page. */
export const UFFD_FEATURE_EXACT_ADDRESS = 0x800
/** Write-protection works on hugetlb and shared memory. */
export const UFFD_FEATURE_WP_HUGETLBFS_SHMEM = 0x1000
/** Write-protection holds where anonymous memory has no page yet. */
export const UFFD_FEATURE_WP_UNPOPULATED = 0x2000
/** Pages can be poisoned (UFFDIO_POISON). */
export const UFFD_FEATURE_POISON = 0x4000
/** Write-protection faults are resolved by the kernel, to be collected by PAGEMAP_SCAN. */
export const UFFD_FEATURE_WP_ASYNC = 0x8000
/** Pages can be moved (UFFDIO_MOVE). */
export const UFFD_FEATURE_MOVE = 0x10000
/** The feature proposed in February 2023 and replaced by WP_UNPOPULATED; it took the same bit in its series. */
export const UFFD_FEATURE_WP_ZEROPAGE = 0x2000

/** Watch missing pages. */
export const UFFDIO_REGISTER_MODE_MISSING = 1
/** Watch writes to protected pages. */
export const UFFDIO_REGISTER_MODE_WP = 2
/** Watch pages that the file has and the page table has not. */
export const UFFDIO_REGISTER_MODE_MINOR = 4

/** Do not wake who waits for the range. */
export const UFFDIO_COPY_MODE_DONTWAKE = 1
/** Map the copy write-protected. */
export const UFFDIO_COPY_MODE_WP = 2
/** Do not wake who waits for the range. */
export const UFFDIO_ZEROPAGE_MODE_DONTWAKE = 1
/** Protect; without it, unprotect. */
export const UFFDIO_WRITEPROTECT_MODE_WP = 1
/** Do not wake who waits for the range when unprotecting. */
export const UFFDIO_WRITEPROTECT_MODE_DONTWAKE = 2
/** Do not wake who waits for the range. */
export const UFFDIO_CONTINUE_MODE_DONTWAKE = 1
/** Map the file's page write-protected. */
export const UFFDIO_CONTINUE_MODE_WP = 2
/** Do not wake who waits for the range. */
export const UFFDIO_POISON_MODE_DONTWAKE = 1
/** Do not wake who waits for the range. */
export const UFFDIO_MOVE_MODE_DONTWAKE = 1
/** Pass over what the source has not, instead of failing with ENOENT. */
export const UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES = 2

/** Bits of the `ioctls` masks: 1 << the ioctl's number. */
export const UFFD_IOCTL_WAKE = 0x4
/** UFFDIO_COPY. */
export const UFFD_IOCTL_COPY = 0x8
/** UFFDIO_ZEROPAGE. */
export const UFFD_IOCTL_ZEROPAGE = 0x10
/** UFFDIO_MOVE. */
export const UFFD_IOCTL_MOVE = 0x20
/** UFFDIO_WRITEPROTECT. */
export const UFFD_IOCTL_WRITEPROTECT = 0x40
/** UFFDIO_CONTINUE. */
export const UFFD_IOCTL_CONTINUE = 0x80
/** UFFDIO_POISON. */
export const UFFD_IOCTL_POISON = 0x100

/** The access was a store. */
export const UFFD_PAGEFAULT_FLAG_WRITE = 1
/** The page is write-protected. */
export const UFFD_PAGEFAULT_FLAG_WP = 2
/** The file has the page, the page table has not. */
export const UFFD_PAGEFAULT_FLAG_MINOR = 4

/** Bits of a pte marker's payload. @source include/linux/swapops.h */
export const PTE_MARKER_UFFD_WP = 1
/** An access gets SIGBUS. */
export const PTE_MARKER_POISONED = 2
/** An access gets SIGSEGV. */
export const PTE_MARKER_GUARD = 4
/** Not in Linux: the page may be written although it is not there. See `ArmingPolicy.noneIsArmed`. */
export const PTE_MARKER_NO_WP = 8
