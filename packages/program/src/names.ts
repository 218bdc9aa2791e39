/**
 * The names of bits and numbers in the text format: those of the kernel's headers without their prefix, in lower case.
 *
 * @source v6.18 include/uapi/linux/userfaultfd.h, fs.h, asm-generic/mman-common.h
 * @module
 */
import * as uapi from '@faultline/mm-types'
import type { Advice, Answer, Memory } from './operations.ts'

/** Names of single bits, in the order they are printed. */
export type BitNames = Readonly<Record<string, number>>

/** UFFD_FEATURE_*. */
export const FEATURES: BitNames = {
  pagefault_flag_wp: uapi.UFFD_FEATURE_PAGEFAULT_FLAG_WP,
  event_fork: uapi.UFFD_FEATURE_EVENT_FORK,
  event_remap: uapi.UFFD_FEATURE_EVENT_REMAP,
  event_remove: uapi.UFFD_FEATURE_EVENT_REMOVE,
  missing_hugetlbfs: uapi.UFFD_FEATURE_MISSING_HUGETLBFS,
  missing_shmem: uapi.UFFD_FEATURE_MISSING_SHMEM,
  event_unmap: uapi.UFFD_FEATURE_EVENT_UNMAP,
  sigbus: uapi.UFFD_FEATURE_SIGBUS,
  thread_id: uapi.UFFD_FEATURE_THREAD_ID,
  minor_hugetlbfs: uapi.UFFD_FEATURE_MINOR_HUGETLBFS,
  minor_shmem: uapi.UFFD_FEATURE_MINOR_SHMEM,
  exact_address: uapi.UFFD_FEATURE_EXACT_ADDRESS,
  wp_hugetlbfs_shmem: uapi.UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
  wp_unpopulated: uapi.UFFD_FEATURE_WP_UNPOPULATED,
  poison: uapi.UFFD_FEATURE_POISON,
  wp_async: uapi.UFFD_FEATURE_WP_ASYNC,
  move: uapi.UFFD_FEATURE_MOVE,
  // Proposed under this name, and read as such; it has the bit of wp_unpopulated, which is the name printed.
  wp_zeropage: uapi.UFFD_FEATURE_WP_ZEROPAGE,
}

/** Flags of userfaultfd(2). */
export const USERFAULTFD_FLAGS: BitNames = { user_mode_only: uapi.UFFD_USER_MODE_ONLY }

/** UFFDIO_REGISTER_MODE_*. */
export const REGISTER_MODES: BitNames = {
  missing: uapi.UFFDIO_REGISTER_MODE_MISSING,
  wp: uapi.UFFDIO_REGISTER_MODE_WP,
  minor: uapi.UFFDIO_REGISTER_MODE_MINOR,
}

/** UFFDIO_WRITEPROTECT_MODE_*. */
export const WRITEPROTECT_MODES: BitNames = {
  wp: uapi.UFFDIO_WRITEPROTECT_MODE_WP,
  dontwake: uapi.UFFDIO_WRITEPROTECT_MODE_DONTWAKE,
}

/** UFFDIO_COPY_MODE_*. */
export const COPY_MODES: BitNames = { dontwake: uapi.UFFDIO_COPY_MODE_DONTWAKE, wp: uapi.UFFDIO_COPY_MODE_WP }

/** UFFDIO_CONTINUE_MODE_*. */
export const CONTINUE_MODES: BitNames = { dontwake: uapi.UFFDIO_CONTINUE_MODE_DONTWAKE, wp: uapi.UFFDIO_CONTINUE_MODE_WP }

/** UFFDIO_ZEROPAGE_MODE_* and UFFDIO_POISON_MODE_*. */
export const ZEROPAGE_MODES: BitNames = { dontwake: uapi.UFFDIO_ZEROPAGE_MODE_DONTWAKE }

/** UFFDIO_WAKE takes no mode. */
export const WAKE_MODES: BitNames = {}

/** UFFDIO_MOVE_MODE_*. */
export const MOVE_MODES: BitNames = { dontwake: uapi.UFFDIO_MOVE_MODE_DONTWAKE, allow_src_holes: uapi.UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES }

/** UFFD_PAGEFAULT_FLAG_*. */
export const PAGEFAULT_FLAGS: BitNames = {
  write: uapi.UFFD_PAGEFAULT_FLAG_WRITE,
  wp: uapi.UFFD_PAGEFAULT_FLAG_WP,
  minor: uapi.UFFD_PAGEFAULT_FLAG_MINOR,
}

/** PM_SCAN_*. */
export const SCAN_FLAGS: BitNames = { wp_matching: uapi.PM_SCAN_WP_MATCHING, check_wpasync: uapi.PM_SCAN_CHECK_WPASYNC }

/** PAGE_IS_*. */
export const SCAN_CATEGORIES: BitNames = {
  wpallowed: uapi.PAGE_IS_WPALLOWED,
  written: uapi.PAGE_IS_WRITTEN,
  file: uapi.PAGE_IS_FILE,
  present: uapi.PAGE_IS_PRESENT,
  swapped: uapi.PAGE_IS_SWAPPED,
  pfnzero: uapi.PAGE_IS_PFNZERO,
  huge: uapi.PAGE_IS_HUGE,
  soft_dirty: uapi.PAGE_IS_SOFT_DIRTY,
  guard: uapi.PAGE_IS_GUARD,
}

/** MADV_* by the word of the text format. */
export const ADVICE: Readonly<Record<Advice, number>> = {
  normal: uapi.MADV_NORMAL,
  dontneed: uapi.MADV_DONTNEED,
  free: uapi.MADV_FREE,
  pageout: uapi.MADV_PAGEOUT,
  cold: uapi.MADV_COLD,
  remove: uapi.MADV_REMOVE,
  collapse: uapi.MADV_COLLAPSE,
  hugepage: uapi.MADV_HUGEPAGE,
  nohugepage: uapi.MADV_NOHUGEPAGE,
  populate_read: uapi.MADV_POPULATE_READ,
  populate_write: uapi.MADV_POPULATE_WRITE,
  guard_install: uapi.MADV_GUARD_INSTALL,
  guard_remove: uapi.MADV_GUARD_REMOVE,
  wipeonfork: uapi.MADV_WIPEONFORK,
  keeponfork: uapi.MADV_KEEPONFORK,
  dontfork: uapi.MADV_DONTFORK,
  dofork: uapi.MADV_DOFORK,
  willneed: uapi.MADV_WILLNEED,
  mergeable: uapi.MADV_MERGEABLE,
  unmergeable: uapi.MADV_UNMERGEABLE,
}

/** The answers of a monitor. */
export const ANSWERS: readonly Answer[] = ['none', 'copy', 'copy-wp', 'zeropage', 'continue', 'continue-wp', 'unprotect', 'poison']

/** The word that stands for the memory type a program is instantiated with. */
export const MEMORY_PARAMETER = 'memory'

/** A memory type, or the parameter. */
export type MemoryTerm = Memory | typeof MEMORY_PARAMETER
