/**
 * mprotect.
 * @module
 */
import {
  EACCES,
  EINVAL,
  ENOMEM,
  FAULT_DONE,
  VM_ACCESS_FLAGS,
  VM_ACCOUNT,
  VM_HUGETLB,
  VM_LOCKED,
  VM_NORESERVE,
  VM_SHARED,
  VM_WRITE,
} from '@faultline/mm-types'
import { translate } from '../access.ts'
import { handleFault } from '../fault.ts'
import type { AddressSpace } from '../objects.ts'
import { changeProtection } from '../protect.ts'
import type { VmArea } from '../vma.ts'
import { protFlags } from './mmap.ts'
import { MOST_ROUNDS } from './populate.ts'

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
      if (!mm.vmas.mayIsolate(vma, from, to)) return -EINVAL
      const before = vma.flags
      const wanted = accounted(vma, flags)
      if (!mm.vmas.mayModify(vma, from, to, wanted, mm.kernel.settings.maxMapCount)) return -ENOMEM
      const now = mm.vmas.modify(vma, from, to, wanted, vma.uffd)
      changeProtection(mm, now, from, to)
      if ((before & (VM_WRITE | VM_SHARED | VM_LOCKED)) === VM_LOCKED && flags & VM_WRITE) fillLocked(mm, from, to)
    }
    reached = to
  }
  return reached < end ? -ENOMEM : 0
}

/** What may be written for the first time is accounted for; anonymous memory that holds nothing yet no longer. @source v6.18 mm/mprotect.c mprotect_fixup() */
function accounted(vma: VmArea, flags: number): number {
  if (flags & VM_WRITE) return vma.flags & (VM_ACCOUNT | VM_WRITE | VM_HUGETLB | VM_SHARED | VM_NORESERVE) ? flags : flags | VM_ACCOUNT
  return vma.mm.calls.mprotectUnaccounts && vma.file === null && vma.anonVma === null ? flags & ~VM_ACCOUNT : flags
}

/** Locked private memory that may now be written gets pages of its own, so that no write has to fault; nobody is waited for. */
function fillLocked(mm: AddressSpace, start: number, end: number): void {
  const request = { cpu: 0, thread: '', user: false, stays: true, byte: 0, stamp: 0, mayWait: false }
  for (let vpn = start; vpn < end; vpn++) {
    for (let round = 0; translate(mm, vpn, true) === 0; round++) {
      if (round > MOST_ROUNDS || handleFault(mm, vpn, true, request) !== FAULT_DONE) return
    }
  }
}
