/**
 * Leaves of a mapping at its own level: ptes for 4 KiB pages, pmds for 2 MiB hugetlb pages, puds for 1 GiB ones.
 *
 * Code written against these treats all three alike; a vma says which by its `pageShift`.
 * @module
 */
import { LEVEL_PMD, LEVEL_PTE, LEVEL_PUD, type PageTables } from '@faultline/mm-types'
import { pmdNumber } from './address.ts'

/** Level of the leaves of a page size. */
export function leafLevel(pageShift: number): number {
  return pageShift === 12 ? LEVEL_PTE : pageShift === 21 ? LEVEL_PMD : LEVEL_PUD
}

/** The table that holds the leaf of a page, or 0. */
export function leafTable(tables: PageTables, pgd: number, vpn: number, pageShift: number): number {
  return pageShift === 12 ? tables.pteTable(pgd, vpn) : pageShift === 21 ? tables.pmdTable(pgd, vpn) : tables.pudTable(pgd, vpn)
}

/** The same, allocating tables; 0 when the limit is reached. */
export function leafTableAlloc(tables: PageTables, pgd: number, vpn: number, pageShift: number): number {
  if (pageShift === 12) return tables.pteTableAlloc(pgd, vpn)
  return pageShift === 21 ? tables.pmdTableAlloc(pgd, vpn) : tables.pudTableAlloc(pgd, vpn)
}

/** Index of a page's leaf in that table. */
export function leafIndex(vpn: number, pageShift: number): number {
  return pageShift === 12 ? vpn & 511 : pageShift === 21 ? pmdNumber(vpn) & 511 : (pmdNumber(vpn) >> 9) & 511
}

/** 4 KiB pages of a leaf. By a shift: a power that is not constant is a call, and this is asked once a table. */
export function leafPages(pageShift: number): number {
  return 1 << (pageShift - 12)
}

/** End of the part of [vpn, end) that one leaf table covers. */
export function leafSpanEnd(vpn: number, end: number, pageShift: number): number {
  const span = 512 << (pageShift - 12)
  // Page numbers may have more than 32 bits; the ones below are all that counts here.
  const next = vpn - (vpn & (span - 1)) + span
  return next < end ? next : end
}
