/**
 * Transparent huge pages at the pmd level: find, split, zap.
 *
 * @source v6.18 mm/huge_memory.c __split_huge_pmd_locked(), zap_huge_pmd()
 * @module
 */
import {
  FRAME_CHUNK_MASK,
  FRAME_DIRTY,
  FRAME_ENTIRE,
  FRAME_EXCLUSIVE,
  FRAME_MAP,
  FRAME_REF,
  FRAME_ZERO,
  LEVEL_PTE,
  type Machine,
  PAGE_DIRTY,
  PAGE_PRESENT_ANY,
  PAGE_PSE,
  PAGE_RW,
  PAGE_SOFT_DIRTY,
  type Vma,
} from '@faultline/mm-types'
import { LimitError, pmdNumber, ptePfn, ZERO_PFN } from '@faultline/pagetable-core'
import type { AddressSpace } from './objects.ts'

/** Pages of a huge leaf. */
export const HUGE_PAGES = 512

/** Low word of the pmd that maps a page huge in a 4 KiB vma, or 0. */
export function hugePmdLo(mm: AddressSpace, vpn: number): number {
  const tables = mm.machine.tables
  // Most ranges have a table of ptes, which is found without a walk: then there is no huge leaf.
  if (tables.pteTable(mm.pgd, vpn) !== 0) return 0
  const pmd = tables.pmdTable(mm.pgd, vpn)
  if (pmd === 0) return 0
  const lo = tables.lo(pmd)[tables.base(pmd) + (pmdNumber(vpn) & 511)]
  return lo & PAGE_PSE && lo & PAGE_PRESENT_ANY ? lo : 0
}

/** First frame of the huge leaf over a page. The leaf must be there. */
export function hugePmdPfn(mm: AddressSpace, vpn: number): number {
  const tables = mm.machine.tables
  const pmd = tables.pmdTable(mm.pgd, vpn)
  const at = tables.base(pmd) + (pmdNumber(vpn) & 511)
  return ptePfn(tables.lo(pmd)[at], tables.hi(pmd)[at])
}

/** Writes the pmd entry over a page; its table must be there, or an entry that stands for it. */
export function setPmd(mm: AddressSpace, vpn: number, lo: number, hi: number): void {
  const tables = mm.machine.tables
  tables.set(tables.pmdTableAlloc(mm.pgd, vpn), pmdNumber(vpn) & 511, lo, hi)
  tables.forget(mm.pgd, vpn)
}

/** Counts one more huge mapping of a folio. */
export function mapHuge(machine: Machine, pfn: number): void {
  const frames = machine.frames
  if (frames.flags(pfn) & FRAME_ZERO) return
  frames.setField(pfn, FRAME_ENTIRE, frames.field(pfn, FRAME_ENTIRE) + 1)
  frames.setField(pfn, FRAME_REF, frames.field(pfn, FRAME_REF) + 1)
}

/** Takes a huge mapping away again. */
function unmapHuge(machine: Machine, pfn: number): void {
  const frames = machine.frames
  if (frames.flags(pfn) & FRAME_ZERO) return
  frames.setField(pfn, FRAME_ENTIRE, frames.field(pfn, FRAME_ENTIRE) - 1)
  frames.put(pfn)
}

/**
 * Replaces a huge leaf by a table of ptes; a file's huge leaf is simply taken away, to be faulted again.
 *
 * Each pte inherits the leaf's bits, the uffd-wp bit among them. That they are dirty makes them soft-dirty too, unless they are
 * `frozen`: unmapped for the time in which the page itself is split.
 *
 * @source v6.18 mm/huge_memory.c __split_huge_pmd_locked()
 */
export function splitHugePmd(mm: AddressSpace, vma: Vma, vpn: number, frozen = false): void {
  const machine = mm.machine
  const start = vpn - (vpn & 511)
  const lo = hugePmdLo(mm, vpn)
  if (lo === 0) return
  machine.counters.splits++
  const pfn = hugePmdPfn(mm, vpn)
  if (vma.file !== null) {
    setPmd(mm, start, 0, 0)
    unmapHuge(machine, pfn)
    mm.flush(start, HUGE_PAGES)
    return
  }
  const tables = machine.tables
  const hi = tables.hi(tables.pmdTable(mm.pgd, vpn))[tables.base(tables.pmdTable(mm.pgd, vpn)) + (pmdNumber(vpn) & 511)]
  const table = tables.alloc(LEVEL_PTE)
  if (table === 0) throw new LimitError(mm.kernel.machine.refusal)
  setPmd(mm, start, 0, 0)
  mm.deposit(-1, true)
  tables.link(tables.pmdTable(mm.pgd, start), pmdNumber(start) & 511, table)
  const flags = lo & ~PAGE_PSE & 0xfff
  fillSplit(machine, table, pfn, frozen || (flags & PAGE_DIRTY) === 0 ? flags : dirtyFlags(mm, pfn, flags), hi)
  mm.flush(start, HUGE_PAGES)
}

/** Before `splitKeepsDirty`, the page remembers that it is dirty in place of its ptes. */
function dirtyFlags(mm: AddressSpace, head: number, flags: number): number {
  if (mm.calls.splitKeepsDirty) return flags | PAGE_SOFT_DIRTY
  mm.machine.frames.setFlags(head, FRAME_DIRTY)
  return flags & ~PAGE_DIRTY
}

/** Writes the 512 ptes of a split leaf. */
function fillSplit(machine: Machine, table: number, pfn: number, flags: number, hi: number): void {
  const { tables, frames } = machine
  const los = tables.lo(table)
  const his = tables.hi(table)
  const base = tables.base(table)
  const zero = (frames.flags(pfn) & FRAME_ZERO) !== 0
  for (let i = 0; i < HUGE_PAGES; i++) {
    los[base + i] = ((zero ? ZERO_PFN : pfn + i) << 12) | (zero ? flags & ~PAGE_RW : flags)
    his[base + i] = hi
  }
  tables.addUsed(table, HUGE_PAGES)
  machine.counters.ptes += HUGE_PAGES
  if (zero) return
  const chunk = frames.chunk(pfn)
  const first = pfn & FRAME_CHUNK_MASK
  for (let i = 0; i < HUGE_PAGES; i++) chunk[first + i + FRAME_MAP]++
  chunk[first + FRAME_ENTIRE]--
  chunk[first + FRAME_REF] += HUGE_PAGES - 1
}

/** Takes a whole huge leaf away. Anonymous leaves give back the table deposited for them. */
export function zapHugePmd(mm: AddressSpace, vma: Vma, vpn: number): void {
  const pfn = hugePmdPfn(mm, vpn)
  setPmd(mm, vpn, 0, 0)
  unmapHuge(mm.machine, pfn)
  if (vma.file === null) mm.deposit(-1)
  mm.machine.counters.ptes++
}

/** True when an anonymous huge page belongs to one address space alone. */
export function isHugeExclusive(machine: Machine, pfn: number): boolean {
  return (machine.frames.flags(pfn) & FRAME_EXCLUSIVE) !== 0 || machine.frames.field(pfn, FRAME_REF) === 1
}
