/**
 * Ending the protection of one page: what a monitor does for each page that it has seen.
 * @module
 */
import { type HostMm, PAGE_PRESENT_ANY } from '@faultline/mm-types'
import type { Userfaultfd } from './context.ts'
import { unprotected } from './unprotect-span.ts'

// Once more: V8 folds the constants of a module itself, but loads an imported one at every use.
const PRESENT = PAGE_PRESENT_ANY

/**
 * Ends the protection of one present page of 4 KiB, and wakes who waits there.
 *
 * @param page its number, whatever that is
 * @returns false when the page is another matter, and nothing was done
 */
export function unprotectPage(mm: HostMm, context: Userfaultfd, page: number): boolean {
  // With a number of 32 bits none of what follows is done with doubles.
  const vpn = page | 0
  if (vpn !== page || !context.takesCalls) return false
  const vma = mm.findVma(vpn)
  if (vma === undefined) return false
  const rule = context.lastRule.of(mm, vma)
  const { tables, frames, counters } = mm.machine
  const table = tables.pteTable(mm.pgd, vpn)
  if (rule === null || tables.isStandIn(table)) return false
  const at = tables.base(table) + (vpn & 511)
  const los = tables.lo(table)
  const lo = los[at]
  if ((lo & PRESENT) === 0) return false
  counters.ptes++
  const next = unprotected(rule, frames, lo, tables.readHi(table)[at])
  if (next !== lo) {
    los[at] = next
    mm.flushPage(vpn)
  }
  if (context.hasWaiters) context.wake(vpn, vpn + 1)
  return true
}
