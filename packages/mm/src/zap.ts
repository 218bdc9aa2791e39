/**
 * Erasing entries: what MADV_DONTNEED, munmap, truncation, hole punching and reclaim of file pages leave behind.
 *
 * @source v6.18 mm/memory.c zap_pte_range(), zap_install_uffd_wp_if_needed(); mm/hugetlb.c __unmap_hugepage_range()
 * @module
 */
import {
  FRAME_ANON,
  FRAME_CACHE,
  FRAME_CHUNK_MASK,
  FRAME_DIRTY,
  FRAME_ENTIRE,
  FRAME_FLAGS,
  FRAME_MAP,
  FRAME_SLOT,
  FRAME_ZERO,
  type Machine,
  PAGE_DIRTY,
  PAGE_PRESENT_ANY,
  PAGE_PSE,
  PAGE_UFFD_WP,
  PTE_MARKER_GUARD,
  PTE_MARKER_NO_WP,
  PTE_MARKER_POISONED,
  PTE_MARKER_UFFD_WP,
  SOFTLEAF_MARKER,
  SOFTLEAF_SPECIAL_PTE,
  SOFTLEAF_SWAP,
  SWP_UFFD_WP,
  VM_UFFD_WP,
  ZAP_DROP_MARKER,
  ZAP_UNMAP,
} from '@faultline/mm-types'
import {
  emptyWhole,
  foldWhole,
  LimitError,
  leafIndex,
  leafPages,
  leafSpanEnd,
  leafTable,
  leafTableAlloc,
  sameBits,
} from '@faultline/pagetable-core'
import { classify, swpOffset } from '@faultline/swap-entry'
import { dropRun } from './drop-run.ts'
import { SHORTEST_RUN } from './fill-run.ts'
import { HUGE_PAGES, hugePmdLo, splitHugePmd, zapHugePmd } from './huge.ts'
import type { AddressSpace } from './objects.ts'
import { unsharePmd } from './pmd-sharing.ts'
import { dropSwapCache } from './swap-cache.ts'
import type { VmArea } from './vma.ts'

/** How a zap treats what it meets. */
export interface ZapDetails {
  /** ZAP_* flags. */
  readonly flags: number
  /** False spares private copies of a file mapping (hole punching). @source mm/memory.c should_zap_cows() */
  readonly evenCows: boolean
  /** True takes the mappings of pages and leaves every other entry as it is. */
  readonly presentOnly?: boolean
}

/** MADV_DONTNEED and reclaim: everything goes, armed file entries leave markers. */
export const ZAP_PLAIN: ZapDetails = { flags: 0, evenCows: true }
/** munmap and exit. */
export const ZAP_FINAL: ZapDetails = { flags: ZAP_DROP_MARKER | ZAP_UNMAP, evenCows: true }
/** Truncation: what the entries stood for goes for good, and the mapping stays. */
export const ZAP_TRUNCATE: ZapDetails = { flags: ZAP_DROP_MARKER, evenCows: true }
/** Hole punching through the file. */
export const ZAP_CACHE_ONLY: ZapDetails = { flags: 0, evenCows: false }
/** Reclaim, collapse and the split of a page of the cache: the mappings of that page. @source mm/rmap.c try_to_unmap() */
export const ZAP_MAPPINGS: ZapDetails = { flags: 0, evenCows: false, presentOnly: true }

/** Erases [start, end) of a vma. Tables stay. */
export function zapRange(mm: AddressSpace, vma: VmArea, start: number, end: number, details: ZapDetails): void {
  const tables = mm.machine.tables
  const shift = vma.pageShift
  let changed = 0
  for (let vpn = start; vpn < end; ) {
    const next = leafSpanEnd(vpn, end, shift)
    if (shift === 12 && hugePmdLo(mm, vpn) !== 0) {
      changed++
      if (next - vpn === HUGE_PAGES) {
        zapHugePmd(mm, vma, vpn)
        vpn = next
        continue
      }
      splitHugePmd(mm, vma, vpn)
    }
    let table = leafTable(tables, mm.pgd, vpn, shift)
    if (table === 0) {
      vpn = shift === 12 ? tables.nextPmd(mm.pgd, next, end) : next
      continue
    }
    if (tables.isStandIn(table)) {
      if (tables.used(table) === 0 || leavesMarkers(mm, vma, details)) {
        vpn = next
        continue
      }
      const gone = emptyWhole(tables, mm.pgd, vpn, end, shift)
      if (gone !== 0) {
        mm.machine.counters.ptes++
        changed++
        vpn += gone
        continue
      }
      table = ownTable(mm, vpn, shift)
    }
    if (shift === 21 && tables.isShared(table)) {
      unsharePmd(mm, vpn)
      changed++
    } else if (tables.used(table) !== 0) {
      const from = leafIndex(vpn, shift)
      const zapped = zapSpan(mm, vma, table, vpn, from, from + Math.ceil((next - vpn) / leafPages(shift)), details)
      changed += zapped
      // Markers that a file's entries left may fill the table now.
      if (zapped > 0 && vma.file !== null) foldWhole(tables, mm.pgd, vpn, shift, mm.design.arming.file.wholeLevel(vpn, tables, mm.pgd))
    }
    vpn = next
  }
  if (changed > 0) mm.kernel.flush(mm, start, end - start, changed)
}

/** Whether wp markers are left as they are. */
function leavesMarkers(mm: AddressSpace, vma: VmArea, details: ZapDetails): boolean {
  return details.presentOnly === true || (vma.file !== null && mm.kernel.design.zap.keepsUffdWp(vma.flags, details.flags))
}

/** The table of leaves over a page, filled with what a stand-in showed there. */
export function ownTable(mm: AddressSpace, vpn: number, pageShift: number): number {
  const table = leafTableAlloc(mm.machine.tables, mm.pgd, vpn, pageShift)
  if (table === 0) throw new LimitError(mm.kernel.machine.refusal)
  return table
}

/** Erases entries [from, to) of one table, those of the pages from `start` on. @returns entries changed */
function zapSpan(mm: AddressSpace, vma: VmArea, table: number, start: number, from: number, to: number, details: ZapDetails): number {
  const { tables, frames, counters } = mm.machine
  const los = tables.lo(table)
  const his = tables.hi(table)
  const base = tables.base(table)
  const keepsMarkers = vma.file !== null && mm.kernel.design.zap.keepsUffdWp(vma.flags, details.flags)
  // hugetlb leaves a marker for every armed entry, whatever the vma is registered for.
  const keeps = keepsMarkers && (vma.backend === 'hugetlb' || (vma.flags & VM_UFFD_WP) !== 0)
  const { encoding } = mm
  const records = vma.flags & VM_UFFD_WP && mm.kernel.uffd.armsNone(vma)
  const clearBits = records && (details.flags & ZAP_DROP_MARKER) === 0 ? PTE_MARKER_NO_WP : 0
  // What is left in place of an armed entry, and of one that is not.
  const armedLo = keeps && !records ? encoding.wpLo : 0
  const armedHi = keeps && !records ? encoding.wpHi : 0
  const clearLo = encoding.markerLo(clearBits)
  const clearHi = encoding.markerHi(clearBits)
  const sparesCows = !details.evenCows && vma.backend !== 'hugetlb'
  const restores = vma.reservations !== null
  // Of most anonymous memory nothing is left, whatever an entry was.
  const leavesNone = vma.file === null && clearBits === 0
  let nextRun = 0
  // End of entries with the same high words.
  let alike = 0
  let gone = 0
  let changed = 0
  // After the last entry that is something nothing is looked at.
  let left = tables.used(table)
  for (let at = base + from, end = base + to; at < end && left > 0; at++) {
    const lo = los[at]
    const hi = his[at]
    if (lo === 0 && hi === 0) continue
    left--
    if (leavesNone && at >= nextRun && lo & PAGE_PRESENT_ANY) {
      if (at >= alike) alike = sameBits(his, at, end, hi, -1)
      const run = dropRun(los, his, hi, at, alike, frames)
      nextRun = at + (run < SHORTEST_RUN ? SHORTEST_RUN : run)
      if (run > 0) {
        changed += run
        gone += run
        at += run - 1
        left -= run - 1
        continue
      }
    }
    let leftLo: number
    let leftHi: number
    if (lo & PAGE_PRESENT_ANY) {
      const pfn = (lo >>> 12) | ((hi & 0xfffff) << 20)
      const chunk = frames.chunk(pfn)
      const record = pfn & FRAME_CHUNK_MASK
      const flags = chunk[record + FRAME_FLAGS]
      if (sparesCows && (details.presentOnly ? (flags & FRAME_CACHE) === 0 : flags & FRAME_ANON)) continue
      leftLo = lo & PAGE_UFFD_WP ? armedLo : clearLo
      leftHi = lo & PAGE_UFFD_WP ? armedHi : clearHi
      if ((flags & FRAME_ZERO) === 0) {
        chunk[record + (lo & PAGE_PSE ? FRAME_ENTIRE : FRAME_MAP)]--
        // What was written is a file's page's to remember from now on.
        if (lo & PAGE_DIRTY && (flags & FRAME_ANON) === 0) chunk[record + FRAME_FLAGS] |= FRAME_DIRTY
        if (chunk[record + FRAME_SLOT] !== 0) dropSwapCache(mm.machine, pfn)
        if (restores && flags & FRAME_ANON)
          mm.kernel.backends.hugetlb.restoreReservation(vma, start + (at - base - from) * leafPages(vma.pageShift), pfn)
        frames.put(pfn)
      }
    } else {
      if (details.presentOnly) continue
      const verdict = zapSoftleaf(mm, vma, lo, hi, details, keepsMarkers)
      if (verdict === KEEP) continue
      leftLo = verdict === GONE_ARMED ? armedLo : verdict === GONE ? clearLo : 0
      leftHi = verdict === GONE_ARMED ? armedHi : verdict === GONE ? clearHi : 0
    }
    changed++
    los[at] = leftLo
    his[at] = leftHi
    if (leftLo === 0) gone++
  }
  counters.ptes += to - from
  if (gone > 0) tables.addUsed(table, -gone)
  return changed
}

const KEEP = 0
const GONE = 1
const GONE_ARMED = 2
/** It held no page, and said nothing about protection. */
const GONE_MARKER = 3

/** Decides over one entry that is neither none nor present; frees its slot when it goes. */
function zapSoftleaf(mm: AddressSpace, vma: VmArea, lo: number, hi: number, details: ZapDetails, keepsMarkers: boolean): number {
  const encoding = mm.encoding
  const isHugetlb = vma.backend === 'hugetlb'
  const kind = classify(lo, hi, mm.kernel.types, encoding)
  if (kind === SOFTLEAF_MARKER || kind === SOFTLEAF_SPECIAL_PTE) {
    const bits = encoding.markerBits(lo, hi)
    const armed = bits & PTE_MARKER_UFFD_WP || (kind === SOFTLEAF_MARKER && encoding.bits !== PTE_MARKER_UFFD_WP && lo & SWP_UFFD_WP)
    if (bits & PTE_MARKER_NO_WP) return details.flags & ZAP_DROP_MARKER ? GONE_MARKER : KEEP
    if (!isHugetlb) {
      if (bits & PTE_MARKER_UFFD_WP) {
        // A marker that is there stays, registered or not.
        if (keepsMarkers) return KEEP
      } else if (bits & PTE_MARKER_GUARD) {
        if ((details.flags & ZAP_DROP_MARKER) === 0) return KEEP
      } else if (bits & PTE_MARKER_POISONED && !details.evenCows) return KEEP
    }
    return armed ? GONE_ARMED : GONE_MARKER
  }
  if (!isHugetlb && !details.evenCows) return KEEP
  if (kind === SOFTLEAF_SWAP) freeSwapEntry(mm.machine, swpOffset(lo, hi))
  return lo & SWP_UFFD_WP ? GONE_ARMED : GONE
}

/** Drops an entry's reference to a swap slot. @source mm/swapfile.c free_swap_and_cache() */
export function freeSwapEntry(machine: Machine, slot: number): void {
  machine.swap.free(slot)
  if (machine.swap.count(slot) === 0) {
    const cached = machine.swap.cached(slot)
    if (cached !== 0) dropSwapCache(machine, cached)
  }
}
