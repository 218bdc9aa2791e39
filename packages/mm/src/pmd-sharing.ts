/**
 * hugetlb pmd sharing: one table of pmds for all shared mappings that show a whole GiB of a file at the same place in it.
 *
 * @source v6.18 mm/hugetlb.c huge_pmd_share(), page_table_shareable(), huge_pmd_unshare(), hugetlb_unshare_pmds(), hugetlb_split()
 * @module
 */
import { type Inode, PAGES_PER_PUD, VM_LOCKED, VM_SHARED, type Vma } from '@faultline/mm-types'
import { leafTableAlloc, pmdNumber } from '@faultline/pagetable-core'
import type { AddressSpace } from './objects.ts'
import { inFileOrder } from './vma.ts'

/** The table of a hugetlb leaf; a new table of pmds is shared when the design and the mapping allow it. */
export function hugetlbTableAlloc(mm: AddressSpace, vma: Vma, vpn: number): number {
  const tables = mm.machine.tables
  if (vma.pageShift === 21 && tables.pmdTable(mm.pgd, vpn) === 0 && mayShare(mm, vma, vpn)) {
    const other = findShared(vma, vpn)
    const pud = other === 0 ? 0 : tables.pudTableAlloc(mm.pgd, vpn)
    if (pud !== 0) {
      tables.share(other)
      tables.link(pud, (pmdNumber(vpn) >> 9) & 511, other)
      return other
    }
  }
  return leafTableAlloc(tables, mm.pgd, vpn, vma.pageShift)
}

function mayShare(mm: AddressSpace, vma: Vma, vpn: number): boolean {
  if ((vma.flags & VM_SHARED) === 0 || !mm.kernel.design.pmdSharing.mayShare(vma.flags)) return false
  return coversGiB(vma, vpn)
}

function coversGiB(vma: Vma, vpn: number): boolean {
  const base = vpn - (vpn % PAGES_PER_PUD)
  return base >= vma.start && base + PAGES_PER_PUD <= vma.end
}

/** A table of pmds that another mapping has for the same part of the file, or 0. */
function findShared(vma: Vma, vpn: number): number {
  const pgoff = vma.pgoff + (vpn - vma.start)
  for (const other of inFileOrder(vma.file as Inode)) {
    if (other === vma || (other.flags ^ vma.flags) & ~VM_LOCKED) continue
    const place = other.start + (pgoff - other.pgoff)
    if (place < other.start || place >= other.end || !coversGiB(other, place)) continue
    if (place % PAGES_PER_PUD !== vpn % PAGES_PER_PUD) continue
    const table = other.mm.machine.tables.pmdTable(other.mm.pgd, place)
    // Nobody shares an entry that only stands for a table.
    if (table !== 0) return other.mm.machine.tables.pmdTableAlloc(other.mm.pgd, place)
  }
  return 0
}

/** Lets go of a shared table of pmds. @returns true when it was shared: the leaves are gone from this address space */
export function unsharePmd(mm: AddressSpace, vpn: number): boolean {
  const tables = mm.machine.tables
  const table = tables.pmdTable(mm.pgd, vpn)
  if (table === 0 || !tables.isShared(table)) return false
  tables.set(tables.pudTable(mm.pgd, vpn), (pmdNumber(vpn) >> 9) & 511, 0, 0)
  tables.free(table)
  return true
}

/** A vma is about to be cut at a page: what it no longer shows whole is no longer shared. @source v6.18 mm/hugetlb.c hugetlb_split() */
export function unsharePmdAt(mm: AddressSpace, vma: Vma, vpn: number): void {
  if (vma.pageShift !== 21 || vpn % PAGES_PER_PUD === 0 || !coversGiB(vma, vpn) || !unsharePmd(mm, vpn)) return
  mm.kernel.flush(mm, vpn - (vpn % PAGES_PER_PUD), PAGES_PER_PUD, 1)
}

/** Unshares every table of [start, end). */
export function unsharePmds(mm: AddressSpace, vma: Vma, start: number, end: number): void {
  if (vma.backend !== 'hugetlb' || vma.pageShift !== 21) return
  let unshared = 0
  for (let vpn = start - (start % PAGES_PER_PUD); vpn < end; vpn += PAGES_PER_PUD) if (unsharePmd(mm, Math.max(vpn, start))) unshared++
  if (unshared > 0) mm.kernel.flush(mm, start, end - start, unshared)
}
