/**
 * The hugetlb backend, put together around a pool of huge pages.
 * @module
 */
import type { Backends, Inode, Machine } from '@faultline/mm-types'
import { copyOnWriteHugetlb, faultHugetlb } from './fault.ts'
import { addHugePage, findHugePage, hasHugePage, removeHugePages } from './page-cache.ts'

/** Limits of the pool: huge pages of each size that may be in use at once. */
export interface HugetlbPool {
  /** Pages of 2 MiB (nr_hugepages); absent: as many as wanted. */
  readonly pages2M?: number
  /** Pages of 1 GiB. */
  readonly pages1G?: number
}

/** Huge pages in use, per page size shift. */
export interface HugePool {
  readonly limit: ReadonlyMap<number, number>
}

/** hugetlb memory as Linux has it. */
export function createHugetlbBackend(pool: HugetlbPool = {}): Backends['hugetlb'] {
  const huge: HugePool = {
    limit: new Map([
      [21, pool.pages2M ?? Number.POSITIVE_INFINITY],
      [30, pool.pages1G ?? Number.POSITIVE_INFINITY],
    ]),
  }
  return {
    name: 'hugetlb',
    fault: (fault) => faultHugetlb(fault, huge),
    copyOnWrite: (fault) => copyOnWriteHugetlb(fault, huge),
    findPage: (_machine: Machine, inode: Inode, pgoff: number) => findHugePage(inode, pgoff),
    hasPage: hasHugePage,
    addPage: (machine: Machine, inode: Inode, pgoff: number, stamp: number) => addHugePage(machine, inode, pgoff, stamp, huge),
    removePages: removeHugePages,
    // Huge pages are never reclaimed. @source MADV_PAGEOUT on hugetlb: EINVAL
    reclaimPage: () => false,
    source: 'v6.18 mm/hugetlb.c',
  }
}
