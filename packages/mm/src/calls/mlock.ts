/**
 * mlock and munlock.
 *
 * @source v6.18 mm/mlock.c do_mlock(), apply_vma_lock_flags(); mm/gup.c __mm_populate(), populate_vma_page_range()
 * @fidelity simplified do_mlock(): no limit, no MLOCK_ONFAULT, no unevictable list
 * @module
 */
import { EAGAIN, EFAULT, ENOMEM, FAULT_DONE, VM_ACCESS_FLAGS, VM_LOCKED, VM_SHARED, VM_WRITE } from '@faultline/mm-types'
import { translate } from '../access.ts'
import { ACCESS_LIVELOCK, ACCESS_WAITS } from '../access-request.ts'
import { handleFault } from '../fault.ts'
import type { AddressSpace } from '../objects.ts'
import type { Call } from './call.ts'
import { faultErrno, MOST_ROUNDS } from './populate.ts'

/** Sets or clears VM_LOCKED on pages [start, end); locking faults them in. Holes are -ENOMEM. */
export function* mlock(mm: AddressSpace, start: number, end: number, locks: boolean, thread: string): Call {
  if (end <= start) return 0
  let reached = start
  for (const vma of mm.vmas.within(start, end)) {
    if (vma.start > reached) return -ENOMEM
    const to = Math.min(vma.end, end)
    const flags = locks && vma.backend !== 'hugetlb' ? vma.flags | VM_LOCKED : vma.flags & ~VM_LOCKED
    mm.vmas.modify(vma, Math.max(vma.start, start), to, flags, vma.uffd)
    reached = to
  }
  if (reached < end) return -ENOMEM
  if (!locks) return 0
  // @source mm/mlock.c __mlock_posix_error_return()
  const result = yield* lockedPages(mm, start, end, thread)
  if (result === -ENOMEM) return -EAGAIN
  return result === -EFAULT ? -ENOMEM : result
}

/** Faults in a part that was added to locked memory; what cannot be, is not. @source v6.18 include/linux/mm.h mm_populate() */
export function* populateLocked(mm: AddressSpace, start: number, end: number, thread: string): Call {
  const result = yield* lockedPages(mm, start, end, thread)
  return result === ACCESS_LIVELOCK ? result : 0
}

/** Faults in what is mapped of [start, end): what was unmapped while a fault waited is passed. */
function* lockedPages(mm: AddressSpace, start: number, end: number, thread: string): Call {
  const request = { cpu: 0, thread, user: false, stays: true, byte: 0, stamp: 0 }
  let round = 0
  for (let vpn = start; vpn < end; ) {
    const [vma] = mm.vmas.within(vpn, end)
    if (vma === undefined) break
    if ((vma.flags & VM_ACCESS_FLAGS) === 0) return -EFAULT
    vpn = Math.max(vpn, vma.start)
    const writes = (vma.flags & (VM_WRITE | VM_SHARED)) === VM_WRITE
    if (translate(mm, vpn, writes) !== 0) {
      vpn++
      round = 0
      continue
    }
    if (++round > MOST_ROUNDS) return ACCESS_LIVELOCK
    const code = handleFault(mm, vpn, writes, request)
    if (code === ACCESS_WAITS) {
      yield 'fault'
      round = 0
    } else if (code !== FAULT_DONE) return faultErrno(code, false)
  }
  return 0
}
