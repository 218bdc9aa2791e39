/**
 * Choices that most presets share.
 * @module
 */
import {
  type Anomalies,
  type HugeWpPolicy,
  type PmdSharingPolicy,
  type TlbPolicy,
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
  VM_UFFD_MINOR,
  VM_UFFD_WP,
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

/** Categories of PAGEMAP_SCAN in Linux 6.7: PAGE_IS_WPALLOWED to PAGE_IS_SOFT_DIRTY. */
export const SCAN_CATEGORIES_6_7 = 0xff
/** Those of Linux 6.15 and later: PAGE_IS_GUARD too. @source v6.15 include/uapi/linux/fs.h, commit a516403787e0 */
export const SCAN_CATEGORIES_6_15 = 0x1ff

/** A huge page keeps its one bit until a write splits it. */
export const splitOnWrite: HugeWpPolicy = {
  name: 'split-on-write',
  splitsWhenArmed: false,
  splitsOnWrite: true,
  source: 'v6.18 mm/huge_memory.c change_huge_pmd(); mm/memory.c wp_huge_pmd()',
}

/** Tables are not shared where someone watches; registering ends the sharing. */
export const sharingForbidden: PmdSharingPolicy = {
  name: 'forbidden',
  mayShare: (vmFlags) => (vmFlags & (VM_UFFD_WP | VM_UFFD_MINOR)) === 0,
  unsharesAtRegister: (vmFlags) => (vmFlags & (VM_UFFD_WP | VM_UFFD_MINOR)) !== 0,
  source: 'v6.18 mm/hugetlb.c want_pmd_share(), hugetlb_unshare_all_pmds()',
}

/** One flush for the range of a call, before its lock is dropped. */
export const flushBatched: TlbPolicy = {
  name: 'batched',
  flushesEachPte: false,
  deferred: false,
  source: 'v6.18 mm/mprotect.c change_protection() with mmu_gather',
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
