/**
 * Ending the protection of entries of one table. A table that is known to be what it would become is not looked at.
 * @module
 */
import {
  FRAME_ANON,
  FRAME_CHUNK_MASK,
  FRAME_EXCLUSIVE,
  FRAME_FLAGS,
  type Frames,
  type HostMm,
  KNOWN_UNARMED,
  PAGE_PRESENT_ANY,
  PAGE_RW,
  PAGE_UFFD_WP,
  PTE_MARKER_NO_WP,
  PTE_MARKER_UFFD_WP,
  PTRS_PER_PTE,
  SOFTLEAF_MARKER,
  SOFTLEAF_SPECIAL_PTE,
  SWP_UFFD_WP,
  VM_SHARED,
  VM_UFFD_WP,
  VM_WRITE,
  type Vma,
} from '@faultline/mm-types'
import { ALWAYS_WRITABLE, NEVER_WRITABLE, ptePfn, type WriteRule, writeRule } from '@faultline/pagetable-core'

// Constants of the loops, once more: V8 folds those of a module itself, but loads an imported one at every use.
const PRESENT = PAGE_PRESENT_ANY
const RW = PAGE_RW
const FLAGS = FRAME_FLAGS
const CHUNK_MASK = FRAME_CHUNK_MASK
const OWN = FRAME_ANON | FRAME_EXCLUSIVE
/** Bits of an entry that tell in which chunk of frames its frame is, as far as the low word knows. */
const CHUNK = ~0xfff & ~(CHUNK_MASK << 12)

/** What the end of the protection does to present entries of one vma: taken once a range. Flat, and of numbers: it is asked once an entry. */
export interface UnprotectRule {
  /** Only entries with one of these bits are changed. */
  readonly concerns: number
  /** These bits go. */
  readonly takes: number
  /** What is left becomes writable when it has `bits` under `mask`, */
  readonly mask: number
  readonly bits: number
  /** and its frame these flags. */
  readonly owner: number
}

/**
 * As writable as the design leaves entries. Where the rights are those of the mapping alone, also pages that were not protected lose or
 * gain the right to be written, whatever soft-dirty tracking wants.
 *
 * @source v6.18 mm/mprotect.c change_pte_range(); v6.1 mm/userfaultfd.c uffd_wp_range()
 */
export function unprotectRule(mm: HostMm, vma: Vma): UnprotectRule {
  const { unprotect } = mm.tlb
  if (unprotect === 'drops-write') {
    const isFree = (vma.flags & VM_SHARED) !== 0 && (vma.flags & VM_WRITE) !== 0
    return ruleOf(PAGE_PRESENT_ANY, PAGE_UFFD_WP | PAGE_RW, isFree ? ALWAYS_WRITABLE : NEVER_WRITABLE)
  }
  return ruleOf(PAGE_UFFD_WP, PAGE_UFFD_WP, unprotect === 'restores-write' ? writeRule(vma) : NEVER_WRITABLE)
}

function ruleOf(concerns: number, takes: number, { mask, bits, exclusive }: WriteRule): UnprotectRule {
  return { concerns, takes, mask, bits, owner: exclusive ? OWN : 0 }
}

/** The rule of the vma that was asked for last: a monitor ends the protection of one page of it after the other. */
export class LastRule {
  private vma: Vma | null = null
  private flags = 0
  private rule: UnprotectRule | null = null

  /** @returns null when the vma is not one of pages of 4 KiB that are watched for writes */
  of(mm: HostMm, vma: Vma): UnprotectRule | null {
    if (vma !== this.vma || vma.flags !== this.flags) this.learn(mm, vma)
    return this.rule
  }

  private learn(mm: HostMm, vma: Vma): void {
    this.vma = vma
    this.flags = vma.flags
    this.rule = (vma.flags & VM_UFFD_WP) !== 0 && vma.pageShift === 12 ? unprotectRule(mm, vma) : null
  }
}

/** A present entry without protection. */
export function unprotected(rule: UnprotectRule, frames: Frames, lo: number, hi: number): number {
  if ((lo & rule.concerns) === 0) return lo
  const bare = lo & ~rule.takes
  if ((bare & rule.mask) !== rule.bits) return bare
  // ptePfn(), and no call of Frames: neither was inlined into whoever ends the protection of one page.
  const pfn = (lo >>> 12) | ((hi & 0xfffff) << 20)
  const { owner } = rule
  return (frames.chunk(pfn)[(pfn & CHUNK_MASK) + FLAGS] & owner) === owner ? bare | RW : bare
}

/**
 * Disarms entries [from, to) of one table.
 *
 * @param leaves the registration ends: what recorded that pages are not armed goes too
 * @returns entries changed
 */
export function disarmSpan(mm: HostMm, rule: UnprotectRule, table: number, from: number, to: number, leaves: boolean): number {
  const { tables, frames, counters } = mm.machine
  if (tables.used(table) === 0) return 0
  counters.ptes += to - from
  if (tables.known(table) === KNOWN_UNARMED && rule.concerns === PAGE_UFFD_WP) return 0
  const los = tables.lo(table)
  const his = tables.hi(table)
  const base = tables.base(table)
  // Markers are compared by their words: to classify each would take ten times as long.
  const { wpLo, wpHi } = mm.encoding
  const end = base + to
  const mixed = disarmPresent(los, his, base + from, end, rule, frames)
  let changed = mixed - (base + from)
  let absent = 0
  let gone = 0
  for (let at = mixed; at < end; at++) {
    const lo = los[at]
    const hi = his[at]
    if (lo & PRESENT) {
      const disarmed = unprotected(rule, frames, lo, hi)
      if (disarmed === lo) continue
      los[at] = disarmed
      changed++
      continue
    }
    absent++
    if (lo === 0 && hi === 0) continue
    if (lo === wpLo && hi === wpHi) {
      los[at] = 0
      his[at] = 0
      gone++
    } else {
      const verdict = disarmSoftleaf(mm, los, his, at, leaves)
      if (verdict === CHANGED) changed++
      else if (verdict === GONE) gone++
    }
  }
  if (gone > 0) tables.addUsed(table, -gone)
  if (absent === 0 && to - from === PTRS_PER_PTE) tables.setKnown(table, KNOWN_UNARMED)
  return changed + gone
}

/** Disarms present entries from `at` on for as long as that changes them. @returns the first that is left */
function disarmPresent(los: Int32Array, his: Int32Array, at: number, end: number, rule: UnprotectRule, frames: Frames): number {
  const { concerns, takes, mask, bits, owner } = rule
  const hi = his[at]
  let held = los[at]
  if ((held & PRESENT) === 0) return at
  let chunk = frames.chunk(ptePfn(held, hi))
  let next = at
  for (; next < end; next++) {
    const lo = los[next]
    if ((lo & PRESENT) === 0 || (lo & concerns) === 0 || his[next] !== hi) break
    if (((lo ^ held) & CHUNK) !== 0) {
      chunk = frames.chunk(ptePfn(lo, hi))
      held = lo
    }
    const bare = lo & ~takes
    const owned = (chunk[((lo >>> 12) & CHUNK_MASK) + FLAGS] & owner) === owner
    const disarmed = owned && (bare & mask) === bits ? bare | RW : bare
    if (disarmed === lo) break
    los[next] = disarmed
  }
  return next
}

const UNCHANGED = 0
const CHANGED = 1
const GONE = 2

/** @returns UNCHANGED, CHANGED, or GONE when the entry is now none */
function disarmSoftleaf(mm: HostMm, los: Int32Array, his: Int32Array, at: number, leaves: boolean): number {
  const kind = mm.classify(los[at], his[at])
  if (kind === SOFTLEAF_MARKER || kind === SOFTLEAF_SPECIAL_PTE) {
    const bits = mm.encoding.markerBits(los[at], his[at])
    if (bits !== PTE_MARKER_UFFD_WP && !(leaves && bits === PTE_MARKER_NO_WP)) return UNCHANGED
    los[at] = 0
    his[at] = 0
    return GONE
  }
  if ((los[at] & SWP_UFFD_WP) === 0) return UNCHANGED
  los[at] &= ~SWP_UFFD_WP
  return CHANGED
}

/** Where none means armed: none entries [from, to) of one table say that they are not. @returns entries changed */
export function recordDisarmed(mm: HostMm, table: number, from: number, to: number): number {
  const { tables, counters } = mm.machine
  const los = tables.lo(table)
  const his = tables.hi(table)
  const base = tables.base(table)
  const lo = mm.encoding.markerLo(PTE_MARKER_NO_WP)
  const hi = mm.encoding.markerHi(PTE_MARKER_NO_WP)
  // A table with anything in it has been counted by the walk before.
  if (tables.used(table) === 0) counters.ptes += to - from
  let recorded = 0
  for (let at = base + from, end = base + to; at < end; at++) {
    if (los[at] !== 0 || his[at] !== 0) continue
    los[at] = lo
    his[at] = hi
    recorded++
  }
  tables.addUsed(table, recorded)
  counters.markersInstalled += recorded
  return recorded
}
