/**
 * An arming policy of a stranger's: what lies near the beginning of a GiB is used first and gets markers in ptes, what is further away
 * one in each pmd; every second GiB gets one in its pud.
 */
import { type ArmingPolicy, LEVEL_PMD, LEVEL_PTE, LEVEL_PUD, PAGES_PER_PUD } from '@faultline/mm-types'
import { pteMarkers } from '@faultline/policy-uffd'

/** Pages that are near: 4 MiB. */
const NEAR = 1024

/** Small markers where memory is used first, large ones elsewhere. */
export const nearAndFar: ArmingPolicy = {
  ...pteMarkers,
  name: 'near-and-far',
  wholeLevel(vpn) {
    if (Math.floor(vpn / PAGES_PER_PUD) % 2 === 0) return LEVEL_PUD
    return vpn % PAGES_PER_PUD < NEAR ? LEVEL_PTE : LEVEL_PMD
  },
  source: 'a test',
}
