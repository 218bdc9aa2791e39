/**
 * Presets that no kernel has: other answers to how memory is armed that is not there.
 * @module
 */
import type { Design } from '@faultline/mm-types'
import { hugeZeroPage, twoMarkers } from '@faultline/policy-uffd'
import { pteMarkerNoWp } from '@faultline/swap-entry'
import { linux64, wpZeropageV1 } from './history.ts'

/** WP_ZEROPAGE with one entry for 2 MiB where memory may be huge. */
export const hugeZeroPageArming: Design = {
  ...wpZeropageV1,
  name: 'huge-zero-page',
  title: 'WP_ZEROPAGE with the huge zero page where memory may be huge',
  reference: "the huge zeropage of David Hildenbrand's reply to mm/uffd: UFFD_FEATURE_WP_ZEROPAGE, v1, linux-mm, 15 February 2023",
  status: 'model only',
  arming: { ...wpZeropageV1.arming, anonUnpopulated: hugeZeroPage },
}

/** As s390 while a guest uses storage keys: what is read is given a page of its own, and nothing can be armed by the zero page. */
export const zeropageForbidden: Design = {
  ...linux64,
  name: 'zeropage-forbidden',
  title: 'Linux 6.4 where the zero page may not be mapped',
  reference: 'include/linux/mm.h mm_forbids_zeropage(), s390 with storage keys, in the words of x86-64',
  status: 'model only',
  forbidsZeropage: true,
}

/** None means armed, and a second marker says what is not. Installing guards drops that marker, where Linux would restart for ever at a wp marker. */
export const twoMarkersArming: Design = {
  ...linux64,
  name: 'two-markers',
  title: 'what is not there is armed, unless a NO_WP marker says otherwise',
  reference: "David Hildenbrand's scheme, from the review of mm/uffd: UFFD_FEATURE_WP_ZEROPAGE, linux-mm, February 2023",
  status: 'model only',
  encoding: pteMarkerNoWp,
  arming: { ...linux64.arming, file: twoMarkers, anon: twoMarkers, anonUnpopulated: twoMarkers },
  anomalies: { ...linux64.anomalies, guardInstallLivelock: false },
}
