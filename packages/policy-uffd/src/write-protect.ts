/**
 * UFFDIO_WRITEPROTECT: sets and clears the uffd-wp bit over ranges, a table at a time.
 * @module
 */
import {
  type ArmingPolicy,
  EAGAIN,
  EINVAL,
  ENOENT,
  ENOMEM,
  ESRCH,
  type HostMm,
  LEVEL_PTE,
  PAGE_RW,
  PAGE_SIZE,
  PAGE_UFFD_WP,
  UFFDIO_WRITEPROTECT_MODE_DONTWAKE,
  UFFDIO_WRITEPROTECT_MODE_WP,
  VM_UFFD_WP,
  type Vma,
} from '@faultline/mm-types'
import {
  armWhole,
  emptyWhole,
  foldWhole,
  leafIndex,
  leafPages,
  leafSpanEnd,
  leafTable,
  leafTableAlloc,
  pmdNumber,
} from '@faultline/pagetable-core'
import type { Userfaultfd } from './context.ts'
import { armSpan } from './protect-span.ts'
import { validateRange } from './ranges.ts'
import { unprotectPage } from './unprotect-page.ts'
import { disarmSpan, recordDisarmed, type UnprotectRule, unprotected, unprotectRule } from './unprotect-span.ts'

/**
 * Arms or disarms [start, start + length) bytes.
 *
 * A vma that is not registered ends the call with -ENOENT after the vmas before it have been changed (anomaly 9); holes are passed.
 * @source v6.18 fs/userfaultfd.c userfaultfd_writeprotect(); mm/userfaultfd.c mwriteprotect_range()
 */
export function writeProtect(mm: HostMm, context: Userfaultfd, start: number, length: number, mode: number): number {
  if (mode === 0 && length === PAGE_SIZE && unprotectPage(mm, context, start / PAGE_SIZE)) return 0
  if (!context.ready) return -EINVAL
  if (context.changing > 0) return -EAGAIN
  const invalid = validateRange(start, length)
  if (invalid || (mode & ~(UFFDIO_WRITEPROTECT_MODE_WP | UFFDIO_WRITEPROTECT_MODE_DONTWAKE)) !== 0) return -EINVAL
  if (mode === (UFFDIO_WRITEPROTECT_MODE_WP | UFFDIO_WRITEPROTECT_MODE_DONTWAKE)) return -EINVAL
  if (!mm.alive) return -ESRCH
  const first = start / 4096
  const end = first + length / 4096
  const enable = (mode & UFFDIO_WRITEPROTECT_MODE_WP) !== 0
  // Nearly every range lies in one vma, and a list of it would be made for each page that a monitor answers.
  const vma = mm.findVma(first)
  const error = vma === undefined || end > vma.end ? protectVmas(mm, first, end, enable) : protectVma(mm, vma, first, end, enable)
  if (error === 0 && mode === 0) context.wake(first, end)
  return error
}

function protectVmas(mm: HostMm, first: number, end: number, enable: boolean): number {
  let found = false
  const vmas = mm.vmasWithin(first, end)
  if (!mm.calls.writeProtectSpans && (vmas.length !== 1 || vmas[0].start > first || vmas[0].end < end)) return -ENOENT
  if (!mm.design.anomalies.failsAfterPartialEffect && vmas.some((vma) => (vma.flags & VM_UFFD_WP) === 0)) return -ENOENT
  for (const vma of vmas) {
    const error = protectVma(mm, vma, first, end, enable)
    if (error) return error
    found = true
  }
  return found ? 0 : -ENOENT
}

function protectVma(mm: HostMm, vma: Vma, first: number, end: number, enable: boolean): number {
  if ((vma.flags & VM_UFFD_WP) === 0) return -ENOENT
  const pages = leafPages(vma.pageShift)
  if (pages !== 1 && (first % pages !== 0 || (end - first) % pages !== 0)) return -EINVAL
  return protectRange(mm, vma, Math.max(vma.start, first), Math.min(vma.end, end), enable)
}

/** How none entries of a vma are armed. @source v6.18 include/linux/userfaultfd_k.h userfaultfd_wp_use_markers() */
export function armingOf(mm: HostMm, vma: Vma): ArmingPolicy {
  const { arming } = mm.design
  if (vma.file !== null) return arming.file
  return vma.uffd !== null && (vma.uffd.features & arming.unpopulatedFeatures) !== 0 && vma.uffd.features > 0
    ? arming.anonUnpopulated
    : arming.anon
}

/**
 * Arms or disarms pages [start, end) of one vma.
 *
 * @param leaves the registration ends: what recorded that pages are not armed goes too
 * @returns 0 or -ENOMEM when a table was needed and none was left
 * @source v6.18 mm/userfaultfd.c uffd_wp_range(); mm/mprotect.c change_protection()
 */
export function protectRange(mm: HostMm, vma: Vma, start: number, end: number, enable: boolean, leaves = false): number {
  const { tables } = mm.machine
  const policy = armingOf(mm, vma)
  const shift = vma.pageShift
  const records = !enable && !leaves && policy.noneIsArmed
  const allocates = records || (enable && (policy.needsTable || shift !== 12))
  const mapsHuge = enable && policy.mapsHugeZeroPage && vma.backend === 'anon'
  const rule = unprotectRule(mm, vma)
  const dropsShared = shift === 21 && mm.design.pmdSharing.unsharesAtProtect
  let changed = 0
  for (let vpn = start; vpn < end; ) {
    const next = leafSpanEnd(vpn, end, shift)
    if (shift === 12 && mm.hugeLeaf(vpn) !== 0) {
      const splits = next - vpn !== 512 || (enable && (vma.file !== null || mm.design.hugeWp.splitsWhenArmed))
      if (!splits) {
        changed += protectHuge(mm, rule, vpn, enable)
        vpn = next
        continue
      }
      mm.splitHuge(vma, vpn)
    }
    if (mapsHuge && next - vpn === 512 && mm.mapHugeZeroPage(vma, vpn, PAGE_UFFD_WP)) {
      changed++
      vpn = next
      continue
    }
    const highest = enable && allocates ? policy.wholeLevel(vpn, tables, mm.pgd) : LEVEL_PTE
    const whole = protectWhole(mm, vpn, end, shift, enable, highest)
    if (whole < 0) return whole
    if (whole > 0) {
      changed += whole
      vpn += whole
      continue
    }
    const table = allocates ? leafTableAlloc(tables, mm.pgd, vpn, shift) : leafTable(tables, mm.pgd, vpn, shift)
    if (table === 0) {
      if (allocates) return -ENOMEM
      vpn = shift === 12 ? tables.nextPmd(mm.pgd, next, end) : next
      continue
    }
    if (dropsShared && tables.isShared(table)) {
      mm.unsharePmds(vma, vpn, next)
      vpn = next
      continue
    }
    const from = leafIndex(vpn, shift)
    const to = from + Math.ceil((next - vpn) / leafPages(shift))
    if (enable) changed += armSpan(mm, vma, table, from, to, policy)
    else changed += disarmSpan(mm, rule, table, from, to, leaves) + (records ? recordDisarmed(mm, table, from, to) : 0)
    foldWhole(tables, mm.pgd, vpn, shift, highest)
    vpn = next
  }
  if (changed > 0) mm.flushChanged(start, end - start, changed)
  return 0
}

/**
 * Arms what is empty by one entry above the leaves, or empties what one stands for.
 *
 * @returns pages done, from `vpn` on; 0 when the caller is to change a table, which is there then; -ENOMEM when none was left for it
 */
function protectWhole(mm: HostMm, vpn: number, end: number, shift: number, enable: boolean, highest: number): number {
  const { tables, counters } = mm.machine
  let pages: number
  if (enable) {
    pages = armWhole(tables, mm.pgd, vpn, end, shift, highest)
    if (pages !== 0) counters.markersInstalled++
  } else {
    const table = leafTable(tables, mm.pgd, vpn, shift)
    if (table === 0 || !tables.isStandIn(table) || tables.used(table) === 0) return 0
    pages = emptyWhole(tables, mm.pgd, vpn, end, shift)
    if (pages === 0) return leafTableAlloc(tables, mm.pgd, vpn, shift) === 0 ? -ENOMEM : 0
  }
  if (pages !== 0) counters.ptes++
  return pages
}

/** A whole anonymous huge leaf. @source v6.18 mm/huge_memory.c change_huge_pmd() */
function protectHuge(mm: HostMm, rule: UnprotectRule, vpn: number, enable: boolean): number {
  const { tables, frames, counters } = mm.machine
  const pmd = tables.pmdTable(mm.pgd, vpn)
  const los = tables.lo(pmd)
  const at = tables.base(pmd) + (pmdNumber(vpn) & 511)
  const lo = los[at]
  counters.ptes++
  const next = enable ? (lo | PAGE_UFFD_WP) & ~PAGE_RW : unprotected(rule, frames, lo, tables.readHi(pmd)[at])
  los[at] = next
  return next === lo ? 0 : 1
}
