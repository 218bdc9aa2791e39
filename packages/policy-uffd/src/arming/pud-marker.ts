/**
 * Arming the empty: a marker in each none pud where whole ones are armed, in pmds and ptes elsewhere.
 * @module
 */
import { type ArmingPolicy, LEVEL_PUD } from '@faultline/mm-types'
import { pteMarkers } from './pte-marker.ts'

/** Arms a GiB of nothing by one entry, and 2 MiB by one where it is less. An idea of the review of WP_ZEROPAGE: never posted as code. */
export const pudMarkers: ArmingPolicy = {
  ...pteMarkers,
  name: 'pud-marker',
  wholeLevel: () => LEVEL_PUD,
  source: 'David Hildenbrand, in reply to mm/uffd: UFFD_FEATURE_WP_ZEROPAGE, v1, linux-mm, February 2023',
}
