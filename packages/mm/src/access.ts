/**
 * One access by a CPU: TLB, then the tables, then the fault path.
 * @module
 */
import {
  FAULT_DONE,
  FRAME_CHUNK_MASK,
  FRAME_STAMP,
  type Frames,
  PAGE_ACCESSED,
  PAGE_DIRTY,
  PAGE_PRESENT,
  PAGE_PRESENT_ANY,
  PAGE_PSE,
  PAGE_RW,
  type PageTables,
} from '@faultline/mm-types'
import { DIRTY_BY_SOFTWARE, pmdNumber, ptePfn, TLB_WRITE } from '@faultline/pagetable-core'
import { ACCESS_LIVELOCK, type AccessRequest } from './access-request.ts'
import { faultArmed, handleFault } from './fault.ts'
import type { AddressSpace } from './objects.ts'
import { makeWritable, mapFirstPage, mapPage } from './shortcut.ts'

// Once more: V8 folds the constants of a module itself, but loads an imported one at every use.
const PRESENT = PAGE_PRESENT
const PRESENT_ANY = PAGE_PRESENT_ANY
const RW = PAGE_RW
const LOADED = PAGE_ACCESSED
const STORED = PAGE_ACCESSED | PAGE_DIRTY
const CHUNK_MASK = FRAME_CHUNK_MASK
const STAMP = FRAME_STAMP
const MAY_STORE = TLB_WRITE

/** Rounds after which an access that only repeats itself is called a livelock. Linux resolves any fault here in under ten. */
const MOST_ROUNDS = 32

/**
 * Loads or stores the stamp of a page.
 *
 * @returns FAULT_DONE, the FAULT_* code of the signal, ACCESS_WAITS or ACCESS_LIVELOCK
 */
export function access(mm: AddressSpace, vpn: number, write: boolean, request: AccessRequest): number {
  const kernel = mm.kernel
  const machine = kernel.machine
  const tlb = kernel.tlbs[request.cpu]
  const hit = tlb.find(mm.id, vpn)
  if (hit >= 0 && (!write || tlb.rights[hit] === MAY_STORE)) {
    machine.counters.tlbHits++
    loadOrStore(machine.frames, tlb.pfns[hit], write, request)
    return FAULT_DONE
  }
  return accessMiss(mm, vpn, write, request)
}

/** Apart from the hit, which is inlined into whoever loops over accesses for as long as it is small. */
export function accessMiss(mm: AddressSpace, vpn: number, write: boolean, request: AccessRequest): number {
  const { kernel } = mm
  const { tables, counters, frames } = kernel.machine
  const needed = write ? PRESENT | RW : PRESENT
  const marks = write ? STORED : LOADED
  counters.tlbMisses++
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const table = tables.pteTable(mm.pgd, vpn)
    // In 32 bits: as what it may be otherwise, a double, it would be converted at every use.
    let pfn = 0
    if (table === 0) pfn = walkAbove(mm, vpn, write) | 0
    else {
      // walkPte(), with the entry at hand for who serves the fault.
      const at = tables.base(table) + (vpn & 511)
      const lo = tables.readLo(table)[at]
      const hi = tables.readHi(table)[at]
      if ((lo & needed) === needed) {
        if ((lo & marks) !== marks) tables.lo(table)[at] = lo | marks
        pfn = ptePfn(lo, hi)
      } else if ((lo & PRESENT_ANY) === 0) pfn = mapPage(kernel, mm, vpn, write, table, lo, hi) | 0
      else if (write) pfn = makeWritable(kernel, mm, vpn, table, lo, hi) | 0
    }
    if (pfn > 0) {
      kernel.tlbs[request.cpu].insert(mm.id, vpn, pfn, write ? MAY_STORE : 0)
      loadOrStore(frames, pfn, write, request)
      return FAULT_DONE
    }
    const code = pfn === 0 ? handleFault(mm, vpn, write, request, table) : faultArmed(mm, vpn, request)
    if (code !== FAULT_DONE) return code
  }
  return ACCESS_LIVELOCK
}

/** What an access does to the frame it has come to. Not by Frames' calls: of loads and stores, V8 left the rarer one out of line. */
function loadOrStore(frames: Frames, pfn: number, write: boolean, request: AccessRequest): void {
  const words = frames.chunk(pfn)
  const stamp = (pfn & CHUNK_MASK) + STAMP
  if (write) words[stamp] = request.stamp
  else request.stamp = words[stamp]
}

/**
 * What the hardware walk does: finds a leaf that allows the access, sets accessed and dirty, and answers the frame.
 * @returns the frame of the 4 KiB page, or 0 for a page fault
 */
export function translate(mm: AddressSpace, vpn: number, write: boolean): number {
  const tables = mm.machine.tables
  const table = tables.pteTable(mm.pgd, vpn)
  return table === 0 ? translateHuge(mm, vpn, write) : walkPte(tables, table, vpn, write)
}

function walkPte(tables: PageTables, table: number, vpn: number, write: boolean): number {
  const at = tables.base(table) + (vpn & 511)
  const lo = tables.readLo(table)[at]
  if ((lo & PRESENT) === 0 || (write && (lo & RW) === 0)) return 0
  const marked = lo | (write ? STORED : LOADED)
  if (marked !== lo) tables.lo(table)[at] = marked
  return ptePfn(lo, tables.readHi(table)[at])
}

/** Where there is no table of ptes: a page of a new one, or of a huge leaf. */
function walkAbove(mm: AddressSpace, vpn: number, write: boolean): number {
  const { tables } = mm.machine
  const pmd = tables.pmdTable(mm.pgd, vpn)
  const isNone = pmd !== 0 && tables.readLo(pmd)[tables.base(pmd) + (pmdNumber(vpn) & 511)] === 0
  return isNone ? mapFirstPage(mm.kernel, mm, vpn, write) : translateHuge(mm, vpn, write)
}

function translateHuge(mm: AddressSpace, vpn: number, write: boolean): number {
  const tables = mm.machine.tables
  let table = tables.pmdTable(mm.pgd, vpn)
  let pages = 512
  let index = pmdNumber(vpn) & 511
  if (table === 0) {
    table = tables.pudTable(mm.pgd, vpn)
    if (table === 0) return 0
    pages = 512 * 512
    index = (pmdNumber(vpn) >> 9) & 511
  }
  const los = tables.lo(table)
  const at = tables.base(table) + index
  const lo = los[at]
  if ((lo & PAGE_PSE) === 0 || (lo & PAGE_PRESENT) === 0 || (write && (lo & PAGE_RW) === 0)) return 0
  los[at] = lo | (write ? PAGE_ACCESSED | PAGE_DIRTY : PAGE_ACCESSED)
  return ptePfn(lo, tables.hi(table)[at]) + (vpn % pages)
}

/**
 * What a store's fault does to a leaf when it is tried again after its wait. The handler runs once more although the leaf may allow the
 * store by now, and makes it dirty as software does, which is soft-dirty too; a store by the hardware alone would not be seen.
 *
 * @source v6.18 arch/x86/mm/fault.c do_user_addr_fault(); mm/memory.c handle_pte_fault(); mm/huge_memory.c huge_pmd_set_accessed()
 */
export function retryStore(mm: AddressSpace, vpn: number): void {
  const tables = mm.machine.tables
  const ptes = tables.pteTable(mm.pgd, vpn)
  const table = ptes === 0 ? tables.pmdTable(mm.pgd, vpn) : ptes
  if (table === 0) return
  const los = tables.lo(table)
  const at = tables.base(table) + ((ptes === 0 ? pmdNumber(vpn) : vpn) & 511)
  const needed = PAGE_PRESENT | PAGE_RW | (ptes === 0 ? PAGE_PSE : 0)
  if ((los[at] & needed) === needed) los[at] |= PAGE_ACCESSED | DIRTY_BY_SOFTWARE
}
