/**
 * MADV_GUARD_INSTALL and MADV_GUARD_REMOVE.
 *
 * @source v6.18 mm/madvise.c madvise_guard_install(), madvise_guard_remove(), is_valid_guard_vma()
 * @module
 */
import {
  EINVAL,
  ENOMEM,
  EOPNOTSUPP,
  PAGE_PRESENT_ANY,
  PTE_MARKER_GUARD,
  SOFTLEAF_MARKER,
  VM_HUGETLB,
  VM_LOCKED,
  VM_MAYBE_GUARD,
} from '@faultline/mm-types'
import { leafSpanEnd } from '@faultline/pagetable-core'
import { ACCESS_LIVELOCK } from '../access-request.ts'
import type { AddressSpace } from '../objects.ts'
import type { VmArea } from '../vma.ts'
import { ZAP_FINAL, ZAP_PLAIN, zapRange } from '../zap.ts'

/** Puts guards in the place of whatever is there. @returns 0, a negated errno, or ACCESS_LIVELOCK */
export function guardInstall(mm: AddressSpace, vma: VmArea, start: number, end: number): number {
  if (vma.flags & (VM_LOCKED | VM_HUGETLB) || !takesGuards(mm, vma)) return -EINVAL
  const { encoding } = mm
  const lo = encoding.markerLo(PTE_MARKER_GUARD)
  const hi = encoding.markerHi(PTE_MARKER_GUARD)
  if (lo === 0 && hi === 0) return -EOPNOTSUPP
  // Fork copies the tables of a vma that may hold guards. @source mm/madvise.c madvise_guard_install(): VM_MAYBE_GUARD
  vma.flags |= VM_MAYBE_GUARD
  if (vma.file === null) mm.prepareAnonVma(vma)
  const drops = !mm.kernel.design.anomalies.guardInstallLivelock
  const tables = mm.machine.tables
  for (let vpn = start; vpn < end; ) {
    const next = leafSpanEnd(vpn, end, 12)
    for (let page = vpn; page < next; page++) {
      if (entryKind(mm, page) === OTHER) {
        zapRange(mm, vma, vpn, end, drops ? ZAP_FINAL : ZAP_PLAIN)
        break
      }
    }
    const table = tables.pteTableAlloc(mm.pgd, vpn)
    if (table === 0) return -ENOMEM
    for (let page = vpn; page < next; page++) {
      const kind = entryKind(mm, page)
      // What the zap left (a wp marker) is met again at each restart of the call.
      if (kind === OTHER) return ACCESS_LIVELOCK
      if (kind === NONE) tables.set(table, page & 511, lo, hi)
    }
    vpn = next
  }
  return 0
}

function takesGuards(mm: AddressSpace, vma: VmArea): boolean {
  return vma.file === null || mm.kernel.design.calls.guardRegions !== 'anon'
}

/** Takes guards away, and nothing else. */
export function guardRemove(mm: AddressSpace, vma: VmArea, start: number, end: number): number {
  if (vma.flags & VM_HUGETLB || !takesGuards(mm, vma)) return -EINVAL
  const tables = mm.machine.tables
  for (let vpn = start; vpn < end; vpn++) {
    const table = tables.pteTable(mm.pgd, vpn)
    if (table === 0) {
      vpn = tables.nextPmd(mm.pgd, vpn - (vpn & 511) + 512, end) - 1
      continue
    }
    if (entryKind(mm, vpn) === GUARD) tables.set(table, vpn & 511, 0, 0)
  }
  return 0
}

const NONE = 0
const GUARD = 1
const OTHER = 2

function entryKind(mm: AddressSpace, vpn: number): number {
  const tables = mm.machine.tables
  const table = tables.pteTable(mm.pgd, vpn)
  if (table === 0) return mm.hugeLeaf(vpn) === 0 ? NONE : OTHER
  const at = tables.base(table) + (vpn & 511)
  const lo = tables.lo(table)[at]
  const hi = tables.hi(table)[at]
  if (lo === 0 && hi === 0) return NONE
  if (lo & PAGE_PRESENT_ANY || mm.classify(lo, hi) !== SOFTLEAF_MARKER) return OTHER
  return mm.encoding.markerBits(lo, hi) & PTE_MARKER_GUARD ? GUARD : OTHER
}
