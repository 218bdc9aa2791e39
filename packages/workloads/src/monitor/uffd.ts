/**
 * What both userfaultfd trackers do to open one and register memory.
 * @module
 */
import {
  type BackendName,
  errnoName,
  UFFD_API,
  UFFD_FEATURE_PAGEFAULT_FLAG_WP,
  UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
  UFFD_FEATURE_WP_UNPOPULATED,
  UFFDIO_REGISTER_MODE_WP,
} from '@faultline/mm-types'
import { type Memory, range, type SyncSession } from '@faultline/program'
import { UnsupportedError } from '../calls.ts'
import type { TrackedDesign } from './tracker.ts'

/** Features any write-protecting monitor asks for, of those a design offers. */
export const WP_FEATURES = UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM | UFFD_FEATURE_WP_UNPOPULATED

const BACKENDS: Readonly<Record<Memory, BackendName>> = {
  anon: 'anon',
  shmem: 'shmem',
  'shmem-private': 'shmem',
  hugetlb: 'hugetlb',
  'hugetlb-private': 'hugetlb',
}

/** Opens a userfaultfd with those of `wanted` that the design offers. @throws UnsupportedError */
export function openUffd(design: TrackedDesign, session: SyncSession, memory: Memory, uffd: string, wanted: number): void {
  if (!design.uffd.wpMemory.includes(BACKENDS[memory])) {
    const served = design.uffd.wpMemory.join(', ') || 'no memory'
    throw new UnsupportedError(`${design.name} cannot write-protect ${memory} memory; its userfaultfd write-protects ${served}`)
  }
  const opened = session.perform({ op: 'userfaultfd', uffd, flags: 0 })
  if (opened.errno !== 0) throw new UnsupportedError(`userfaultfd() of ${design.name} gives ${errnoName(opened.errno)}`)
  const features = wanted & design.uffd.features
  const agreed = session.perform({ op: 'api', uffd, features, version: UFFD_API })
  if (agreed.errno !== 0) {
    throw new UnsupportedError(`UFFDIO_API of ${design.name} with features 0x${features.toString(16)} gives ${errnoName(agreed.errno)}`)
  }
}

/** Registers pages for write-protection. @throws UnsupportedError */
export function registerWp(design: TrackedDesign, session: SyncSession, memory: Memory, uffd: string, start: number, pages: number): void {
  const outcome = session.perform({ op: 'register', uffd, range: range('@', start, pages), mode: UFFDIO_REGISTER_MODE_WP })
  if (outcome.errno === 0) return
  throw new UnsupportedError(`UFFDIO_REGISTER of ${memory} memory by ${design.name} gives ${errnoName(outcome.errno)}`)
}
