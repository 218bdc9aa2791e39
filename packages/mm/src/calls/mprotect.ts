/**
 * mprotect.
 * @module
 */
import { EACCES, ENOMEM, VM_ACCESS_FLAGS } from '@faultline/mm-types'
import type { AddressSpace } from '../objects.ts'
import { changeProtection } from '../protect.ts'
import { protFlags } from './mmap.ts'

/**
 * Changes the access rights of pages [start, end).
 *
 * A hole ends the call with -ENOMEM after the vmas before it have changed.
 * @source v6.18 mm/mprotect.c do_mprotect_pkey()
 */
export function mprotect(mm: AddressSpace, start: number, end: number, prot: number): number {
  if (end <= start) return 0
  let reached = start
  for (const vma of mm.vmas.within(start, end)) {
    if (vma.start > reached) return -ENOMEM
    const flags = (vma.flags & ~VM_ACCESS_FLAGS) | protFlags(prot)
    // VM_MAY* are the access flags four bits up.
    if (flags & ~(flags >> 4) & VM_ACCESS_FLAGS) return -EACCES
    const from = Math.max(vma.start, start)
    const to = Math.min(vma.end, end)
    if (flags !== vma.flags) {
      const now = mm.vmas.modify(vma, from, to, flags, vma.uffd)
      changeProtection(mm, now, from, to)
    }
    reached = to
  }
  return reached < end ? -ENOMEM : 0
}
