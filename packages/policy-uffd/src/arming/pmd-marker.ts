/**
 * Arming the empty: a marker in each none pmd where whole ones are armed, in ptes elsewhere.
 * @module
 */
import { type ArmingPolicy, LEVEL_PMD } from '@faultline/mm-types'
import { pteMarkers } from './pte-marker.ts'

/** Arms 2 MiB of nothing by one entry, without a table of ptes. An idea of the review of WP_ZEROPAGE: never posted as code. */
export const pmdMarkers: ArmingPolicy = {
  ...pteMarkers,
  name: 'pmd-marker',
  wholeLevel: () => LEVEL_PMD,
  source: 'David Hildenbrand, in reply to mm/uffd: UFFD_FEATURE_WP_ZEROPAGE, v1, linux-mm, February 2023',
}
