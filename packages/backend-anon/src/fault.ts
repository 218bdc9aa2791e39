/**
 * First touch of anonymous memory.
 * @module
 */
import {
  FAULT_DONE,
  FAULT_MISSING,
  FAULT_OOM,
  type Fault,
  type Mm,
  PAGE_DIRTY,
  PAGE_RW,
  PAGE_SPECIAL,
  PAGE_UFFD_WP,
  VM_UFFD_MISSING,
  VM_WRITE,
  type Vma,
} from '@faultline/mm-types'
import { newAnonPage, pteHi, pteLo, ZERO_PFN } from '@faultline/pagetable-core'

// Once more: V8 folds the constants of a module itself, but loads an imported one at every use.
const ARMED = PAGE_UFFD_WP
const WRITABLE = PAGE_RW | PAGE_DIRTY
const WRITTEN = PAGE_DIRTY
const ZERO = ZERO_PFN
const ZERO_FLAGS = PAGE_SPECIAL
const MAY_WRITE = VM_WRITE

/**
 * Maps the zero page for a read, a new page for a write, and for a read where the zero page is forbidden.
 *
 * @returns FAULT_DONE, FAULT_MISSING for a registered vma, FAULT_OOM
 * @source v6.18 mm/memory.c do_anonymous_page()
 * @fidelity simplified: 4 KiB pages only (no mTHP)
 */
export function faultAnon(fault: Fault): number {
  const { vma, mm, vpn, table } = fault
  if (vma.flags & VM_UFFD_MISSING) {
    // Linux is ready to put a page there before it looks who watches; fork copies the tables of such a vma.
    if ((fault.write || mm.forbidsZeropage) && vma.anonVma === null) mm.prepareAnonVma(vma)
    return FAULT_MISSING
  }
  const isMapped = fault.write ? mapNew(mm, vma, vpn, table, fault.armed) : mapZero(mm, vma, vpn, table, fault.armed)
  return isMapped ? FAULT_DONE : FAULT_OOM
}

/** A new page for an entry that is none or a marker. @returns false when no frame is left */
export function mapNew(mm: Mm, vma: Vma, vpn: number, table: number, armed: boolean): boolean {
  const pfn = newAnonPage(mm, vma, vpn, 0)
  if (pfn === 0) return false
  const { flags } = vma
  const bits = armed ? ARMED | (flags & MAY_WRITE ? WRITTEN : 0) : flags & MAY_WRITE ? WRITABLE : 0
  mm.machine.tables.set(table, vpn & 511, pteLo(pfn, bits), pteHi(pfn, flags))
  return true
}

/** The zero page, or a new one where that is forbidden. @returns false when no frame is left */
export function mapZero(mm: Mm, vma: Vma, vpn: number, table: number, armed: boolean): boolean {
  if (mm.forbidsZeropage) return mapNew(mm, vma, vpn, table, armed)
  mm.machine.tables.set(table, vpn & 511, pteLo(ZERO, armed ? ZERO_FLAGS | ARMED : ZERO_FLAGS), pteHi(ZERO, vma.flags))
  return true
}
