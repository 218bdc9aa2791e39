/**
 * Counts everything again by walking, and compares with the counts the model keeps.
 */
import type { Kernel } from '@faultline/mm'
import {
  FRAME_ENTIRE,
  FRAME_MAP,
  FRAME_REF,
  FRAME_SLOT,
  FRAME_ZERO,
  type Inode,
  KNOWN_MARKERS,
  KNOWN_UNARMED,
  LEVEL_PGD,
  PAGE_PRESENT_ANY,
  PAGE_PSE,
  PAGE_RW,
  PAGE_UFFD_WP,
  PTRS_PER_PTE,
  SOFTLEAF_SWAP,
  WHOLE_ARMED,
  WHOLE_EMPTY,
  WHOLE_EMPTY_TABLES,
  WHOLE_NONE,
} from '@faultline/mm-types'
import { entryTable, pointsToTable, ptePfn, wholeOf } from '@faultline/pagetable-core'
import { classify, swpOffset } from '@faultline/swap-entry'

interface Tally {
  readonly maps: Map<number, number>
  readonly entire: Map<number, number>
  readonly refs: Map<number, number>
  readonly slots: Map<number, number>
  tables: number
  readonly wrong: string[]
}

/** @returns what is wrong, one line each; empty when all counts agree */
export function recount(kernel: Kernel, inodes: readonly Inode[]): string[] {
  const tally: Tally = { maps: new Map(), entire: new Map(), refs: new Map(), slots: new Map(), tables: 0, wrong: [] }
  for (const mm of kernel.mms) if (mm.alive) walk(kernel, mm.pgd, LEVEL_PGD, tally)
  for (const inode of inodes) {
    for (const entry of inode.pages.values()) {
      if (entry > 0) add(tally.refs, kernel.machine.frames.head(entry))
      else add(tally.slots, -entry)
    }
  }
  compare(kernel, tally)
  if (!standInsAreIntact(kernel)) tally.wrong.push('a table that stands for others was written')
  return tally.wrong
}

function walk(kernel: Kernel, table: number, level: number, tally: Tally): void {
  const { tables } = kernel.machine
  const base = tables.base(table)
  let used = 0
  for (let i = 0; i < 512; i++) {
    const lo = tables.readLo(table)[base + i]
    const hi = tables.readHi(table)[base + i]
    if (lo === 0 && hi === 0) continue
    used++
    if (level > 0 && pointsToTable(lo)) {
      tally.tables++
      walk(kernel, entryTable(lo, hi), level - 1, tally)
    } else if (level === 0 || !standsForTables(kernel, lo, hi)) countLeaf(kernel, lo, hi, tally)
  }
  if (level === 0 && !isAsKnown(kernel, table)) tally.wrong.push(`table ${table}: its entries are not what is known of it`)
  if (used !== tables.used(table)) tally.wrong.push(`table ${table} of level ${level}: ${tables.used(table)} used, ${used} found`)
}

/** Whether each entry of a table is what a walk has said of all of them. */
function isAsKnown({ machine: { tables }, design }: Kernel, table: number): boolean {
  const known = tables.known(table)
  const { wpLo, wpHi } = design.encoding
  let armed = 0
  for (let at = tables.base(table); at < tables.base(table) + PTRS_PER_PTE; at++) {
    const lo = tables.readLo(table)[at]!
    const isPresent = (lo & PAGE_PRESENT_ANY) !== 0
    if (known === KNOWN_MARKERS && (lo !== wpLo || tables.readHi(table)[at] !== wpHi)) return false
    if (known >= KNOWN_UNARMED && !(isPresent && (lo & PAGE_UFFD_WP && lo & PAGE_RW) === 0)) return false
    if (lo & PAGE_UFFD_WP) armed++
  }
  return known < KNOWN_UNARMED || armed === known - KNOWN_UNARMED
}

/** Entries above the leaves may stand for tables; those of empty ones would read as swap entries. */
function standsForTables({ design }: Kernel, lo: number, hi: number): boolean {
  return wholeOf(lo, hi, { lo: design.encoding.wpLo, hi: design.encoding.wpHi }) !== WHOLE_NONE
}

/** What entries that stand for tables read as must never be written. */
function standInsAreIntact({ machine: { tables }, design }: Kernel): boolean {
  if (design.encoding.bits === 0) return true
  return [WHOLE_EMPTY, WHOLE_EMPTY_TABLES, WHOLE_ARMED].every((whole) => {
    const base = tables.base(whole)
    const words = [tables.lo(whole), tables.hi(whole)].map((each) => new Set(each.subarray(base, base + 512)))
    const [lo, hi] = [tables.lo(whole)[base]!, tables.hi(whole)[base]!]
    const child = lo === 0 && hi === 0 ? WHOLE_NONE : wholeOf(lo, hi, { lo: design.encoding.wpLo, hi: design.encoding.wpHi })
    return words.every((each) => each.size === 1) && child === (whole === WHOLE_ARMED ? WHOLE_ARMED : whole - 1)
  })
}

function countLeaf(kernel: Kernel, lo: number, hi: number, tally: Tally): void {
  const { frames } = kernel.machine
  if (lo & PAGE_PRESENT_ANY) {
    const pfn = ptePfn(lo, hi)
    if (frames.flags(pfn) & FRAME_ZERO) return
    add(lo & PAGE_PSE ? tally.entire : tally.maps, pfn)
    add(tally.refs, frames.head(pfn))
  } else if (classify(lo, hi, kernel.types, kernel.design.encoding) === SOFTLEAF_SWAP) add(tally.slots, swpOffset(lo, hi))
}

function compare(kernel: Kernel, tally: Tally): void {
  const { frames, swap, tables } = kernel.machine
  const { wrong } = tally
  for (const pfn of [...tally.refs.keys()]) if (frames.field(pfn, FRAME_SLOT) !== 0) add(tally.refs, pfn)
  let pages = 0
  for (const [pfn, refs] of tally.refs) {
    pages += 2 ** frames.order(pfn)
    if (frames.field(pfn, FRAME_REF) !== refs) wrong.push(`frame ${pfn}: ${frames.field(pfn, FRAME_REF)} references, ${refs} found`)
    if (frames.field(pfn, FRAME_ENTIRE) !== (tally.entire.get(pfn) ?? 0)) wrong.push(`frame ${pfn}: wrong count of huge mappings`)
  }
  for (const [pfn, maps] of tally.maps) {
    if (frames.field(pfn, FRAME_MAP) !== maps) wrong.push(`frame ${pfn}: mapped ${frames.field(pfn, FRAME_MAP)} times, ${maps} found`)
  }
  let inSwap = 0
  for (const [slot, count] of tally.slots) {
    inSwap++
    if (swap.count(slot) !== count) wrong.push(`slot ${slot}: ${swap.count(slot)} references, ${count} found`)
    // A page that only the swap cache holds is in use too.
    const cached = swap.cached(slot)
    if (cached !== 0 && !tally.refs.has(cached)) pages++
  }
  if (frames.nrUsed() !== pages) wrong.push(`${frames.nrUsed()} frames in use, ${pages} found`)
  if (swap.nrUsed() !== inSwap) wrong.push(`${swap.nrUsed()} swap slots in use, ${inSwap} found`)
  if (tables.nrTables() !== tally.tables) wrong.push(`${tables.nrTables()} tables in use, ${tally.tables} found`)
}

function add(map: Map<number, number>, key: number): void {
  map.set(key, (map.get(key) ?? 0) + 1)
}
