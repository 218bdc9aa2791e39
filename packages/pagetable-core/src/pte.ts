/**
 * Building and reading present entries.
 * @module
 */
import { PAGE_ACCESSED, PAGE_PRESENT, PAGE_PROTNONE, PAGE_PSE, PAGE_USER, VM_ACCESS_FLAGS, VM_EXEC } from '@faultline/mm-types'

const NX = -0x80000000

/** Low word of a present, accessed user entry for a frame, with more flags. */
export function pteLo(pfn: number, flags: number): number {
  return (pfn << 12) | PAGE_PRESENT | PAGE_USER | PAGE_ACCESSED | flags
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
  return (pfn >>> 20) | (vmFlags & VM_EXEC ? 0 : NX)
}

/** The frame of a present entry. */
export function ptePfn(lo: number, hi: number): number {
  return (lo >>> 12) | ((hi & 0xfffff) << 20)
}

/** True for a leaf above the pte level. */
export function isHugeLeaf(lo: number): boolean {
  return (lo & PAGE_PSE) !== 0 && (lo & 0x101) !== 0
}
