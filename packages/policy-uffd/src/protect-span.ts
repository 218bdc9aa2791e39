/**
 * Arming and disarming entries of one table. A table that is known to be what it would become is not looked at.
 * @module
 */
import {
  type ArmingPolicy,
  type HostMm,
  KNOWN_ARMED,
  KNOWN_MARKERS,
  PAGE_PRESENT_ANY,
  PAGE_RW,
  PAGE_SPECIAL,
  PAGE_UFFD_WP,
  PTE_MARKER_NO_WP,
  PTRS_PER_PTE,
  SOFTLEAF_MARKER,
  SOFTLEAF_MIGRATION,
  SOFTLEAF_SWAP,
  SWP_UFFD_WP,
  type Vma,
} from '@faultline/mm-types'
import { mkPteLo, pteHi, ZERO_PFN } from '@faultline/pagetable-core'

// Constants of the loops, once more: V8 folds those of a module itself, but loads an imported one at every use.
const PRESENT = PAGE_PRESENT_ANY
const RW = PAGE_RW
const WP = PAGE_UFFD_WP

/** Arms entries [from, to) of one table. @returns entries changed @source v6.18 mm/mprotect.c change_pte_range() */
export function armSpan(mm: HostMm, vma: Vma, table: number, from: number, to: number, policy: ArmingPolicy): number {
  const { tables, counters } = mm.machine
  counters.ptes += to - from
  const before = tables.known(table)
  if (before === KNOWN_ARMED || before === KNOWN_MARKERS) return 0
  const los = tables.lo(table)
  const his = tables.hi(table)
  const base = tables.base(table)
  // Markers are compared by their words: to classify each would take ten times as long.
  const { wpLo, wpHi } = mm.encoding
  let nones = to - from
  let changed = 0
  if (tables.used(table) !== 0) {
    const end = base + to
    const mixed = armPresent(los, base + from, end)
    changed = mixed - (base + from)
    nones = 0
    let markers = 0
    let others = 0
    for (let at = mixed; at < end; at++) {
      const lo = los[at]
      if (lo & PRESENT) {
        const armed = (lo | WP) & ~RW
        if (armed === lo) continue
        los[at] = armed
        changed++
      } else if (lo === 0 && his[at] === 0) nones++
      else if (lo === wpLo && his[at] === wpHi) markers++
      else {
        others++
        if (armSoftleaf(mm, table, los, his, at)) changed++
      }
    }
    if (markers === PTRS_PER_PTE) tables.setKnown(table, KNOWN_MARKERS)
    else if (to - from === PTRS_PER_PTE && nones + markers + others === 0) tables.setKnown(table, KNOWN_ARMED)
  }
  return nones !== 0 && (policy.needsTable || vma.backend === 'hugetlb') ? changed + armNones(mm, vma, table, from, to, policy) : changed
}

/** Arms present entries from `at` on for as long as that changes them. @returns the first that is left */
function armPresent(los: Int32Array, at: number, end: number): number {
  let next = at
  for (; next < end; next++) {
    const lo = los[next]
    const armed = (lo | WP) & ~RW
    if (armed === lo || (lo & PRESENT) === 0) break
    los[next] = armed
  }
  return next
}

function armNones(mm: HostMm, vma: Vma, table: number, from: number, to: number, policy: ArmingPolicy): number {
  const { tables, counters } = mm.machine
  const context = {
    encoding: mm.encoding,
    zeroLo: mkPteLo(ZERO_PFN, PAGE_SPECIAL | PAGE_UFFD_WP, vma.flags),
    zeroHi: pteHi(ZERO_PFN, vma.flags),
    isEmpty: tables.used(table) === 0,
  }
  const base = tables.base(table)
  const armed = policy.armNone(tables.lo(table), tables.hi(table), base + from, base + to, context)
  tables.addUsed(table, armed)
  counters.markersInstalled += armed
  if (armed === PTRS_PER_PTE) tables.setKnown(table, policy.populates ? KNOWN_ARMED : KNOWN_MARKERS)
  return armed
}

/** Swap and migration entries carry the bit themselves; markers stay as they are, but for the one that says not armed. */
function armSoftleaf(mm: HostMm, table: number, los: Int32Array, his: Int32Array, at: number): boolean {
  const kind = mm.classify(los[at], his[at])
  if (kind === SOFTLEAF_MARKER && mm.encoding.markerBits(los[at], his[at]) === PTE_MARKER_NO_WP) {
    mm.machine.tables.set(table, at - mm.machine.tables.base(table), 0, 0)
    return true
  }
  if (kind !== SOFTLEAF_SWAP && kind !== SOFTLEAF_MIGRATION) return false
  const armed = los[at] | SWP_UFFD_WP
  if (armed === los[at]) return false
  los[at] = armed
  return true
}
