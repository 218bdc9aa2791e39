/**
 * PAGEMAP_SCAN on single entries: their categories, and arming them.
 *
 * @source v6.18 fs/proc/task_mmu.c pagemap_page_category(), make_uffd_wp_pte(), pagemap_hugetlb_category(), make_uffd_wp_huge_pte()
 * @module
 */
import {
  FRAME_ANON,
  FRAME_ZERO,
  KNOWN_ARMED,
  KNOWN_MARKERS,
  KNOWN_NOTHING,
  KNOWN_UNARMED,
  type Known,
  PAGE_IS_FILE,
  PAGE_IS_GUARD,
  PAGE_IS_HUGE,
  PAGE_IS_PFNZERO,
  PAGE_IS_PRESENT,
  PAGE_IS_SOFT_DIRTY,
  PAGE_IS_SWAPPED,
  PAGE_IS_WRITTEN,
  PAGE_PRESENT_ANY,
  PAGE_RW,
  PAGE_SOFT_DIRTY,
  PAGE_UFFD_WP,
  PTE_MARKER_GUARD,
  PTE_MARKER_NO_WP,
  PTE_MARKER_UFFD_WP,
  PTRS_PER_PTE,
  SOFTLEAF_MARKER,
  SOFTLEAF_SPECIAL_PTE,
  SWP_SOFT_DIRTY,
  SWP_UFFD_WP,
  type Words,
} from '@faultline/mm-types'
import { ptePfn, sameBits } from '@faultline/pagetable-core'
import { hugePmdPfn } from '../huge.ts'
import type { AddressSpace } from '../objects.ts'

/** Categories that only the frame of a page can tell. */
const OF_FRAME = PAGE_IS_FILE | PAGE_IS_PFNZERO

/** What present entries of equal categories have in common; of armed ones also that they may not be written. */
const LOOKED_AT = PAGE_PRESENT_ANY | PAGE_UFFD_WP | PAGE_SOFT_DIRTY
const ARMED_LOOKED_AT = LOOKED_AT | PAGE_RW

/**
 * Categories of a pte, without those of its vma; `none` are those of an empty one. What only the frame tells is left out unless the scan
 * asks for it.
 *
 * @param interest categories that any mask of the scan names
 * @source v6.18 fs/proc/task_mmu.c pagemap_page_category() with masks_of_interest
 */
export function pageCategories(mm: AddressSpace, lo: number, hi: number, none: number, interest: number): number {
  if (lo === 0 && hi === 0) return none
  if (lo & PAGE_PRESENT_ANY) {
    let categories = PAGE_IS_PRESENT
    if ((lo & PAGE_UFFD_WP) === 0) categories |= PAGE_IS_WRITTEN
    if (interest & OF_FRAME) categories |= frameCategories(mm, lo, hi)
    if (mm.softDirty && lo & PAGE_SOFT_DIRTY) categories |= PAGE_IS_SOFT_DIRTY
    return categories
  }
  return absentCategories(mm, lo, hi)
}

function frameCategories(mm: AddressSpace, lo: number, hi: number): number {
  const flags = mm.machine.frames.flags(ptePfn(lo, hi))
  if (flags & FRAME_ZERO) return PAGE_IS_PFNZERO
  return flags & FRAME_ANON ? 0 : PAGE_IS_FILE
}

/**
 * End of the entries from `at` on that are of the same categories as that one, as far as their words tell: equal words, or present
 * entries with equal bits where no frame is asked for.
 */
export function sameCategories(los: Words, his: Words, at: number, end: number, interest: number): number {
  const lo = los[at]
  let next = at + 1
  if ((lo & PAGE_PRESENT_ANY) === 0) {
    const hi = his[at]
    while (next < end && los[next] === lo && his[next] === hi) next++
  } else if ((interest & OF_FRAME) === 0) {
    const mask = lo & PAGE_UFFD_WP ? ARMED_LOOKED_AT : LOOKED_AT
    next = sameBits(los, next, end, lo, mask)
  }
  return next
}

/** What is known of a table in which every entry has the categories of this one, by `sameCategories`. */
export function knownFrom(mm: AddressSpace, lo: number, hi: number): Known {
  if (lo & PAGE_PRESENT_ANY) return lo & PAGE_UFFD_WP ? (lo & PAGE_RW ? KNOWN_NOTHING : KNOWN_ARMED) : KNOWN_UNARMED
  return (lo !== 0 || hi !== 0) && lo === mm.encoding.wpLo && hi === mm.encoding.wpHi ? KNOWN_MARKERS : KNOWN_NOTHING
}

/** Whether what is known of a table tells all that a scan asks: neither frames nor soft-dirty bits, of which only the entries know. */
export function tellsAll(mm: AddressSpace, known: Known, interest: number): boolean {
  if (known === KNOWN_MARKERS) return true
  return (known === KNOWN_ARMED || known === KNOWN_UNARMED) && (interest & (mm.softDirty ? OF_FRAME | PAGE_IS_SOFT_DIRTY : OF_FRAME)) === 0
}

/**
 * Categories of the entries of a table of which is known all that a scan asks, without those of their vma. No entry is read: two waits for
 * memory a table, which were most of a scan.
 */
export function knownCategories(mm: AddressSpace, known: Known, none: number): number {
  if (known === KNOWN_NOTHING) return none
  if (known === KNOWN_MARKERS) return absentCategories(mm, mm.encoding.wpLo, mm.encoding.wpHi)
  return known === KNOWN_ARMED ? PAGE_IS_PRESENT : PAGE_IS_PRESENT | PAGE_IS_WRITTEN
}

function absentCategories(mm: AddressSpace, lo: number, hi: number): number {
  let categories = PAGE_IS_SWAPPED
  const kind = mm.classify(lo, hi)
  const isMarker = kind === SOFTLEAF_MARKER || kind === SOFTLEAF_SPECIAL_PTE
  const bits = isMarker ? mm.encoding.markerBits(lo, hi) : 0
  const armed = bits & PTE_MARKER_UFFD_WP || lo & SWP_UFFD_WP
  if (!armed) categories |= PAGE_IS_WRITTEN
  if (bits & PTE_MARKER_GUARD) categories |= PAGE_IS_GUARD
  if (mm.softDirty && !isMarker && lo & SWP_SOFT_DIRTY) categories |= PAGE_IS_SOFT_DIRTY
  return categories
}

/** Categories of a huge leaf of a 4 KiB vma. */
export function hugePmdCategories(mm: AddressSpace, vpn: number, lo: number): number {
  const flags = mm.machine.frames.flags(hugePmdPfn(mm, vpn))
  let categories = PAGE_IS_HUGE | PAGE_IS_PRESENT
  if ((lo & PAGE_UFFD_WP) === 0) categories |= PAGE_IS_WRITTEN
  if (flags & FRAME_ZERO) categories |= PAGE_IS_PFNZERO
  else if ((flags & FRAME_ANON) === 0) categories |= PAGE_IS_FILE
  if (mm.softDirty && lo & PAGE_SOFT_DIRTY) categories |= PAGE_IS_SOFT_DIRTY
  return categories
}

/** Categories of a hugetlb leaf: none is not written. */
export function hugetlbCategories(mm: AddressSpace, lo: number, hi: number): number {
  if (lo === 0 && hi === 0) return mm.kernel.design.anomalies.scanSkipsHugetlbNone ? PAGE_IS_HUGE : PAGE_IS_HUGE | PAGE_IS_WRITTEN
  if (lo & PAGE_PRESENT_ANY) return PAGE_IS_HUGE | pageCategories(mm, lo, hi, 0, OF_FRAME)
  return PAGE_IS_HUGE | (absentCategories(mm, lo, hi) & ~PAGE_IS_GUARD)
}

/** Arms one entry of a table of ptes (or a huge pmd), whatever it is. */
export function armForScan(mm: AddressSpace, table: number, index: number): void {
  const tables = mm.machine.tables
  const los = tables.lo(table)
  const at = tables.base(table) + index
  const lo = los[at]
  const hi = tables.hi(table)[at]
  if (lo & PAGE_PRESENT_ANY) los[at] = (lo | PAGE_UFFD_WP) & ~PAGE_RW
  else if (mm.encoding.markerBits(lo, hi) === PTE_MARKER_NO_WP) tables.set(table, index, 0, 0)
  else if (lo !== 0 || hi !== 0) armSoftleaf(mm, los, at, lo, hi)
  else if (mm.encoding.wpLo !== 0 || mm.encoding.wpHi !== 0) {
    tables.set(table, index, mm.encoding.wpLo, mm.encoding.wpHi)
    mm.machine.counters.markersInstalled++
  }
}

/** Arms entries [from, to) of one table of ptes, which all have the categories of the first, by `sameCategories`. */
export function armRun(mm: AddressSpace, table: number, from: number, to: number): void {
  const { tables, counters } = mm.machine
  const { wpLo, wpHi } = mm.encoding
  const first = tables.base(table) + from
  const last = tables.base(table) + to
  const lo = tables.readLo(table)[first]
  let known: Known = KNOWN_NOTHING
  if (lo & PAGE_PRESENT_ANY) {
    const los = tables.lo(table)
    for (let at = first; at < last; at++) los[at] = (los[at] | PAGE_UFFD_WP) & ~PAGE_RW
    known = KNOWN_ARMED
  } else if (lo === 0 && tables.readHi(table)[first] === 0 && (wpLo !== 0 || wpHi !== 0)) {
    const los = tables.lo(table)
    const his = tables.hi(table)
    for (let at = first; at < last; at++) {
      los[at] = wpLo
      his[at] = wpHi
    }
    tables.addUsed(table, to - from)
    counters.markersInstalled += to - from
    known = KNOWN_MARKERS
  } else for (let index = from; index < to; index++) armForScan(mm, table, index)
  if (to - from === PTRS_PER_PTE) tables.setKnown(table, known)
}

function armSoftleaf(mm: AddressSpace, los: Int32Array, at: number, lo: number, hi: number): void {
  const kind = mm.classify(lo, hi)
  const isMarker = kind === SOFTLEAF_MARKER || kind === SOFTLEAF_SPECIAL_PTE
  if (isMarker && (mm.encoding.markerBits(lo, hi) & PTE_MARKER_UFFD_WP || !mm.kernel.design.anomalies.scanTaintsMarkers)) return
  los[at] = lo | SWP_UFFD_WP
}

/** Arms one hugetlb leaf; markers are left alone. */
export function armHugetlbForScan(mm: AddressSpace, table: number, index: number): void {
  const tables = mm.machine.tables
  const at = tables.base(table) + index
  const lo = tables.lo(table)[at]
  const hi = tables.hi(table)[at]
  if (lo & PAGE_PRESENT_ANY) tables.lo(table)[at] = (lo | PAGE_UFFD_WP) & ~PAGE_RW
  else if (mm.encoding.markerBits(lo, hi) === PTE_MARKER_NO_WP) tables.set(table, index, 0, 0)
  else if (lo === 0 && hi === 0) tables.set(table, index, mm.encoding.wpLo, mm.encoding.wpHi)
}
