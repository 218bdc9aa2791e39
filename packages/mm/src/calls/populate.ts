/**
 * MADV_POPULATE_READ and MADV_POPULATE_WRITE.
 *
 * @source v6.18 mm/gup.c faultin_page_range(); mm/madvise.c madvise_populate()
 * @module
 */
import {
  EFAULT, EHWPOISON, EINVAL, ENOMEM, FAULT_DONE, FAULT_HWPOISON, VM_READ, VM_WRITE,
} from '@faultline/mm-types'
import { ACCESS_LIVELOCK, ACCESS_WAITS, type AccessRequest, translate } from '../access.ts'
import type { AddressSpace } from '../address-space.ts'
import { handleFault } from '../fault.ts'

/** Progress of a populate call: it can wait for a monitor in the middle. */
export interface PopulateState {
  /** The next page. */
  vpn: number
}

/**
 * Faults in pages [state.vpn, end) without touching their contents.
 *
 * @returns 0, a negated errno, or ACCESS_WAITS with `state.vpn` at the page that waits
 */
export function populate(mm: AddressSpace, state: PopulateState, end: number, write: boolean, request: AccessRequest): number {
  for (; state.vpn < end; state.vpn++) {
    const vma = mm.vmas.find(state.vpn)
    if (vma === undefined) return -ENOMEM
    if (write ? (vma.flags & VM_WRITE) === 0 : (vma.flags & VM_READ) === 0) return -EINVAL
    for (let round = 0; translate(mm, state.vpn, write) === 0; round++) {
      if (round > 32) return ACCESS_LIVELOCK
      const code = handleFault(mm, state.vpn, write, request)
      if (code === ACCESS_WAITS) return ACCESS_WAITS
      if (code === FAULT_HWPOISON) return -EHWPOISON
      if (code !== FAULT_DONE) return -EFAULT
    }
  }
  return 0
}

