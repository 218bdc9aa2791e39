/**
 * Presets that no kernel has: Linux 6.18 with another answer to what files keep and share.
 * @module
 */
import type { Design } from '@faultline/mm-types'
import { linux618 } from './history.ts'
import { sharedRegardless, sharedUntilProtected, sharingForbidden } from './pmd-sharing.ts'
import { zapDropped, zapKeptOverTruncate } from './zap.ts'

/** As Linux 6.18 in all but this: markers exist, and no zap leaves one. */
export const zapsDrop: Design = {
  ...linux618,
  name: 'zaps-drop',
  title: 'Linux 6.18, but no protection of file memory survives the erasure of its entry',
  reference: 'negative control',
  status: 'model only',
  zap: zapDropped,
}

/** Truncation does not end protection. */
export const zapsKeepOverTruncate: Design = {
  ...linux618,
  name: 'zaps-keep-over-truncate',
  title: 'Linux 6.18, but hugetlb keeps protection over truncation, as shmem does',
  reference: 'anomaly 12 made the rule',
  status: 'model only',
  zap: zapKeptOverTruncate,
}

/** One address space's bit is that of all. */
export const sharedTables: Design = {
  ...linux618,
  name: 'shared-tables',
  title: 'Linux 6.18, but hugetlb tables stay shared under watch',
  reference: "negative control; what 'hugetlb/userfaultfd: forbid huge pmd sharing when uffd enabled' (Linux 5.13) forbade",
  status: 'model only',
  pmdSharing: sharedRegardless,
}

/** What protects gives up what it protects. */
export const sharedTablesUntilProtected: Design = {
  ...linux618,
  name: 'shared-until-protected',
  title: 'Linux 6.18, but hugetlb tables stay shared under watch until they are protected',
  reference: "negative control; what 'hugetlb/userfaultfd: forbid huge pmd sharing when uffd enabled' (Linux 5.13) found",
  status: 'model only',
  pmdSharing: sharedUntilProtected,
}

/** The simplest way to be right. */
export const unsharedTables: Design = {
  ...linux618,
  name: 'unshared-tables',
  title: 'Linux 6.18 without the sharing of hugetlb tables',
  reference: 'Linux 6.18 without CONFIG_HUGETLB_PMD_PAGE_TABLE_SHARING',
  status: 'model only',
  pmdSharing: sharingForbidden,
}
