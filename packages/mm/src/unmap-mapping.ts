/**
 * Erasing the entries that map a range of a file, in every address space.
 *
 * @source v6.18 mm/memory.c unmap_mapping_range(); mm/hugetlb.c hugetlb_vmdelete_list()
 * @module
 */
import type { Inode } from '@faultline/mm-types'
import type { AddressSpace } from './objects.ts'
import { inFileOrder, type VmArea, vmaRange } from './vma.ts'
import { type ZapDetails, zapRange } from './zap.ts'

/** @param from first page and @param to end, in the file's own pages */
export function unmapMapping(inode: Inode, from: number, to: number, details: ZapDetails): void {
  for (const vma of inode.backend === 'hugetlb' ? inFileOrder(inode) : inode.vmas) {
    const range = vmaRange(vma, from, to)
    if (range !== null) zapRange(vma.mm as AddressSpace, vma as VmArea, range.start, range.end, details)
  }
}
