/**
 * Presets that name real history: releases of Linux and series that were posted.
 *
 * A preset takes the contested choices of its day. What is not contested (fault path, swap, files) is that of the model
 * for all of them; each release's other differences are listed in the fidelity ledger.
 * @module
 */
import { type Design, UFFD_FEATURE_WP_ASYNC, UFFD_FEATURE_WP_UNPOPULATED, UFFD_FEATURE_WP_ZEROPAGE } from '@faultline/mm-types'
import { perPte } from '@faultline/policy-khugepaged'
import { pteMarkers, skip, uffdWpAsync, uffdWpSync, zeroPage } from '@faultline/policy-uffd'
import { noMarker, pteMarker, specialPte, swapType1 } from '@faultline/swap-entry'
import { splitOnWrite } from './huge-wp.ts'
import {
  CALLS_6_1,
  CALLS_6_12,
  CALLS_6_18,
  FEATURES_5_7,
  FEATURES_5_19,
  FEATURES_6_4,
  FEATURES_6_7,
  FEATURES_6_18,
  IOCTLS_5_7,
  IOCTLS_5_19,
  IOCTLS_6_7,
  IOCTLS_6_18,
  LINUX_ANOMALIES,
} from './parts.ts'
import { unsharedAtRegister } from './pmd-sharing.ts'
import { flushDeferred, flushDeferred57, flushDeferred62, flushDeferred519 } from './tlb.ts'
import { zapDropped, zapKept } from './zap.ts'

/** Anonymous memory only; what is not there is not protected. */
export const linux57: Design = {
  name: 'linux-5.7',
  title: 'Linux 5.7: uffd-wp for anonymous memory',
  reference: 'Linux 5.7 (May 2020), flushes deferred past the page-table lock: faultline race',
  status: 'model only',
  encoding: noMarker,
  arming: { file: skip, anon: skip, anonUnpopulated: skip, unpopulatedFeatures: 0 },
  zap: zapDropped,
  collapse: perPte,
  hugeWp: splitOnWrite,
  pmdSharing: unsharedAtRegister,
  tlb: flushDeferred57,
  tracker: uffdWpSync,
  uffd: { features: FEATURES_5_7, wpMemory: ['anon'], minorMemory: [], ioctls: IOCTLS_5_7 },
  calls: CALLS_6_18,
  softDirty: false,
  forbidsZeropage: false,
  memoryFailure: false,
  anomalies: LINUX_ANOMALIES,
}

/** File memory too: the bit lives in a pte that is no swap entry. */
export const rfc202101: Design = {
  ...linux57,
  name: 'rfc-2021-01',
  title: 'uffd-wp for shmem and hugetlbfs by a special swap pte',
  reference: 'userfaultfd-wp: Support shmem and hugetlbfs, RFC 00/30, linux-mm, 15 January 2021',
  encoding: specialPte,
  arming: { file: pteMarkers, anon: skip, anonUnpopulated: skip, unpopulatedFeatures: 0 },
  zap: zapKept,
  // The RFC names the bug of its day as a known issue.
  tlb: flushDeferred,
  uffd: {
    features: FEATURES_5_19,
    wpMemory: ['anon', 'shmem', 'hugetlb'],
    minorMemory: ['shmem', 'hugetlb'],
    ioctls: IOCTLS_5_19,
  },
}

/** The same, but the pte is a swap entry that no area ever hands out. */
export const hughSwpType: Design = {
  ...rfc202101,
  name: 'hugh-swp-type',
  title: 'uffd-wp for file memory by swap type 1, offset 0',
  reference: "Hugh Dickins' suggestion, in reply to the RFC of 15 January 2021",
  encoding: swapType1,
}

/** Markers with a swap type of their own. */
export const linux519: Design = {
  ...rfc202101,
  name: 'linux-5.19',
  title: 'Linux 5.19: pte markers for file memory',
  reference: 'Linux 5.19 (July 2022)',
  encoding: pteMarker,
  tlb: flushDeferred519,
}

/** The first answer to unpopulated anonymous memory: map the zero page. */
export const wpZeropageV1: Design = {
  ...linux519,
  name: 'wp-zeropage-v1',
  title: 'WP_ZEROPAGE: a protected zero page for what is not there',
  reference: 'mm/uffd: UFFD_FEATURE_WP_ZEROPAGE, v1, linux-mm, 15 February 2023',
  tlb: flushDeferred62,
  arming: { file: pteMarkers, anon: skip, anonUnpopulated: zeroPage, unpopulatedFeatures: UFFD_FEATURE_WP_ZEROPAGE },
  uffd: { ...linux519.uffd, features: FEATURES_5_19 | UFFD_FEATURE_WP_ZEROPAGE },
}

/** A kernel with long-term support, as Debian 12 has it. */
export const linux61: Design = {
  ...linux519,
  name: 'linux-6.1',
  title: 'Linux 6.1, as Debian builds it',
  reference: 'Linux 6.1 (December 2022), Debian package linux-image-cloud-amd64, CONFIG_MEM_SOFT_DIRTY=y',
  calls: CALLS_6_1,
  softDirty: true,
}

/** The answer that was merged: markers for anonymous memory. */
export const linux64: Design = {
  ...linux519,
  name: 'linux-6.4',
  title: 'Linux 6.4: WP_UNPOPULATED',
  reference: 'Linux 6.4 (June 2023)',
  tlb: flushDeferred62,
  arming: { file: pteMarkers, anon: skip, anonUnpopulated: pteMarkers, unpopulatedFeatures: UFFD_FEATURE_WP_UNPOPULATED },
  uffd: { ...linux519.uffd, features: FEATURES_6_4 },
}

/** Writes resolved by the fault handler, collected by PAGEMAP_SCAN. */
export const linux67: Design = {
  ...linux64,
  name: 'linux-6.7',
  title: 'Linux 6.7: WP_ASYNC and PAGEMAP_SCAN',
  reference: 'Linux 6.7 (January 2024)',
  arming: { ...linux64.arming, unpopulatedFeatures: UFFD_FEATURE_WP_UNPOPULATED | UFFD_FEATURE_WP_ASYNC },
  tracker: uffdWpAsync,
  uffd: { ...linux64.uffd, features: FEATURES_6_7, ioctls: IOCTLS_6_7 },
}

/** A kernel with long-term support, as Debian 13 has it. */
export const linux612: Design = {
  ...linux67,
  name: 'linux-6.12',
  title: 'Linux 6.12, as Debian builds it',
  reference: 'Linux 6.12 (November 2024), Debian package linux-image-cloud-amd64, CONFIG_MEM_SOFT_DIRTY=y',
  uffd: { ...linux67.uffd, features: FEATURES_6_18, ioctls: IOCTLS_6_18 },
  calls: CALLS_6_12,
  softDirty: true,
  memoryFailure: true,
}

/** The kernel the model is measured against. */
export const linux618: Design = {
  ...linux67,
  name: 'linux-6.18',
  title: 'Linux 6.18',
  reference: 'Linux 6.18 (November 2025)',
  // Its single-page transitions agree with those recorded on 6.18.44: apps/bench/src/matrix/recorded.test.ts.
  status: 'recorded',
  uffd: { ...linux67.uffd, features: FEATURES_6_18, ioctls: IOCTLS_6_18 },
}

/** The same kernel as distributions build it: with the older tracker. */
export const linux618SoftDirty: Design = {
  ...linux618,
  name: 'linux-6.18-sd',
  title: 'Linux 6.18 with CONFIG_MEM_SOFT_DIRTY',
  reference: 'Linux 6.18 (November 2025), CONFIG_MEM_SOFT_DIRTY=y',
  status: 'model only',
  softDirty: true,
}
