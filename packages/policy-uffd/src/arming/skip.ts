/**
 * Arming the empty: not at all.
 * @module
 */
import { type ArmingPolicy, LEVEL_PTE } from '@faultline/mm-types'

/** None entries stay none: a first write to them is not reported. The simplest policy, and the template for others. */
export const skip: ArmingPolicy = {
  name: 'skip',
  needsTable: false,
  populates: false,
  mapsHugeZeroPage: false,
  noneIsArmed: false,
  wholeLevel: () => LEVEL_PTE,
  armNone: () => 0,
  source: 'Linux 5.7, commit 292924b26024 (userfaultfd: wp: apply _PAGE_UFFD_WP bit)',
}
