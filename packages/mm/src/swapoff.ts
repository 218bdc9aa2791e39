/**
 * swapoff: every swapped page comes back, bits and all.
 *
 * @source v6.18 mm/swapfile.c try_to_unuse(), unuse_pte(); mm/shmem.c shmem_unuse()
 * @fidelity simplified unuse_pte(): a page is faulted in; reading never fails, so no poison marker is left
 * @fidelity simplified shmem_unuse(): pages of files that no vma maps stay in swap
 * @module
 */
import { type Inode, PAGE_PRESENT_ANY, SOFTLEAF_SWAP } from '@faultline/mm-types'
import type { AddressSpace, Kernel } from './objects.ts'

/** Empties the swap area. Files that no vma maps keep their slots until they are read: the model has no list of files. */
export function swapoff(kernel: Kernel): void {
  const files = new Set<Inode>()
  for (const mm of kernel.mms) {
    if (!mm.alive) continue
    for (const vma of mm.vmas.all()) {
      if (vma.file !== null && vma.backend === 'shmem') files.add(vma.file)
      if (vma.pageShift === 12) unuse(kernel, mm, vma.start, vma.end)
    }
  }
  for (const inode of files) for (const pgoff of [...inode.pages.keys()]) kernel.backends.shmem.findPage(kernel.machine, inode, pgoff, true)
}

function unuse(kernel: Kernel, mm: AddressSpace, start: number, end: number): void {
  const tables = kernel.machine.tables
  for (let vpn = start; vpn < end; vpn++) {
    const table = tables.pteTable(mm.pgd, vpn)
    if (table === 0) {
      vpn = tables.nextPmd(mm.pgd, vpn - (vpn & 511) + 512, end) - 1
      continue
    }
    const index = vpn & 511
    const at = tables.base(table) + index
    const lo = tables.lo(table)[at]
    const hi = tables.hi(table)[at]
    if ((lo === 0 && hi === 0) || lo & PAGE_PRESENT_ANY || mm.classify(lo, hi) !== SOFTLEAF_SWAP) continue
    const vma = mm.vmas.find(vpn)
    if (vma === undefined) continue
    Object.assign(kernel.fault, { mm, vma, vpn, write: false, unshare: false, armed: false, table, index, lo, hi })
    kernel.backends.anon.swapIn(kernel.fault)
  }
}
