/**
 * Arming the empty: nothing needs to be done, because none means armed.
 * @module
 */
import { type ArmingPolicy, LEVEL_PTE } from '@faultline/mm-types'

/**
 * Two markers: one that says armed, which none stands for here, and NO_WP, which says that a page that is not there may be
 * written. Registering protects everything that is empty, arming costs no tables, disarming does.
 *
 * No write goes unreported. A page may be reported that nobody armed: where an erased huge page, a truncated file or a
 * removed guard left none entries.
 */
export const twoMarkers: ArmingPolicy = {
  name: 'two-markers',
  needsTable: false,
  populates: false,
  mapsHugeZeroPage: false,
  noneIsArmed: true,
  wholeLevel: () => LEVEL_PTE,
  armNone: () => 0,
  source: "David Hildenbrand's scheme, from the review of mm/uffd: UFFD_FEATURE_WP_ZEROPAGE, linux-mm, February 2023; no code was posted",
}
