/**
 * mprotect.
 * @module
 */
import { EACCES, EINVAL, ENOMEM, VM_ACCESS_FLAGS, VM_ACCOUNT, VM_HUGETLB, VM_NORESERVE, VM_SHARED, VM_WRITE } from '@faultline/mm-types'
import type { AddressSpace } from '../objects.ts'
import { changeProtection } from '../protect.ts'
import { maySplit, type VmArea } from '../vma.ts'
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
      if (!maySplit(vma, from) || !maySplit(vma, to)) return -EINVAL
      const now = mm.vmas.modify(vma, from, to, accounted(vma, flags), vma.uffd)
      changeProtection(mm, now, from, to)
    }
    reached = to
  }
  return reached < end ? -ENOMEM : 0
}

/** What may be written for the first time is accounted for; anonymous memory that holds nothing yet no longer. @source v6.18 mm/mprotect.c mprotect_fixup() */
function accounted(vma: VmArea, flags: number): number {
  if (flags & VM_WRITE) return vma.flags & (VM_ACCOUNT | VM_WRITE | VM_HUGETLB | VM_SHARED | VM_NORESERVE) ? flags : flags | VM_ACCOUNT
  return vma.file === null && vma.anonVma === null ? flags & ~VM_ACCOUNT : flags
}
