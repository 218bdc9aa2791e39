/**
 * The next 2 MiB region of an address space in which there is anything.
 * @module
 */
import type { PageTables } from '@faultline/mm-types'
import { pmdNumber } from './address.ts'

const PAGES_OF_PUD_TABLE = 0x8000000
const PAGES_OF_PMD_TABLE = 0x40000

/** First page at or after `vpn` and before `end` whose pmd entry is not none; `end` when there is none. Steps over what has no table. */
export function nextPmd(tables: PageTables, pgd: number, vpn: number, end: number): number {
  while (vpn < end) {
    if (tables.pudTable(pgd, vpn) === 0) {
      vpn = (Math.floor(vpn / PAGES_OF_PUD_TABLE) + 1) * PAGES_OF_PUD_TABLE
      continue
    }
    const pmd = tables.pmdTable(pgd, vpn)
    if (pmd === 0) {
      vpn = (Math.floor(vpn / PAGES_OF_PMD_TABLE) + 1) * PAGES_OF_PMD_TABLE
      continue
    }
    const region = pmdNumber(vpn)
    const first = region & 511
    const lo = tables.readLo(pmd)
    const hi = tables.readHi(pmd)
    const base = tables.base(pmd)
    let i = first
    while (i < 512 && lo[base + i] === 0 && hi[base + i] === 0) i++
    if (i < 512) {
      const found = i === first ? vpn : (region - first + i) * 512
      return found < end ? found : end
    }
    vpn = (region - first + 512) * 512
  }
  return end
}
