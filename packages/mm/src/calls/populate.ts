/**
 * MADV_POPULATE_READ and MADV_POPULATE_WRITE.
 *
 * @source v6.18 mm/gup.c faultin_page_range(); mm/madvise.c madvise_populate()
 * @module
 */
import { EFAULT, EHWPOISON, EINVAL, ENOMEM, FAULT_DONE, FAULT_HWPOISON, VM_READ, VM_WRITE } from '@faultline/mm-types'
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
  for (let vpn = start; vpn < end; vpn++) {
    const vma = mm.vmas.find(vpn)
    if (vma === undefined) return -ENOMEM
    if (write ? (vma.flags & VM_WRITE) === 0 : (vma.flags & VM_READ) === 0) return -EINVAL
    for (let round = 0; translate(mm, vpn, write) === 0; round++) {
      if (round > 32) return ACCESS_LIVELOCK
      const code = handleFault(mm, vpn, write, request)
      if (code === ACCESS_WAITS) yield 'fault'
      else if (code === FAULT_HWPOISON) return -EHWPOISON
      else if (code !== FAULT_DONE) return -EFAULT
    }
  }
  return 0
}
