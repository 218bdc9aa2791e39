/**
 * Arming the empty: the protected huge zero page where memory may be huge, the small one elsewhere.
 * @module
 */
import type { ArmingPolicy } from '@faultline/mm-types'
import { zeroPage } from './zero-page.ts'

/**
 * One entry protects 2 MiB: what userland gets by reading memory with transparent huge pages before it arms it, without
 * the faults. The first write splits it.
 */
export const hugeZeroPage: ArmingPolicy = {
  ...zeroPage,
  name: 'huge-zero-page',
  mapsHugeZeroPage: true,
  source: 'no code was posted; what reading first leaves: v6.18 mm/huge_memory.c do_huge_pmd_anonymous_page(), change_huge_pmd()',
}
