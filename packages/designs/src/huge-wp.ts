/**
 * Huge write-protect, all answers, for huge pages of anonymous memory: those of files are split when they are armed by a call
 * on their range, and what hugetlb maps is never split.
 * @module
 */
import type { HugeWpPolicy } from '@faultline/mm-types'

/** A huge page keeps its one bit until a write splits it. */
export const splitOnWrite: HugeWpPolicy = {
  name: 'split-on-write',
  splitsWhenArmed: false,
  splitsOnWrite: true,
  source: 'v6.18 mm/huge_memory.c change_huge_pmd(); mm/memory.c wp_huge_pmd()',
}

/** A huge page becomes 512 ptes as soon as it is armed: the cost comes at once, and whether or not anything is written. */
export const splitWhenArmed: HugeWpPolicy = {
  name: 'split-when-armed',
  splitsWhenArmed: true,
  splitsOnWrite: true,
  source: 'what v6.18 mm/mprotect.c pgtable_split_needed() says of file memory, said of anonymous memory too',
}

/**
 * A huge page stays one: the kernel takes the protection of 512 pages away when one is written, and all are reported.
 *
 * Where a monitor is sent messages, the range that it resolves decides, here as in Linux: a part of a huge page splits it.
 */
export const wholePage: HugeWpPolicy = {
  name: 'whole-page',
  splitsWhenArmed: false,
  splitsOnWrite: false,
  source: 'what v6.18 mm/hugetlb.c hugetlb_fault() does to huge pages of hugetlbfs, done to transparent ones',
}
