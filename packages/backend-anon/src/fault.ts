/**
 * First touch of anonymous memory.
 * @module
 */
import {
  FAULT_DONE,
  FAULT_MISSING,
  FAULT_OOM,
  type Fault,
  PAGE_DIRTY,
  PAGE_RW,
  PAGE_SPECIAL,
  PAGE_UFFD_WP,
  VM_UFFD_MISSING,
  VM_WRITE,
} from '@faultline/mm-types'
import { newAnonPage, pteHi, pteLo, ZERO_PFN } from '@faultline/pagetable-core'

/**
 * Maps the zero page for a read, a new page for a write, and for a read where the zero page is forbidden.
 *
 * @returns FAULT_DONE, FAULT_MISSING for a registered vma, FAULT_OOM
 * @source v6.18 mm/memory.c do_anonymous_page()
 * @fidelity simplified: 4 KiB pages only (no mTHP)
 */
export function faultAnon(fault: Fault): number {
  const { vma, mm } = fault
  if (vma.flags & VM_UFFD_MISSING) {
    // Linux is ready to put a page there before it looks who watches; fork copies the tables of such a vma.
    if ((fault.write || mm.forbidsZeropage) && vma.anonVma === null) mm.prepareAnonVma(vma)
    return FAULT_MISSING
  }
  const machine = mm.machine
  const armed = fault.armed ? PAGE_UFFD_WP : 0
  if (!fault.write && !mm.forbidsZeropage) {
    machine.tables.set(fault.table, fault.index, pteLo(ZERO_PFN, PAGE_SPECIAL | armed), pteHi(ZERO_PFN, vma.flags))
    return FAULT_DONE
  }
  const pfn = newAnonPage(mm, vma, fault.vpn, 0)
  if (pfn === 0) return FAULT_OOM
  const writable = vma.flags & VM_WRITE ? (armed ? PAGE_DIRTY : PAGE_RW | PAGE_DIRTY) : 0
  machine.tables.set(fault.table, fault.index, pteLo(pfn, writable | armed), pteHi(pfn, vma.flags))
  return FAULT_DONE
}
