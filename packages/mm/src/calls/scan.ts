/**
 * PAGEMAP_SCAN.
 *
 * @source v6.18 fs/proc/task_mmu.c do_pagemap_scan(), pagemap_scan_pmd_entry(), pagemap_scan_thp_entry(),
 * pagemap_scan_hugetlb_entry(), pagemap_scan_pte_hole(), pagemap_scan_test_walk()
 * @module
 */
import {
  EFAULT,
  EINVAL,
  EPERM,
  PAGE_IS_SOFT_DIRTY,
  PAGE_IS_WPALLOWED,
  PAGE_IS_WRITTEN,
  PM_SCAN_CHECK_WPASYNC,
  PM_SCAN_WP_MATCHING,
  PTRS_PER_PTE,
  VM_SOFTDIRTY,
  VM_UFFD_WP,
} from '@faultline/mm-types'
import { armWhole, foldWhole, leafIndex, leafPages, leafSpanEnd, leafTable, leafTableAlloc, pmdNumber } from '@faultline/pagetable-core'
import { HUGE_PAGES, hugePmdLo, splitHugePmd } from '../huge.ts'
import type { AddressSpace } from '../objects.ts'
import type { VmArea } from '../vma.ts'
import { ownTable } from '../zap.ts'
import {
  armForScan,
  armHugetlbForScan,
  armRun,
  hugePmdCategories,
  hugetlbCategories,
  knownCategories,
  knownFrom,
  pageCategories,
  sameCategories,
  tellsAll,
} from './scan-entry.ts'
import type { ScanOutput, ScanRequest, ScanResult } from './scan-output.ts'
import { NO_REGIONS } from './scan-regions.ts'

const FLAGS = PM_SCAN_WP_MATCHING | PM_SCAN_CHECK_WPASYNC
/** The walk ends here for good, or goes on. */
const STOP = 1
const GO_ON = 0

/** Scans [request.start, request.end) bytes. */
export function scanPagemap(mm: AddressSpace, request: ScanRequest): ScanResult {
  const { start } = request
  const masks = request.inverted | request.mask | request.anyof | request.returned
  if (request.flags & ~FLAGS || masks & ~mm.calls.scanCategories || start % 4096 !== 0)
    return { errno: EINVAL, found: NO_REGIONS, walkEnd: 0 }
  const end = Math.ceil(request.end / 4096) * 4096
  if (end > 0x7ffffffff000 || start > end) return { errno: EFAULT, found: NO_REGIONS, walkEnd: 0 }
  const output = mm.kernel.scan
  output.begin(request)
  let errno = 0
  const last = end / 4096
  let vpn = start / 4096
  for (const vma of vpn < last ? mm.vmas.within(vpn, last) : []) {
    vpn = Math.max(vma.start, vpn)
    const error = scanVma(mm, vma, vpn, Math.min(vma.end, last), request, output)
    if (error < 0) errno = -error
    if (error !== GO_ON) break
  }
  if (output.walkEnd < 0) output.walkEnd = last
  return { errno, found: output.regions(), walkEnd: output.walkEnd * 4096 }
}

function scanVma(mm: AddressSpace, vma: VmArea, start: number, end: number, request: ScanRequest, output: ScanOutput): number {
  const { uffd } = mm.kernel
  const allowed = (vma.flags & VM_UFFD_WP) !== 0 && uffd.wpAsync(vma) && uffd.usesMarkers(vma)
  if (!allowed) {
    if (request.flags & PM_SCAN_CHECK_WPASYNC) return -EPERM
    if (request.flags & PM_SCAN_WP_MATCHING) return GO_ON
  }
  const category = (allowed ? PAGE_IS_WPALLOWED : 0) | (vma.flags & VM_SOFTDIRTY ? PAGE_IS_SOFT_DIRTY : 0)
  const required = request.mask & PAGE_IS_WPALLOWED
  if (((category ^ request.inverted) & required) !== required) return GO_ON
  return vma.backend === 'hugetlb' ? scanHugetlb(mm, vma, start, end, category, output) : scanPages(mm, vma, start, end, category, output)
}

function scanPages(mm: AddressSpace, vma: VmArea, start: number, end: number, category: number, output: ScanOutput): number {
  const tables = mm.machine.tables
  const none = mm.kernel.uffd.armsNone(vma) ? 0 : PAGE_IS_WRITTEN
  output.forPresent(category, mm.softDirty)
  let vpn = start
  while (vpn < end) {
    const next = leafSpanEnd(vpn, end, 12)
    const lo = hugePmdLo(mm, vpn)
    if (lo !== 0) {
      const stopped = scanHugePmd(mm, vma, vpn, next, category, output)
      if (stopped === STOP) return STOP
      if (stopped === GO_ON) {
        vpn = next
        continue
      }
    }
    let table = tables.pteTable(mm.pgd, vpn)
    if (table !== 0 && tables.isStandIn(table)) {
      if (tables.used(table) !== 0) {
        const pages = tables.wholePages(mm.pgd, vpn)
        const wholeEnd = Math.min(end, vpn - (vpn % pages) + pages)
        if (scanArmed(mm, vpn, wholeEnd, category, output) === STOP) return STOP
        vpn = wholeEnd
        continue
      }
      if (output.arms) table = ownTable(mm, vpn, 12)
    }
    if (table === 0) {
      const holeEnd = tables.nextPmd(mm.pgd, next, end)
      if (scanHole(mm, vma, vpn, holeEnd, category, output) === STOP) return STOP
      vpn = holeEnd
      continue
    }
    const verdict = scanTable(mm, table, vpn, next, category, none, output)
    if (output.arms) foldWhole(tables, mm.pgd, vpn, 12, mm.kernel.uffd.wholeLevel(vma, vpn))
    if (verdict === STOP) return STOP
    vpn = next
  }
  return GO_ON
}

/** One entry stands for tables in which everything is armed and none. */
function scanArmed(mm: AddressSpace, start: number, end: number, category: number, output: ScanOutput): number {
  const categories = category | pageCategories(mm, mm.encoding.wpLo, mm.encoding.wpHi, 0, output.interest)
  mm.machine.counters.ptes++
  if (output.exclusive ? (categories & PAGE_IS_WRITTEN) === 0 : !output.matches(categories)) return GO_ON
  return output.add(categories, start, end) < end ? STOP : GO_ON
}

/** Nothing in the tables: written, where the vma is watched. */
function scanHole(mm: AddressSpace, vma: VmArea, start: number, end: number, category: number, output: ScanOutput): number {
  const skips = vma.backend === 'hugetlb' && mm.kernel.design.anomalies.scanSkipsHugetlbNone
  const armed = mm.kernel.uffd.armsNone(vma)
  const watched = (vma.flags & VM_UFFD_WP) !== 0 && !skips && !armed
  const categories = watched ? category | PAGE_IS_WRITTEN : category
  if (!output.matches(categories)) return GO_ON
  const done = output.add(categories, start, end)
  if (done > start && output.arms && !armed) {
    if (vma.backend === 'hugetlb') armHugetlbHole(mm, vma, start, done)
    else if (!armHole(mm, vma, start, done)) return STOP
  }
  return done < end ? STOP : GO_ON
}

/** @returns false when no table is left */
function armHole(mm: AddressSpace, vma: VmArea, start: number, end: number): boolean {
  const { tables, counters } = mm.machine
  for (let vpn = start; vpn < end; ) {
    const highest = mm.kernel.uffd.wholeLevel(vma, vpn)
    const armed = armWhole(tables, mm.pgd, vpn, end, 12, highest)
    if (armed !== 0) {
      counters.markersInstalled++
      vpn += armed
      continue
    }
    const next = leafSpanEnd(vpn, end, 12)
    const table = tables.pteTableAlloc(mm.pgd, vpn)
    if (table === 0) return false
    armRun(mm, table, vpn & 511, (vpn & 511) + (next - vpn))
    foldWhole(tables, mm.pgd, vpn, 12, highest)
    vpn = next
  }
  return true
}

function armHugetlbHole(mm: AddressSpace, vma: VmArea, start: number, end: number): void {
  const pages = leafPages(vma.pageShift)
  for (let vpn = start - (start % pages); vpn < end; vpn += pages) {
    const table = leafTableAlloc(mm.machine.tables, mm.pgd, vpn, vma.pageShift)
    if (table !== 0) armHugetlbForScan(mm, table, leafIndex(vpn, vma.pageShift))
  }
}

/** @returns GO_ON, STOP, or 2 when the leaf was split and the ptes are to be scanned */
function scanHugePmd(mm: AddressSpace, vma: VmArea, vpn: number, end: number, category: number, output: ScanOutput): number {
  const tables = mm.machine.tables
  const pmd = tables.pmdTable(mm.pgd, vpn)
  const at = tables.base(pmd) + (pmdNumber(vpn) & 511)
  const categories = category | hugePmdCategories(mm, vpn, tables.lo(pmd)[at])
  mm.machine.counters.ptes++
  if (!output.matches(categories)) return GO_ON
  const mark = output.mark()
  const done = output.add(categories, vpn, end)
  if (done === vpn) return STOP
  if (output.arms && categories & PAGE_IS_WRITTEN) {
    if (done - vpn !== HUGE_PAGES || mm.kernel.design.hugeWp.splitsWhenArmed) {
      output.restore(mark)
      splitHugePmd(mm, vma, vpn)
      return 2
    }
    armForScan(mm, pmd, pmdNumber(vpn) & 511)
    mm.kernel.flush(mm, vpn, HUGE_PAGES)
  }
  return done < end ? STOP : GO_ON
}

function scanTable(
  mm: AddressSpace,
  table: number,
  start: number,
  end: number,
  category: number,
  none: number,
  output: ScanOutput,
): number {
  const { tables, counters } = mm.machine
  const los = tables.readLo(table)
  const his = tables.readHi(table)
  const { interest, exclusive, arms } = output
  const first = tables.base(table) + (start & 511)
  const last = first + (end - start)
  // Nothing is known of a table that is empty.
  const known = tables.known(table)
  const isUniform = tables.used(table) === 0 || tellsAll(mm, known, interest)
  let flushed = 0
  let verdict = GO_ON
  counters.ptes += end - start
  for (let at = first, next = first; at < last; at = next) {
    next = isUniform ? last : sameCategories(los, his, at, last, interest)
    if (!isUniform && next - at === PTRS_PER_PTE) tables.setKnown(table, knownFrom(mm, los[at], his[at]))
    if (next < last) {
      const reached = output.addPresent(los, at, last, start + (at - first))
      if (reached > at) {
        next = reached
        continue
      }
    }
    const own = isUniform ? knownCategories(mm, known, none) : pageCategories(mm, los[at], his[at], none, interest)
    const categories = category | own
    if (exclusive ? (categories & PAGE_IS_WRITTEN) === 0 : !output.matches(categories)) continue
    const vpn = start + (at - first)
    const done = output.add(categories, vpn, vpn + (next - at))
    if (arms && categories & PAGE_IS_WRITTEN && done > vpn) {
      armRun(mm, table, vpn & 511, (vpn & 511) + (done - vpn))
      flushed += done - vpn
    }
    if (done < vpn + (next - at)) {
      verdict = STOP
      break
    }
  }
  if (flushed > 0) mm.kernel.flush(mm, start, end - start, flushed)
  return verdict
}

function scanHugetlb(mm: AddressSpace, vma: VmArea, start: number, end: number, category: number, output: ScanOutput): number {
  const tables = mm.machine.tables
  const pages = leafPages(vma.pageShift)
  for (let vpn = start; vpn < end; ) {
    const next = Math.min(end, vpn - (vpn % pages) + pages)
    const table = leafTable(tables, mm.pgd, vpn, vma.pageShift)
    if (table === 0) {
      if (scanHole(mm, vma, vpn, next, category, output) === STOP) return STOP
      vpn = next
      continue
    }
    const index = leafIndex(vpn, vma.pageShift)
    const at = tables.base(table) + index
    const categories = category | hugetlbCategories(mm, tables.lo(table)[at], tables.hi(table)[at])
    mm.machine.counters.ptes++
    if (output.matches(categories)) {
      const mark = output.mark()
      const done = output.add(categories, vpn, next)
      if (done === vpn) return STOP
      if (output.arms && categories & PAGE_IS_WRITTEN) {
        if (done - vpn !== pages) {
          // A part of a huge page cannot be armed: it is left out, and the walk, which goes on, is said to have ended before it.
          output.restore(mark)
          output.walkEnd = vpn
          vpn = next
          continue
        }
        armHugetlbForScan(mm, table, index)
        mm.kernel.flush(mm, vpn, pages)
      }
      if (done < next) return STOP
    }
    vpn = next
  }
  return GO_ON
}
