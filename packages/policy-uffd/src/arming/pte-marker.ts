/**
 * Arming the empty: a marker in each none pte.
 * @module
 */
import { type ArmingPolicy, LEVEL_PTE } from '@faultline/mm-types'

/**
 * Writes the design's wp marker into none entries, whatever its encoding. With an encoding that has no markers
 * nothing is armed.
 */
export const pteMarkers: ArmingPolicy = {
  name: 'pte-marker',
  needsTable: true,
  populates: false,
  mapsHugeZeroPage: false,
  noneIsArmed: false,
  wholeLevel: () => LEVEL_PTE,
  armNone(lo, hi, from, to, context) {
    const wpLo = context.encoding.wpLo
    const wpHi = context.encoding.wpHi
    if (wpLo === 0 && wpHi === 0) return 0
    if (context.isEmpty) {
      lo.fill(wpLo, from, to)
      hi.fill(wpHi, from, to)
      return to - from
    }
    let armed = 0
    for (let at = from; at < to; at++) {
      if (lo[at] !== 0 || hi[at] !== 0) continue
      lo[at] = wpLo
      hi[at] = wpHi
      armed++
    }
    return armed
  },
  source: 'v6.4 mm/mprotect.c change_pte_range(), UFFD_FEATURE_WP_UNPOPULATED; file memory since 5.19',
}
