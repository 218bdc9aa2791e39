/**
 * Arming the empty: a protected zero page in each none pte.
 * @module
 */
import { type ArmingPolicy, LEVEL_PTE } from '@faultline/mm-types'

/** Maps the zero page read-only with the bit, so that later reads do not fault. Anonymous 4 KiB pages only. */
export const zeroPage: ArmingPolicy = {
  name: 'zero-page',
  needsTable: true,
  populates: true,
  mapsHugeZeroPage: false,
  noneIsArmed: false,
  wholeLevel: () => LEVEL_PTE,
  armNone(lo, hi, from, to, context) {
    if (context.isEmpty) {
      lo.fill(context.zeroLo, from, to)
      hi.fill(context.zeroHi, from, to)
      return to - from
    }
    let armed = 0
    for (let at = from; at < to; at++) {
      if (lo[at] !== 0 || hi[at] !== 0) continue
      lo[at] = context.zeroLo
      hi[at] = context.zeroHi
      armed++
    }
    return armed
  },
  source: 'mm/uffd: UFFD_FEATURE_WP_ZEROPAGE, v1, linux-mm, 15 February 2023',
}
