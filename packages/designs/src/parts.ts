/**
 * Choices that most presets share.
 * @module
 */
import {
  type Anomalies,
  type CallSupport,
  UFFD_FEATURE_EVENT_FORK,
  UFFD_FEATURE_EVENT_REMAP,
  UFFD_FEATURE_EVENT_REMOVE,
  UFFD_FEATURE_EVENT_UNMAP,
  UFFD_FEATURE_EXACT_ADDRESS,
  UFFD_FEATURE_MINOR_HUGETLBFS,
  UFFD_FEATURE_MINOR_SHMEM,
  UFFD_FEATURE_MISSING_HUGETLBFS,
  UFFD_FEATURE_MISSING_SHMEM,
  UFFD_FEATURE_MOVE,
  UFFD_FEATURE_PAGEFAULT_FLAG_WP,
  UFFD_FEATURE_POISON,
  UFFD_FEATURE_SIGBUS,
  UFFD_FEATURE_THREAD_ID,
  UFFD_FEATURE_WP_ASYNC,
  UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
  UFFD_FEATURE_WP_UNPOPULATED,
  UFFD_IOCTL_CONTINUE,
  UFFD_IOCTL_COPY,
  UFFD_IOCTL_MOVE,
  UFFD_IOCTL_POISON,
  UFFD_IOCTL_WAKE,
  UFFD_IOCTL_WRITEPROTECT,
  UFFD_IOCTL_ZEROPAGE,
} from '@faultline/mm-types'

/** Features of Linux 5.7. */
export const FEATURES_5_7 =
  UFFD_FEATURE_PAGEFAULT_FLAG_WP |
  UFFD_FEATURE_EVENT_FORK |
  UFFD_FEATURE_EVENT_REMAP |
  UFFD_FEATURE_EVENT_REMOVE |
  UFFD_FEATURE_MISSING_HUGETLBFS |
  UFFD_FEATURE_MISSING_SHMEM |
  UFFD_FEATURE_EVENT_UNMAP |
  UFFD_FEATURE_SIGBUS |
  UFFD_FEATURE_THREAD_ID
/** Features of Linux 5.19. */
export const FEATURES_5_19 =
  FEATURES_5_7 | UFFD_FEATURE_MINOR_HUGETLBFS | UFFD_FEATURE_MINOR_SHMEM | UFFD_FEATURE_EXACT_ADDRESS | UFFD_FEATURE_WP_HUGETLBFS_SHMEM
/** Features of Linux 6.4. */
export const FEATURES_6_4 = FEATURES_5_19 | UFFD_FEATURE_WP_UNPOPULATED
/** Features of Linux 6.7. */
export const FEATURES_6_7 = FEATURES_6_4 | UFFD_FEATURE_POISON | UFFD_FEATURE_WP_ASYNC
/** Features of Linux 6.18: 0x1ffff. */
export const FEATURES_6_18 = FEATURES_6_7 | UFFD_FEATURE_MOVE

/** Ioctls on ranges since 5.7. */
export const IOCTLS_5_7 = UFFD_IOCTL_WAKE | UFFD_IOCTL_COPY | UFFD_IOCTL_ZEROPAGE | UFFD_IOCTL_WRITEPROTECT
export const IOCTLS_5_19 = IOCTLS_5_7 | UFFD_IOCTL_CONTINUE
export const IOCTLS_6_7 = IOCTLS_5_19 | UFFD_IOCTL_POISON
export const IOCTLS_6_18 = IOCTLS_6_7 | UFFD_IOCTL_MOVE

/** Calls of Linux 6.18. */
export const CALLS_6_18: CallSupport = {
  scanCategories: 0x1ff,
  guardRegions: 'anon and files',
  userModeOnly: true,
  userfaultfdDevice: true,
  dontneedHugetlb: true,
  mremapHugetlb: true,
  writeProtectSpans: true,
  continueWp: true,
  forkClearsHugetlb: true,
  tellsChanging: true,
  swapInWritable: true,
  reusesLarge: 'alone',
  hugeZeroWriteAllocates: true,
  pagemapCountsEach: false,
  populateStopsAtHoles: true,
  splitMapsZeroPage: true,
  splitKeepsDirty: true,
  fillPreparesFirst: true,
  pagemapSeesSharedTables: true,
  mergeKeepsSoftDirty: true,
  mprotectUnaccounts: true,
  collapseHeedsMissing: true,
  reclaimsTables: true,
  mremapChecksFirst: true,
}
/**
 * Those of Linux 6.12, long-term releases included.
 * @source v6.12.117 fs/proc/task_mmu.c PM_SCAN_CATEGORIES; mm/madvise.c madvise_behavior_valid(); mm/mremap.c mremap_to();
 * mm/huge_memory.c do_huge_pmd_wp_page(); mm/memory.c wp_can_reuse_anon_folio();
 * mm/vma.c vma_merge_existing_range(), copy_vma()
 */
export const CALLS_6_12: CallSupport = {
  ...CALLS_6_18,
  scanCategories: 0xff,
  guardRegions: 'none',
  reusesLarge: 'never',
  hugeZeroWriteAllocates: false,
  pagemapCountsEach: true,
  mergeKeepsSoftDirty: false,
  reclaimsTables: false,
  mremapChecksFirst: false,
}
/**
 * Those of Linux 6.1, long-term releases included.
 * @source v6.1.192 mm/userfaultfd.c mwriteprotect_range(); fs/userfaultfd.c userfaultfd_continue(), userfaultfd_copy();
 * mm/hugetlb.c copy_hugetlb_page_range(); mm/memory.c do_swap_page(), do_wp_page(); mm/migrate.c remove_migration_pte(); mm/huge_memory.c __split_huge_pmd_locked();
 * mm/madvise.c madvise_populate(); mm/mprotect.c mprotect_fixup(); mm/khugepaged.c collapse_file()
 */
export const CALLS_6_1: CallSupport = {
  ...CALLS_6_12,
  scanCategories: 0,
  writeProtectSpans: false,
  continueWp: false,
  forkClearsHugetlb: false,
  tellsChanging: false,
  swapInWritable: false,
  reusesLarge: 'last',
  pagemapCountsEach: false,
  populateStopsAtHoles: false,
  splitMapsZeroPage: false,
  splitKeepsDirty: false,
  fillPreparesFirst: false,
  pagemapSeesSharedTables: false,
  mprotectUnaccounts: false,
  collapseHeedsMissing: false,
}

/** The behaviours of section 2.13 of our Linux notes, as measured on 6.18. */
export const LINUX_ANOMALIES: Anomalies = {
  reregisterKeepsBits: true,
  moveKeepsSwapBit: true,
  guardInstallLivelock: true,
  ksmLosesBit: true,
  scanTaintsMarkers: true,
  fillOverwritesMarkers: true,
  fillDropsProtection: true,
  freeAnnouncesBeforeRefusing: true,
  failsAfterPartialEffect: true,
  collapseFailsAfterCollapsing: true,
  forkLosesSharedPoison: true,
  truncateKeepsShmemMarkers: true,
  scanSkipsHugetlbNone: true,
  unregisterWakesMissingOnly: true,
}
