import { PAGE_PRESENT_ANY, PAGE_RW, PAGE_SOFT_DIRTY, SWP_SOFT_DIRTY } from '@faultline/mm-types'

/**
 * The value that, written to `/proc/pid/clear_refs`, clears the soft-dirty bits of a process.
 * @source v6.18 fs/proc/task_mmu.c enum clear_refs_types
 */
export const CLEAR_REFS_SOFT_DIRTY = 4

/**
 * Clears the soft-dirty bits of entries `from` (included) to `to` (excluded) of one table and answers how many entries changed.
 *
 * A present entry also loses its write permission, so that the next write faults and marks it again; a non-present entry
 * (swap, migration) keeps everything but the bit. None entries stay none: the fault that populates one for a write marks it.
 * The caller flushes the TLB when the answer is not 0. Pages pinned for DMA are left alone by Linux; the caller leaves them out.
 *
 * @param lo bits 0-31 of all entries of the arena
 * @param _hi bits 32-63; x86-64 keeps no soft-dirty state there, it is taken so that all span functions are called alike
 * @param base index of entry 0 of the table in `lo`
 * @source v6.18 fs/proc/task_mmu.c:clear_soft_dirty(), clear_refs_pte_range()
 */
export function clearSoftDirty(lo: Int32Array, _hi: Int32Array, base: number, from: number, to: number): number {
  const presentAny = PAGE_PRESENT_ANY
  const presentMask = ~(PAGE_RW | PAGE_SOFT_DIRTY)
  const swapMask = ~SWP_SOFT_DIRTY
  let nrChanged = 0
  for (let i = base + from, end = base + to; i < end; i++) {
    const old = lo[i]
    const cleared = old & ((old & presentAny) !== 0 ? presentMask : swapMask)
    if (cleared === old) continue
    lo[i] = cleared
    nrChanged++
  }
  return nrChanged
}

/**
 * Tells whether an entry carries its soft-dirty bit: bit 11 when present, bit 1 when not; a none entry carries none.
 *
 * The pagemap bit of a page is this or `VM_SOFTDIRTY` of its vma, which the caller knows.
 * @param lo bits 0-31 of the entry
 * @source v6.18 fs/proc/task_mmu.c:pte_to_pagemap_entry()
 */
export function isSoftDirty(lo: number): boolean {
  return (lo & ((lo & PAGE_PRESENT_ANY) !== 0 ? PAGE_SOFT_DIRTY : SWP_SOFT_DIRTY)) !== 0
}
