/**
 * The hugetlb backend, put together around a pool of huge pages.
 * @module
 */
import type { Backends } from '@faultline/mm-types'
import { copyOnWriteHugetlb, faultHugetlb, newPrivatePage } from './fault.ts'
import { addHugePage, findHugePage, hasHugePage, removeHugePages } from './page-cache.ts'
import { HugePool, type HugetlbPool } from './pool.ts'

/** All pages that a file can have: removed up to here, they are truncated. */
const TRUNCATED = 2 ** 40

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
      // A hole leaves the promises of pages that were not there. @source v6.18 fs/hugetlbfs/inode.c remove_inode_hugepages()
      if (to >= TRUNCATED) pool.forget(machine, inode, from)
    },
    reserve: (machine, vma) => pool.reserve(machine, vma),
    unreserve: (vma) => pool.unreserve(vma),
    newPrivatePage: (vma, vpn) => newPrivatePage(vma, vpn, pool, false),
    restoreReservation: (vma, vpn, pfn) => pool.restore(vma, vpn, pfn),
    // Huge pages are never reclaimed. @source MADV_PAGEOUT on hugetlb: EINVAL
    reclaimPage: () => false,
    source: 'v6.18 mm/hugetlb.c',
  }
}
