/**
 * A design: one choice for every contested question, and the kernel version's extent of features.
 * @module
 */
import type { ArmingPolicy } from './arming.ts'
import type { AnonBackend, FileBackend } from './backend.ts'
import type { CallSupport } from './call-support.ts'
import type { CollapsePolicy } from './collapse.ts'
import type { MarkerEncoding } from './encoding.ts'
import type { HugeWpPolicy } from './huge-wp.ts'
import type { BackendName } from './objects.ts'
import type { PmdSharingPolicy } from './pmd-sharing.ts'
import type { TlbPolicy } from './tlb-policy.ts'
import type { TrackerPolicy } from './tracker.ts'
import type { ZapPersistence } from './zap.ts'

/** How a design's results are known. */
export type DesignStatus = 'live-checked' | 'recorded' | 'model only'

/**
 * Behaviours of Linux that look like mistakes, each a switch. The numbers are those of the fidelity ledger.
 */
export interface Anomalies {
  /** 1: registering again without WP keeps bits and markers; a later write leaves a writable entry with the bit. */
  readonly reregisterKeepsBits: boolean
  /** 2: UFFDIO_MOVE of a protected swap entry keeps its bit. */
  readonly moveKeepsSwapBit: boolean
  /** 3: MADV_GUARD_INSTALL over a protected file entry restarts for ever. */
  readonly guardInstallLivelock: boolean
  /** 4: a KSM merge loses the bit. */
  readonly ksmLosesBit: boolean
  /** 5: PAGEMAP_SCAN sets the swap uffd-wp bit on poison and guard markers. */
  readonly scanTaintsMarkers: boolean
  /** 6: COPY, CONTINUE and shared ZEROPAGE overwrite poison and guard markers. */
  readonly fillOverwritesMarkers: boolean
  /** 7: COPY and CONTINUE without their WP mode drop the protection that a wp marker kept. */
  readonly fillDropsProtection: boolean
  /** 8: MADV_FREE announces the removal of file memory before it refuses it. */
  readonly freeAnnouncesBeforeRefusing: boolean
  /** 9: WRITEPROTECT that fails at an unregistered vma has changed the vmas before it; so has an mremap of several vmas. */
  readonly failsAfterPartialEffect: boolean
  /** 10: MADV_COLLAPSE on an armed shmem mapping fails although the file was collapsed. */
  readonly collapseFailsAfterCollapsing: boolean
  /** 11: fork without EVENT_FORK loses poison markers of shared mappings. */
  readonly forkLosesSharedPoison: boolean
  /** 12: truncating shmem keeps wp markers beyond the end of the file. */
  readonly truncateKeepsShmemMarkers: boolean
  /** 13: PAGEMAP_SCAN does not arm unpopulated hugetlb pages. */
  readonly scanSkipsHugetlbNone: boolean
  /** 14: UNREGISTER wakes waiters only of mappings registered for missing pages. */
  readonly unregisterWakesMissingOnly: boolean
}

/** What the userfaultfd of a design offers. */
export interface UffdSupport {
  /** UFFD_FEATURE_* bits UFFDIO_API accepts. */
  readonly features: number
  /** Memory that may be registered for write-protection. */
  readonly wpMemory: readonly BackendName[]
  /** Memory that may be registered for minor faults. */
  readonly minorMemory: readonly BackendName[]
  /** UFFD_IOCTL_* bits that exist at all. */
  readonly ioctls: number
}

/** One composition. An object literal in `@faultline/designs`, or a stranger's. */
export interface Design {
  readonly name: string
  readonly title: string
  /** Commit, thread or release that the design stands for. */
  readonly reference: string
  readonly status: DesignStatus
  readonly encoding: MarkerEncoding
  /** How none entries are armed: always on file memory, on anonymous memory without and with the feature asked for. */
  readonly arming: {
    readonly file: ArmingPolicy
    readonly anon: ArmingPolicy
    readonly anonUnpopulated: ArmingPolicy
    /** Features any of which selects `anonUnpopulated`. */
    readonly unpopulatedFeatures: number
  }
  readonly zap: ZapPersistence
  readonly collapse: CollapsePolicy
  readonly hugeWp: HugeWpPolicy
  readonly pmdSharing: PmdSharingPolicy
  readonly tlb: TlbPolicy
  readonly tracker: TrackerPolicy
  /** Who supplies pages in the place of the model's own backends. */
  readonly backends?: {
    readonly anon?: AnonBackend
    readonly shmem?: FileBackend
  }
  readonly uffd: UffdSupport
  readonly calls: CallSupport
  /** CONFIG_MEM_SOFT_DIRTY: soft-dirty bits are shown and cleared. */
  readonly softDirty: boolean
  /**
   * No zero page in any address space, as on s390 with storage keys: what is read is given a page of its own.
   * @source v6.18 include/linux/mm.h mm_forbids_zeropage()
   */
  readonly forbidsZeropage: boolean
  /** CONFIG_MEMORY_FAILURE: the signal of an access to poison says what it is (BUS_MCEERR_AR). */
  readonly memoryFailure: boolean
  readonly anomalies: Anomalies
}
