/**
 * Flags of a vma. Linux keeps them in 64 bits; flags that Linux has above bit 31 take free low bits here, so that a
 * flags word stays a small integer.
 *
 * @source v6.18 include/linux/mm.h
 * @module
 */

/** No flag. */
export const VM_NONE = 0
/** Loads are allowed now. */
export const VM_READ = 0x1
/** Stores are allowed now. */
export const VM_WRITE = 0x2
/** Instructions may be fetched now. */
export const VM_EXEC = 0x4
/** Stores reach the file and whoever else maps it. */
export const VM_SHARED = 0x8
/** mprotect may allow loads. */
export const VM_MAYREAD = 0x10
/** mprotect may allow stores. */
export const VM_MAYWRITE = 0x20
/** mprotect may allow the fetching of instructions. */
export const VM_MAYEXEC = 0x40
/** Was mapped MAP_SHARED, even if it cannot be written. */
export const VM_MAYSHARE = 0x80
/** Registered with a userfaultfd for missing pages. */
export const VM_UFFD_MISSING = 0x200
/** Registered with a userfaultfd for write-protection. */
export const VM_UFFD_WP = 0x1000
/** Locked by mlock: pages are not reclaimed. */
export const VM_LOCKED = 0x2000
/** Children of fork do not get it (MADV_DONTFORK). */
export const VM_DONTCOPY = 0x20000
/** Counts towards committed memory. */
export const VM_ACCOUNT = 0x100000
/** Mapped MAP_NORESERVE: nothing is reserved for it. */
export const VM_NORESERVE = 0x200000
/** Its pages come from the pool of huge pages. */
export const VM_HUGETLB = 0x400000
/** Children of fork find it empty (MADV_WIPEONFORK). */
export const VM_WIPEONFORK = 0x2000000
/** New since soft-dirty bits were cleared: all its pages count as written. */
export const VM_SOFTDIRTY = 0x8000000
/** Huge pages are wanted (MADV_HUGEPAGE). */
export const VM_HUGEPAGE = 0x20000000
/** No huge pages (MADV_NOHUGEPAGE). */
export const VM_NOHUGEPAGE = 0x40000000
/** Bit 31 in Linux; here bit 26 (VM_DONTDUMP there, which nothing here reads). */
export const VM_MERGEABLE = 0x4000000
/** Bit 38 in Linux on x86-64; here bit 8. */
export const VM_UFFD_MINOR = 0x100
/** The vma may hold guard markers. Bit 11 in Linux, since 6.18.y. */
export const VM_MAYBE_GUARD = 0x800
/** Flags in which vmas that are joined may differ; the whole has them then. @source v6.18 include/linux/mm.h VM_STICKY, VM_IGNORE_MERGE */
export const VM_STICKY = VM_SOFTDIRTY | VM_MAYBE_GUARD

/** All three registration modes. @source include/linux/userfaultfd_k.h __VM_UFFD_FLAGS */
export const VM_UFFD_FLAGS = VM_UFFD_MISSING | VM_UFFD_WP | VM_UFFD_MINOR
/** The three flags that say which accesses are allowed now. */
export const VM_ACCESS_FLAGS = VM_READ | VM_WRITE | VM_EXEC
