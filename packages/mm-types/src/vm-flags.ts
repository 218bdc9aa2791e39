/**
 * Flags of a vma. Linux keeps them in 64 bits; flags that Linux has above bit 31 take free low bits here, so that a
 * flags word stays a small integer.
 *
 * @source v6.18 include/linux/mm.h
 * @module
 */
export const VM_NONE = 0
export const VM_READ = 0x1
export const VM_WRITE = 0x2
export const VM_EXEC = 0x4
export const VM_SHARED = 0x8
export const VM_MAYREAD = 0x10
export const VM_MAYWRITE = 0x20
export const VM_MAYEXEC = 0x40
export const VM_MAYSHARE = 0x80
export const VM_UFFD_MISSING = 0x200
export const VM_UFFD_WP = 0x1000
export const VM_LOCKED = 0x2000
export const VM_DONTCOPY = 0x20000
export const VM_ACCOUNT = 0x100000
export const VM_NORESERVE = 0x200000
export const VM_HUGETLB = 0x400000
export const VM_WIPEONFORK = 0x2000000
export const VM_SOFTDIRTY = 0x8000000
export const VM_HUGEPAGE = 0x20000000
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
export const VM_ACCESS_FLAGS = VM_READ | VM_WRITE | VM_EXEC
