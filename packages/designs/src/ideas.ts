/**
 * Presets that no kernel has: a negative control, ideas that were never posted, and the oracle.
 * @module
 */
import type { Design } from '@faultline/mm-types'
import { ideal, pmdMarkers, pudMarkers } from '@faultline/policy-uffd'
import { noMarker } from '@faultline/swap-entry'
import { linux64, linux519, linux618 } from './history.ts'
import { zapDropped } from './zap.ts'

/** File memory may be protected, but the bit dies with the pte: what the argument of 2021 was about. */
export const noPersistence: Design = {
  ...linux519,
  name: 'no-persistence',
  title: 'uffd-wp for file memory without markers: bits die with the pte',
  reference: 'negative control; the state the RFC of 15 January 2021 set out to avoid',
  status: 'model only',
  encoding: noMarker,
  zap: zapDropped,
}

/** One entry arms 2 MiB of nothing: no tables for what nobody touches. */
export const pmdMarker: Design = {
  ...linux618,
  name: 'pmd-marker',
  title: 'markers in pmds: 2 MiB of nothing are armed by one entry',
  reference: 'David Hildenbrand and Peter Xu on mm/uffd: UFFD_FEATURE_WP_ZEROPAGE, v1, linux-mm, February 2023; never posted as code',
  status: 'model only',
  arming: { ...linux618.arming, file: pmdMarkers, anonUnpopulated: pmdMarkers },
}

/** One entry arms a GiB of nothing. */
export const pudMarker: Design = {
  ...pmdMarker,
  name: 'pud-marker',
  title: 'markers in puds too: a GiB of nothing is armed by one entry',
  arming: { ...linux618.arming, file: pudMarkers, anonUnpopulated: pudMarkers },
}

/** Sees every write and nothing else. */
export const oracle: Design = {
  ...linux64,
  name: 'ideal',
  title: 'the oracle: never loses, never spurious, costs nothing',
  reference: 'the upper bound of a comparison',
  status: 'model only',
  tracker: ideal,
}
