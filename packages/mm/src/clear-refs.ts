/**
 * Writing 4 to /proc/pid/clear_refs: everything counts as not written from now on.
 *
 * @source v6.18 fs/proc/task_mmu.c clear_refs_write(), clear_refs_pte_range(); hugetlb is passed over
 * @module
 */
import { type SoftDirtyCalls, VM_SOFTDIRTY } from '@faultline/mm-types'
import { leafSpanEnd, pmdNumber } from '@faultline/pagetable-core'
import { hugePmdLo } from './huge.ts'
import type { AddressSpace } from './objects.ts'

/** Clears the soft-dirty bits of all entries and the flags of all vmas. Does nothing on a kernel without soft-dirty. */
export function clearRefs(mm: AddressSpace, calls: SoftDirtyCalls): void {
  if (!mm.softDirty) return
  const tables = mm.machine.tables
  for (const vma of mm.vmas.within(0, 2 ** 36)) {
    vma.flags &= ~VM_SOFTDIRTY
    if (vma.pageShift !== 12) continue
    for (let vpn = vma.start; vpn < vma.end; ) {
      const next = leafSpanEnd(vpn, vma.end, 12)
      const huge = hugePmdLo(mm, vpn) !== 0
      const table = huge ? tables.pmdTable(mm.pgd, vpn) : tables.pteTable(mm.pgd, vpn)
      if (table !== 0) {
        const from = huge ? pmdNumber(vpn) & 511 : vpn & 511
        calls.clear(tables.lo(table), tables.hi(table), tables.base(table), from, huge ? from + 1 : from + (next - vpn))
        mm.machine.counters.ptes += huge ? 1 : next - vpn
      }
      vpn = next
    }
  }
  mm.kernel.flush(mm, 0, 0x7fffffff)
}
