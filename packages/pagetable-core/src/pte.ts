/**
 * Building and reading present entries.
 * @module
 */
import {
  PAGE_ACCESSED,
  PAGE_DIRTY,
  PAGE_PRESENT,
  PAGE_PROTNONE,
  PAGE_PSE,
  PAGE_SOFT_DIRTY,
  PAGE_USER,
  VM_ACCESS_FLAGS,
  VM_EXEC,
  VM_SOFTDIRTY,
  type Vma,
} from '@faultline/mm-types'

const NX = -0x80000000
// Once more: V8 folds the constants of a module itself, but loads an imported one at every use.
const LEAF = PAGE_PRESENT | PAGE_USER | PAGE_ACCESSED
const DIRTY = PAGE_DIRTY
const TABLE = PAGE_PRESENT
const TABLE_OR_HUGE = PAGE_PRESENT | PAGE_PSE
const MAY_EXEC = VM_EXEC

/** Software that makes an entry dirty makes it soft-dirty too; the hardware does not. @source v6.18 arch/x86/include/asm/pgtable.h pte_mkdirty() */
export const DIRTY_BY_SOFTWARE = PAGE_DIRTY | PAGE_SOFT_DIRTY

/** Low word of a present, accessed user entry for a frame, with more flags. PAGE_DIRTY brings PAGE_SOFT_DIRTY with it. */
export function pteLo(pfn: number, flags: number): number {
  // The soft-dirty bit (11) lies five bits above the dirty bit (6).
  return (pfn << 12) | LEAF | flags | ((flags & DIRTY) << 5)
}

/**
 * Whether an entry must stay read-only so that a write to it is seen by soft-dirty tracking.
 *
 * @source v6.18 mm/internal.h pte_needs_soft_dirty_wp(), vma_soft_dirty_enabled()
 */
export function needsSoftDirtyWp(vma: Vma, lo: number): boolean {
  return vma.mm.softDirty && (vma.flags & VM_SOFTDIRTY) === 0 && (lo & PAGE_SOFT_DIRTY) === 0
}

/**
 * The same for an entry that no fault of its own asked for: in a mapping without any access right the hardware must not see it.
 *
 * @source v6.18 include/linux/mm.h mk_pte() with vm_page_prot
 */
export function mkPteLo(pfn: number, flags: number, vmFlags: number): number {
  const lo = pteLo(pfn, flags)
  return vmFlags & VM_ACCESS_FLAGS ? lo : (lo & ~PAGE_PRESENT) | PAGE_PROTNONE
}

/** High word of a present entry for a frame in a vma with these flags (no-execute unless VM_EXEC). */
export function pteHi(pfn: number, vmFlags: number): number {
  return (pfn >>> 20) | (vmFlags & MAY_EXEC ? 0 : NX)
}

/** The frame of a present entry. */
export function ptePfn(lo: number, hi: number): number {
  return (lo >>> 12) | ((hi & 0xfffff) << 20)
}

/** True for a leaf above the pte level. */
export function isHugeLeaf(lo: number): boolean {
  return (lo & PAGE_PSE) !== 0 && (lo & 0x101) !== 0
}

/** True for an entry that points to a lower table. */
export function pointsToTable(lo: number): boolean {
  return (lo & TABLE_OR_HUGE) === TABLE
}

/** The table an entry points to. */
export function entryTable(lo: number, hi: number): number {
  return (lo >>> 12) | (hi << 20)
}
