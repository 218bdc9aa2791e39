/**
 * The userfaultfd interface: feature bits, modes, ioctl numbers, message flags.
 *
 * @source v6.18 include/uapi/linux/userfaultfd.h
 * @module
 */
export const UFFD_API = 0xaa
export const UFFD_USER_MODE_ONLY = 1

export const UFFD_FEATURE_PAGEFAULT_FLAG_WP = 0x1
export const UFFD_FEATURE_EVENT_FORK = 0x2
export const UFFD_FEATURE_EVENT_REMAP = 0x4
export const UFFD_FEATURE_EVENT_REMOVE = 0x8
export const UFFD_FEATURE_MISSING_HUGETLBFS = 0x10
export const UFFD_FEATURE_MISSING_SHMEM = 0x20
export const UFFD_FEATURE_EVENT_UNMAP = 0x40
export const UFFD_FEATURE_SIGBUS = 0x80
export const UFFD_FEATURE_THREAD_ID = 0x100
export const UFFD_FEATURE_MINOR_HUGETLBFS = 0x200
export const UFFD_FEATURE_MINOR_SHMEM = 0x400
export const UFFD_FEATURE_EXACT_ADDRESS = 0x800
export const UFFD_FEATURE_WP_HUGETLBFS_SHMEM = 0x1000
export const UFFD_FEATURE_WP_UNPOPULATED = 0x2000
export const UFFD_FEATURE_POISON = 0x4000
export const UFFD_FEATURE_WP_ASYNC = 0x8000
export const UFFD_FEATURE_MOVE = 0x10000
/** The feature proposed in February 2023 and replaced by WP_UNPOPULATED; it took the same bit in its series. */
export const UFFD_FEATURE_WP_ZEROPAGE = 0x2000

export const UFFDIO_REGISTER_MODE_MISSING = 1
export const UFFDIO_REGISTER_MODE_WP = 2
export const UFFDIO_REGISTER_MODE_MINOR = 4

export const UFFDIO_COPY_MODE_DONTWAKE = 1
export const UFFDIO_COPY_MODE_WP = 2
export const UFFDIO_ZEROPAGE_MODE_DONTWAKE = 1
export const UFFDIO_WRITEPROTECT_MODE_WP = 1
export const UFFDIO_WRITEPROTECT_MODE_DONTWAKE = 2
export const UFFDIO_CONTINUE_MODE_DONTWAKE = 1
export const UFFDIO_CONTINUE_MODE_WP = 2
export const UFFDIO_POISON_MODE_DONTWAKE = 1
export const UFFDIO_MOVE_MODE_DONTWAKE = 1
export const UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES = 2

/** Bits of the `ioctls` masks: 1 << the ioctl's number. */
export const UFFD_IOCTL_WAKE = 0x4
export const UFFD_IOCTL_COPY = 0x8
export const UFFD_IOCTL_ZEROPAGE = 0x10
export const UFFD_IOCTL_MOVE = 0x20
export const UFFD_IOCTL_WRITEPROTECT = 0x40
export const UFFD_IOCTL_CONTINUE = 0x80
export const UFFD_IOCTL_POISON = 0x100

export const UFFD_PAGEFAULT_FLAG_WRITE = 1
export const UFFD_PAGEFAULT_FLAG_WP = 2
export const UFFD_PAGEFAULT_FLAG_MINOR = 4

/** Bits of a pte marker's payload. @source include/linux/swapops.h */
export const PTE_MARKER_UFFD_WP = 1
export const PTE_MARKER_POISONED = 2
export const PTE_MARKER_GUARD = 4
/** Not in Linux: the page may be written although it is not there. See `ArmingPolicy.noneIsArmed`. */
export const PTE_MARKER_NO_WP = 8
