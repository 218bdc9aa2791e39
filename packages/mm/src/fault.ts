/**
 * The fault path: vma, then the leaf, then whoever serves leaves of that class.
 *
 * @source v6.18 mm/memory.c handle_mm_fault(), handle_pte_fault(), do_wp_page(), handle_pte_marker(); mm/hugetlb.c hugetlb_fault()
 * @fidelity simplified handle_mm_fault(): no locks, no retries, no NUMA hinting, no memory cgroups
 * @module
 */
import {
  FAULT_ACCESS,
  FAULT_DONE,
  FAULT_HWPOISON,
  FAULT_MINOR,
  FAULT_MISSING,
  FAULT_OOM,
  FAULT_SIGBUS,
  FAULT_SIGSEGV,
  FAULT_WP,
  type Fault,
  PAGE_PRESENT_ANY,
  PAGE_RW,
  PAGE_UFFD_WP,
  PTE_MARKER_GUARD,
  PTE_MARKER_NO_WP,
  PTE_MARKER_POISONED,
  SOFTLEAF_HWPOISON,
  SOFTLEAF_MARKER,
  SOFTLEAF_MIGRATION,
  SOFTLEAF_SPECIAL_PTE,
  SOFTLEAF_SWAP,
  UFFD_GO_ON,
  UFFD_REASON_MINOR,
  UFFD_REASON_MISSING,
  UFFD_REASON_WP,
  UFFD_SIGBUS,
  VM_ACCESS_FLAGS,
  VM_SHARED,
  VM_UFFD_WP,
  VM_WRITE,
} from '@faultline/mm-types'
import { DIRTY_BY_SOFTWARE, leafIndex, leafTable } from '@faultline/pagetable-core'
import { classify } from '@faultline/swap-entry'
import { ACCESS_WAITS, type AccessRequest } from './access-request.ts'
import { freePteTable } from './free-tables.ts'
import { faultHuge } from './huge-fault.ts'
import type { AddressSpace, Kernel } from './objects.ts'

/**
 * Serves one page fault.
 *
 * @param ptes the table of ptes that the walk ended at; 0 when it found none
 * @returns FAULT_DONE when the access is to be tried again, a FAULT_* code for a signal, or ACCESS_WAITS
 */
export function handleFault(
  mm: AddressSpace,
  vpn: number,
  write: boolean,
  request: AccessRequest,
  ptes = mm.machine.tables.pteTable(mm.pgd, vpn),
): number {
  const kernel = mm.kernel
  const counters = kernel.machine.counters
  counters.faults++
  const vma = mm.vmas.find(vpn)
  if (vma === undefined) return FAULT_SIGSEGV
  if (write ? (vma.flags & VM_WRITE) === 0 : (vma.flags & VM_ACCESS_FLAGS) === 0) return FAULT_ACCESS
  const fault = kernel.fault
  fault.vma = vma
  fault.unshare = false
  fault.armed = false
  describe(fault, mm, vpn, write, request)
  const code = serve(kernel, fault, ptes)
  return code === FAULT_DONE ? FAULT_DONE : escalate(kernel, fault, code, request.mayWait !== false)
}

/** The fault of a store that `makeWritable` has found to be its monitor's matter: what `handleFault` would come to. */
export function faultArmed(mm: AddressSpace, vpn: number, request: AccessRequest): number {
  const { kernel } = mm
  const { fault } = kernel
  const { counters } = kernel.machine
  counters.faults++
  counters.ptes++
  describe(fault, mm, vpn, true, request)
  return escalate(kernel, fault, FAULT_WP, request.mayWait !== false)
}

/** What a message, and who waits for its answer, need to know of a fault. */
function describe(fault: Fault, mm: AddressSpace, vpn: number, write: boolean, request: AccessRequest): void {
  fault.mm = mm
  fault.vpn = vpn
  fault.write = write
  fault.user = request.user
  fault.address = vpn * 4096 + request.byte
  fault.thread = request.thread
  fault.stays = request.stays
}

/** Hands what no handler could serve to the monitor, or makes it a signal. */
function escalate(kernel: Kernel, fault: Fault, code: number, mayWait: boolean): number {
  const counters = kernel.machine.counters
  let reason: number
  if (code === FAULT_WP) {
    reason = UFFD_REASON_WP
    counters.faultsWp++
  } else if (code === FAULT_MISSING) {
    reason = UFFD_REASON_MISSING
    counters.faultsMissing++
  } else if (code === FAULT_MINOR) {
    reason = UFFD_REASON_MINOR
    counters.faultsMinor++
  } else return code
  if (!mayWait) return FAULT_SIGBUS
  const answer = kernel.uffd.deliver(fault, reason)
  if (answer === UFFD_GO_ON) return FAULT_DONE
  return answer === UFFD_SIGBUS ? FAULT_SIGBUS : ACCESS_WAITS
}

/** Finds the leaf and picks its handler. @param ptes the table of ptes that covers the page, or 0 */
export function serve(kernel: Kernel, fault: Fault, ptes: number): number {
  const tables = kernel.machine.tables
  // Where there is a table of ptes there is no huge leaf, and no room for one.
  if (ptes === 0 || tables.isStandIn(ptes)) return serveUnwalked(kernel, fault, ptes)
  fault.fresh = false
  return serveLeaf(kernel, fault, ptes, fault.vpn & 511)
}

/** No table of ptes yet, or none of its own: a huge leaf, or a table to be made. */
function serveUnwalked(kernel: Kernel, fault: Fault, ptes: number): number {
  const { mm, vma, vpn } = fault
  const tables = kernel.machine.tables
  const shift = vma.pageShift
  let table = shift === 12 ? ptes : leafTable(tables, mm.pgd, vpn, shift)
  if (shift === 12 && table === 0) {
    const code = faultHuge(kernel, fault)
    if (code >= 0) return code
    table = leafTable(tables, mm.pgd, vpn, shift)
  }
  const isNew = table === 0
  if (isNew || tables.isStandIn(table)) {
    table = (mm as AddressSpace).leafTableAlloc(vma, vpn)
    if (table === 0) return FAULT_OOM
  }
  fault.fresh = isNew
  const code = serveLeaf(kernel, fault, table, leafIndex(vpn, shift))
  // A file's page is looked for before its table is put in place. @source mm/memory.c __do_fault(), finish_fault()
  if (isNew && code !== FAULT_DONE && vma.backend === 'shmem' && tables.used(table) === 0) freePteTable(mm as AddressSpace, vpn)
  return code
}

function serveLeaf(kernel: Kernel, fault: Fault, table: number, index: number): number {
  const { tables, counters } = kernel.machine
  const at = tables.base(table) + index
  const lo = tables.readLo(table)[at]
  const hi = tables.readHi(table)[at]
  fault.table = table
  fault.index = index
  fault.lo = lo
  fault.hi = hi
  counters.ptes++
  if (lo & PAGE_PRESENT_ANY) return fault.write || fault.unshare ? servePresent(kernel, fault) : spurious(kernel)
  if (lo !== 0 || hi !== 0) return serveSoftleaf(kernel, fault)
  if (fault.vma.flags & VM_UFFD_WP && kernel.uffd.armsNone(fault.vma)) fault.armed = true
  return serveNone(kernel, fault)
}

/** Nothing is there: whoever keeps the pages of the mapping provides one. By name, which is four times as fast as by a key. */
function serveNone(kernel: Kernel, fault: Fault): number {
  const { backends } = kernel
  const { backend } = fault.vma
  if (backend === 'anon') return backends.anon.fault(fault)
  return backend === 'shmem' ? backends.shmem.fault(fault) : backends.hugetlb.fault(fault)
}

/** A present leaf and a write: armed, already writable, shared, or to be copied. */
function servePresent(kernel: Kernel, fault: Fault): number {
  const { mm, vma, lo } = fault
  const tables = kernel.machine.tables
  if (lo & PAGE_RW) return spurious(kernel)
  if (!fault.unshare && lo & PAGE_UFFD_WP && vma.flags & VM_UFFD_WP) {
    if (!kernel.uffd.wpAsync(vma)) return FAULT_WP
    fault.lo = lo & ~PAGE_UFFD_WP
    tables.lo(fault.table)[tables.base(fault.table) + fault.index] = fault.lo
    kernel.machine.counters.faultsWp++
  }
  // What another CPU still stores through a stale translation must not come after the copy. @source mm/memory.c do_wp_page()
  if (mm.tlb.wpFaultFlushesIfPending && (mm as AddressSpace).flushesPending > 0 && vma.flags & VM_UFFD_WP) mm.flush(fault.vpn, 1)
  if (vma.flags & VM_SHARED) {
    // hugetlb refuses to copy or reuse an armed page, registered or not. @source mm/hugetlb.c hugetlb_wp()
    if (vma.backend === 'hugetlb' && fault.lo & PAGE_UFFD_WP) return FAULT_DONE
    tables.lo(fault.table)[tables.base(fault.table) + fault.index] = fault.lo | PAGE_RW | DIRTY_BY_SOFTWARE
    kernel.machine.counters.ptes++
    return FAULT_DONE
  }
  return vma.backend === 'hugetlb' ? kernel.backends.hugetlb.copyOnWrite(fault) : kernel.backends.anon.copyOnWrite(fault)
}

function spurious(kernel: Kernel): number {
  kernel.machine.counters.faultsSpurious++
  return FAULT_DONE
}

/** An entry that is neither none nor present. */
function serveSoftleaf(kernel: Kernel, fault: Fault): number {
  const encoding = kernel.design.encoding
  switch (classify(fault.lo, fault.hi, kernel.types, encoding)) {
    case SOFTLEAF_SWAP:
      return kernel.backends.anon.swapIn(fault)
    case SOFTLEAF_MARKER:
    case SOFTLEAF_SPECIAL_PTE:
      return serveMarker(kernel, fault, encoding.markerBits(fault.lo, fault.hi))
    case SOFTLEAF_HWPOISON:
      return FAULT_HWPOISON
    case SOFTLEAF_MIGRATION:
      return FAULT_DONE
    default:
      return FAULT_SIGBUS
  }
}

function serveMarker(kernel: Kernel, fault: Fault, bits: number): number {
  kernel.machine.counters.faultsMarker++
  if (bits & PTE_MARKER_POISONED) return FAULT_HWPOISON
  if (bits & PTE_MARKER_GUARD) return FAULT_SIGSEGV
  const { vma } = fault
  if (vma.flags & VM_UFFD_WP || vma.backend === 'hugetlb') fault.armed = (bits & PTE_MARKER_NO_WP) === 0
  else {
    // Left behind by a registration that is gone: cleared, and the access finds none. @source mm/memory.c pte_marker_handle_uffd_wp()
    kernel.machine.tables.set(fault.table, fault.index, 0, 0)
    return FAULT_DONE
  }
  return serveNone(kernel, fault)
}
