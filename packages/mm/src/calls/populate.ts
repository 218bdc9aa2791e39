/**
 * MADV_POPULATE_READ and MADV_POPULATE_WRITE.
 *
 * @source v6.18 mm/gup.c faultin_page_range(); mm/madvise.c madvise_populate()
 * @module
 */
import { EFAULT, EHWPOISON, EINVAL, ENOMEM, FAULT_DONE, FAULT_HWPOISON, FAULT_OOM, VM_READ, VM_WRITE } from '@faultline/mm-types'
import { leafPages } from '@faultline/pagetable-core'
import { translate } from '../access.ts'
import { ACCESS_LIVELOCK, ACCESS_WAITS, type AccessRequest } from '../access-request.ts'
import { handleFault } from '../fault.ts'
import type { AddressSpace } from '../objects.ts'
import type { Call } from './call.ts'

/**
 * Faults in pages [start, end) without touching their contents. Yields while a fault waits for a monitor.
 *
 * @returns 0, a negated errno, or ACCESS_LIVELOCK
 */
export function* populate(mm: AddressSpace, start: number, end: number, write: boolean, request: AccessRequest): Call {
  const passesHoles = !mm.calls.populateStopsAtHoles
  let unmapped = false
  for (let vpn = start; vpn < end; vpn++) {
    if (passesHoles && mm.vmas.find(vpn) === undefined) {
      unmapped = true
      vpn = mm.vmas.next(vpn)?.start ?? end
      if (vpn >= end) break
    }
    for (let round = 0; ; round++) {
      // The mapping may have changed while the fault waited.
      const vma = mm.vmas.find(vpn)
      if (vma === undefined) return -ENOMEM
      if (write ? (vma.flags & VM_WRITE) === 0 : (vma.flags & VM_READ) === 0) return -EINVAL
      if (translate(mm, vpn, write) !== 0) {
        // One leaf maps them all.
        if (vma.pageShift !== 12) vpn += leafPages(vma.pageShift) - 1 - (vpn % leafPages(vma.pageShift))
        else if ((vpn & 511) === 0 && mm.hugeLeaf(vpn) !== 0) vpn += 511
        break
      }
      if (round > MOST_ROUNDS) return ACCESS_LIVELOCK
      const code = handleFault(mm, vpn, write, request)
      if (code === ACCESS_WAITS) {
        yield 'fault'
        round = 0
      } else if (code !== FAULT_DONE) return faultErrno(code, true)
    }
  }
  return unmapped ? -ENOMEM : 0
}

/** Faults after which a page that is still not there never will be. */
export const MOST_ROUNDS = 32

/** @param tellsPoison FOLL_HWPOISON @source v6.18 include/linux/mm.h vm_fault_to_errno() */
export function faultErrno(code: number, tellsPoison: boolean): number {
  if (code === FAULT_OOM) return -ENOMEM
  return code === FAULT_HWPOISON && tellsPoison ? -EHWPOISON : -EFAULT
}
