/**
 * mlock and munlock.
 *
 * @source v6.18 mm/mlock.c do_mlock(), apply_vma_lock_flags(); mm/gup.c __mm_populate(), populate_vma_page_range()
 * @fidelity simplified do_mlock(): no limit, no MLOCK_ONFAULT, no unevictable list
 * @module
 */
import { EFAULT, EHWPOISON, ENOMEM, VM_LOCKED, VM_SHARED, VM_WRITE } from '@faultline/mm-types'
import type { AddressSpace } from '../objects.ts'
import type { Call } from './call.ts'
import { populate } from './populate.ts'

/** Sets or clears VM_LOCKED on pages [start, end); locking faults them in. Holes are -ENOMEM. */
export function* mlock(mm: AddressSpace, start: number, end: number, locks: boolean, thread: string): Call {
  let reached = start
  for (const vma of mm.vmas.within(start, end)) {
    if (vma.start > reached) return -ENOMEM
    const to = Math.min(vma.end, end)
    const flags = locks && vma.backend !== 'hugetlb' ? vma.flags | VM_LOCKED : vma.flags & ~VM_LOCKED
    mm.vmas.modify(vma, Math.max(vma.start, start), to, flags, vma.uffd)
    reached = to
  }
  if (reached < end) return -ENOMEM
  return locks ? yield* lockedPages(mm, start, end, thread) : 0
}

function* lockedPages(mm: AddressSpace, start: number, end: number, thread: string): Call {
  const request = { cpu: 0, thread, user: false, byte: 0, stamp: 0 }
  for (const vma of mm.vmas.within(start, end)) {
    const writes = (vma.flags & (VM_WRITE | VM_SHARED)) === VM_WRITE
    const result = yield* populate(mm, Math.max(vma.start, start), Math.min(vma.end, end), writes, request)
    // @source mm/mlock.c __mlock_posix_error_return()
    if (result < 0) return result === -EFAULT || result === -EHWPOISON ? -ENOMEM : result
  }
  return 0
}
