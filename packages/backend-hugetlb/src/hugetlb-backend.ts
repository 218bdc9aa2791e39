/**
 * The hugetlb backend, put together around a pool of huge pages.
 * @module
 */
import type { Backends } from '@faultline/mm-types'
import { copyOnWriteHugetlb, faultHugetlb } from './fault.ts'
import { addHugePage, findHugePage, hasHugePage, removeHugePages } from './page-cache.ts'
import { HugePool, type HugetlbPool } from './pool.ts'

/** hugetlb memory as Linux has it. */
export function createHugetlbBackend(limits: HugetlbPool = {}): Backends['hugetlb'] {
  const pool = new HugePool(limits)
  return {
    name: 'hugetlb',
    fault: (fault) => faultHugetlb(fault, pool),
    copyOnWrite: (fault) => copyOnWriteHugetlb(fault, pool),
    findPage: (_machine, inode, pgoff) => findHugePage(inode, pgoff),
    hasPage: hasHugePage,
    addPage: (machine, inode, pgoff, stamp) => addHugePage(machine, inode, pgoff, stamp, pool),
    removePages(machine, inode, from, to) {
      removeHugePages(machine, inode, from, to)
      pool.forget(inode, from, to)
    },
    reserve: (machine, vma) => pool.reserve(machine, vma),
    unreserve: (_machine, vma, start, end) => pool.unreserve(vma, start, end),
    // Huge pages are never reclaimed. @source MADV_PAGEOUT on hugetlb: EINVAL
    reclaimPage: () => false,
    source: 'v6.18 mm/hugetlb.c',
  }
}
