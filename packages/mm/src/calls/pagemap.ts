/**
 * /proc/pid/pagemap together with kpageflags: the state of a page in words.
 *
 * @source v6.18 fs/proc/task_mmu.c pte_to_pagemap_entry(), pagemap_pmd_range(), pagemap_hugetlb_range()
 * @fidelity simplified pte_to_pagemap_entry(): flags in words; frame numbers, swap types and offsets are not shown
 * @module
 */
import {
  FRAME_ANON,
  FRAME_CHUNK_MASK,
  FRAME_FLAGS,
  FRAME_HUGETLB,
  FRAME_MAP,
  FRAME_ORDER_SHIFT,
  FRAME_ZERO,
  type Frames,
  PAGE_PRESENT_ANY,
  PAGE_PSE,
  PAGE_SOFT_DIRTY,
  PAGE_UFFD_WP,
  PTE_MARKER_GUARD,
  PTE_MARKER_POISONED,
  PTE_MARKER_UFFD_WP,
  SOFTLEAF_MARKER,
  SOFTLEAF_SPECIAL_PTE,
  SOFTLEAF_SWAP,
  SWP_SOFT_DIRTY,
  SWP_UFFD_WP,
  VM_SOFTDIRTY,
  type Words,
} from '@faultline/mm-types'
import { leafIndex, leafPages, leafSpanEnd, leafTable, pmdNumber, ptePfn, sameBits } from '@faultline/pagetable-core'
import {
  STATE_EXCLUSIVE,
  STATE_FILE,
  STATE_GUARD,
  STATE_HUGE,
  STATE_MARKER_GUARD,
  STATE_MARKER_POISON,
  STATE_MARKER_WP,
  STATE_PRESENT,
  STATE_SOFT_DIRTY,
  STATE_SPECIAL,
  STATE_SWAP,
  STATE_THP,
  STATE_UFFD_WP,
  STATE_ZERO,
} from '@faultline/program'
import { hugePmdLo } from '../huge.ts'
import type { AddressSpace } from '../objects.ts'
import type { VmArea } from '../vma.ts'

// Constants of the innermost loop, once more: V8 folds those of a module itself, but loads an imported one at every use.
const PRESENT = PAGE_PRESENT_ANY
const FLAGS = FRAME_FLAGS
const MAP = FRAME_MAP
const CHUNK_MASK = FRAME_CHUNK_MASK
/** Bits of an entry that tell whether it is present and in which chunk of frames its frame is, as far as the low word knows. */
const CHUNK_AND_PRESENT = PRESENT | (~0xfff & ~(CHUNK_MASK << 12))
const ARMED = PAGE_UFFD_WP
const OF_ARMED = STATE_UFFD_WP
const OF_SOFT = STATE_SOFT_DIRTY
/** Flags of a frame that is not by itself, or is a zero page. */
const NOT_SMALL = FRAME_ZERO | FRAME_HUGETLB | (-1 << FRAME_ORDER_SHIFT)

/** The state of one page: bits STATE_* of `@faultline/program`. */
export function pageState(mm: AddressSpace, vpn: number): number {
  const vma = mm.vmas.find(vpn)
  if (vma === undefined) return 0
  return leafState(mm, vma, vpn) | (vma.flags & VM_SOFTDIRTY ? STATE_SOFT_DIRTY : 0)
}

/**
 * The states of `count` pages from `first` on, each `step` pages of 4 KiB, as a read tells them. Counts the entries it comes by: a
 * huge page is one, and where there is no table there are none.
 *
 * @source v6.18 fs/proc/task_mmu.c pagemap_read(), pagemap_pmd_range(), pagemap_pte_hole()
 */
export function pageStates(mm: AddressSpace, first: number, count: number, step: number): Uint16Array {
  const states = new Uint16Array(count)
  for (let done = 0; done < count; ) {
    const vpn = first + done * step
    const vma = mm.vmas.find(vpn)
    if (vma === undefined) {
      states[done++] = 0
      continue
    }
    const inSpan = Math.ceil((leafSpanEnd(vpn, vma.end, vma.pageShift) - vpn) / step)
    const span = Math.min(inSpan, count - done)
    fillSpan(states, done, mm, vma, vpn, span, step)
    done += span
  }
  return states
}

/** Fills in the states of `count` pages that are under one table. */
function fillSpan(states: Uint16Array, done: number, mm: AddressSpace, vma: VmArea, vpn: number, count: number, step: number): void {
  const soft = vma.flags & VM_SOFTDIRTY ? STATE_SOFT_DIRTY : 0
  const huge = vma.pageShift === 12 && hugePmdLo(mm, vpn) !== 0
  const table = tableOf(mm, vma, vpn, huge)
  if (table !== 0) mm.machine.counters.ptes += huge ? 1 : Math.ceil((count * step) / leafPages(vma.pageShift))
  if (table === 0) states.fill(soft, done, done + count)
  else if (vma.pageShift === 12 && !huge) fillPtes(states, done, mm, table, vpn, count, soft)
  else for (let i = 0; i < count; i++) states[done + i] = soft | entryState(mm, vma, vpn + i * step, table, huge)
}

/** The same for a table of ptes: what is true of all of them is asked once. */
function fillPtes(states: Uint16Array, done: number, mm: AddressSpace, table: number, vpn: number, count: number, soft: number): void {
  const { tables, frames } = mm.machine
  const los = tables.readLo(table)
  const his = tables.readHi(table)
  const first = tables.base(table) + (vpn & 511)
  const softBit = mm.softDirty ? PAGE_SOFT_DIRTY : 0
  let lastLo = 0
  let lastHi = 0
  let lastState = 0
  // End of entries with the same high words.
  let alike = 0
  for (let i = 0; i < count; i++) {
    const lo = los[first + i]
    const hi = his[first + i]
    if (lo & PRESENT) {
      if (first + i >= alike) alike = sameBits(his, first + i, first + count, hi, -1)
      const small = fillSmall(states, done + i, los, first + i, alike, hi, softBit, soft, frames)
      if (small > 0) {
        i += small - 1
        continue
      }
    }
    if (lo & PRESENT) states[done + i] = soft | presentState(mm, vpn + i, lo, hi, 12)
    else {
      if (lo !== lastLo || hi !== lastHi) {
        lastLo = lo
        lastHi = hi
        lastState = lo === 0 && hi === 0 ? 0 : absentState(mm, lo, hi)
      }
      states[done + i] = soft | lastState
    }
  }
}

/** The states of present entries from `at` on that map pages by themselves, as long as such come. @returns how many */
function fillSmall(
  states: Uint16Array,
  done: number,
  los: Words,
  at: number,
  end: number,
  hi: number,
  softBit: number,
  soft: number,
  frames: Frames,
): number {
  let held = los[at]
  let chunk = frames.chunk(ptePfn(held, hi))
  let lastFlags = -1
  let lastMapped = 0
  let ofFrame = 0
  let next = at
  for (let out = done; next < end; next++, out++) {
    const lo = los[next]
    if (((lo ^ held) & CHUNK_AND_PRESENT) !== 0) {
      if ((lo & PRESENT) === 0) break
      chunk = frames.chunk(ptePfn(lo, hi))
      held = lo
    }
    const record = (lo >>> 12) & CHUNK_MASK
    const flags = chunk[record + FLAGS]
    const mapped = chunk[record + MAP]
    if (((flags ^ lastFlags) | (mapped ^ lastMapped)) !== 0) {
      if (flags & NOT_SMALL) break
      lastFlags = flags
      lastMapped = mapped
      ofFrame = soft | smallPageState(flags, mapped)
    }
    states[out] = ofFrame | (lo & ARMED ? OF_ARMED : 0) | (lo & softBit ? OF_SOFT : 0)
  }
  return next - at
}

function tableOf(mm: AddressSpace, vma: VmArea, vpn: number, huge: boolean): number {
  const tables = mm.machine.tables
  return huge ? tables.pmdTable(mm.pgd, vpn) : leafTable(tables, mm.pgd, vpn, vma.pageShift)
}

function leafState(mm: AddressSpace, vma: VmArea, vpn: number): number {
  const huge = vma.pageShift === 12 && hugePmdLo(mm, vpn) !== 0
  const table = tableOf(mm, vma, vpn, huge)
  return table === 0 ? 0 : entryState(mm, vma, vpn, table, huge)
}

function entryState(mm: AddressSpace, vma: VmArea, vpn: number, table: number, huge: boolean): number {
  const tables = mm.machine.tables
  const at = tables.base(table) + (huge ? pmdNumber(vpn) & 511 : leafIndex(vpn, vma.pageShift))
  const lo = tables.readLo(table)[at]
  const hi = tables.readHi(table)[at]
  if (lo === 0 && hi === 0) return 0
  if (lo & PAGE_PRESENT_ANY) {
    const state = presentState(mm, vpn, lo, hi, vma.pageShift)
    return vma.pageShift === 21 && mm.calls.pagemapSeesSharedTables && tables.isShared(table) ? state & ~STATE_EXCLUSIVE : state
  }
  return vma.backend === 'hugetlb' ? hugetlbAbsent(mm, lo, hi) : absentState(mm, lo, hi)
}

function presentState(mm: AddressSpace, vpn: number, lo: number, hi: number, pageShift: number): number {
  const frames = mm.machine.frames
  const pfn = lo & PAGE_PSE ? ptePfn(lo, hi) + (vpn & ((pageShift === 12 ? 512 : leafPages(pageShift)) - 1)) : ptePfn(lo, hi)
  const flags = frames.flags(pfn)
  // Of hugetlb, pagemap tells what the vma says and never what the entry says. @source pagemap_hugetlb_range()
  const bits = bitsState(lo, mm.softDirty && pageShift === 12 ? PAGE_SOFT_DIRTY : 0)
  if (isSmallPage(flags)) return bits | smallPageState(flags, frames.field(pfn, FRAME_MAP))
  // The huge zero page shows as a file page: it is no anonymous folio.
  if (flags & FRAME_ZERO) return bits | STATE_PRESENT | STATE_ZERO | (lo & PAGE_PSE ? STATE_FILE | STATE_THP : 0)
  let state = bits | STATE_PRESENT
  if ((frames.flags(frames.head(pfn)) & FRAME_ANON) === 0) state |= STATE_FILE
  // Of what is mapped huge, the mappings of the first page are counted, whichever page is asked for.
  const ofFirst = flags & FRAME_HUGETLB || (lo & PAGE_PSE && !mm.calls.pagemapCountsEach)
  if (frames.mapcount(ofFirst ? frames.head(pfn) : pfn) === 1) state |= STATE_EXCLUSIVE
  if (pageShift !== 12) state |= STATE_HUGE
  else if (flags >>> FRAME_ORDER_SHIFT !== 0) state |= STATE_THP
  return state
}

/** True of a page by itself, as most are: its record tells all. */
function isSmallPage(flags: number): boolean {
  return (flags & (FRAME_ZERO | FRAME_HUGETLB)) === 0 && flags >>> FRAME_ORDER_SHIFT === 0
}

function smallPageState(flags: number, mapped: number): number {
  return STATE_PRESENT | (flags & FRAME_ANON ? 0 : STATE_FILE) | (mapped === 1 ? STATE_EXCLUSIVE : 0)
}

/** What the bits of a present entry tell. @param softBit PAGE_SOFT_DIRTY where that is tracked */
function bitsState(lo: number, softBit: number): number {
  return (lo & PAGE_UFFD_WP ? STATE_UFFD_WP : 0) | (lo & softBit ? STATE_SOFT_DIRTY : 0)
}

function absentState(mm: AddressSpace, lo: number, hi: number): number {
  const kind = mm.classify(lo, hi)
  let state = STATE_SWAP
  if (kind === SOFTLEAF_MARKER || kind === SOFTLEAF_SPECIAL_PTE) {
    const bits = mm.encoding.markerBits(lo, hi)
    if (bits & PTE_MARKER_UFFD_WP) state |= STATE_MARKER_WP | STATE_UFFD_WP
    if (bits & PTE_MARKER_POISONED) state |= STATE_MARKER_POISON
    if (bits & PTE_MARKER_GUARD) state |= STATE_MARKER_GUARD | STATE_GUARD
    if (bits !== PTE_MARKER_UFFD_WP && lo & SWP_UFFD_WP) state |= STATE_UFFD_WP
    if (mm.softDirty && kind === SOFTLEAF_MARKER && lo & SWP_SOFT_DIRTY) state |= STATE_SOFT_DIRTY
    return state
  }
  if (kind !== SOFTLEAF_SWAP) state |= STATE_SPECIAL
  if (lo & SWP_UFFD_WP) state |= STATE_UFFD_WP
  if (mm.softDirty && lo & SWP_SOFT_DIRTY) state |= STATE_SOFT_DIRTY
  return state
}

/** hugetlb's pagemap tells a marker's uffd-wp bit and nothing else. */
function hugetlbAbsent(mm: AddressSpace, lo: number, hi: number): number {
  const kind = mm.classify(lo, hi)
  const armed =
    kind === SOFTLEAF_MARKER || kind === SOFTLEAF_SPECIAL_PTE ? mm.encoding.markerBits(lo, hi) & PTE_MARKER_UFFD_WP : lo & SWP_UFFD_WP
  return armed ? STATE_UFFD_WP : 0
}
