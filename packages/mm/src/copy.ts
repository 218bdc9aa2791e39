/**
 * fork: copies vmas and, where it must, their entries.
 *
 * @source v6.18 mm/memory.c copy_page_range(), copy_pte_range(), copy_nonpresent_pte(); mm/huge_memory.c copy_huge_pmd();
 * mm/hugetlb.c copy_hugetlb_page_range(); mm/mmap.c dup_mmap()
 * @fidelity simplified copy_pte_range(): no page is pinned, so none is copied early
 * @module
 */
import {
  FRAME_ANON,
  FRAME_ENTIRE,
  FRAME_EXCLUSIVE,
  FRAME_MAP,
  FRAME_ZERO,
  LEVEL_PTE,
  PAGE_DIRTY,
  PAGE_PRESENT_ANY,
  PAGE_PSE,
  PAGE_RW,
  PAGE_UFFD_WP,
  PTE_MARKER_NO_WP,
  PTE_MARKER_UFFD_WP,
  SOFTLEAF_MARKER,
  SOFTLEAF_SPECIAL_PTE,
  SOFTLEAF_SWAP,
  SWP_EXCLUSIVE,
  SWP_UFFD_WP,
  VM_DONTCOPY,
  VM_LOCKED,
  VM_MAYBE_GUARD,
  VM_SHARED,
  VM_UFFD_FLAGS,
  VM_UFFD_WP,
  VM_WIPEONFORK,
  WHOLE_ARMED,
} from '@faultline/mm-types'
import {
  emptied,
  entryPages,
  LimitError,
  leafIndex,
  leafPages,
  leafSpanEnd,
  leafTable,
  leafTableAlloc,
  pmdNumber,
  ptePfn,
  sameBits,
  wholeLevel,
} from '@faultline/pagetable-core'
import { classify, swpOffset } from '@faultline/swap-entry'
import { copyPlain } from './copy-plain.ts'
import { hugePmdLo, hugePmdPfn, mapHuge, setPmd } from './huge.ts'
import type { AddressSpace } from './objects.ts'
import { standBehind, type VmArea } from './vma.ts'

/** Pages below one table of pmds. */
const PMD_TABLE_PAGES = 512 * 512

/** Makes `child` a copy of `parent`. */
export function forkMm(parent: AddressSpace, child: AddressSpace): void {
  const kernel = parent.kernel
  let wrote = false
  for (const vma of parent.vmas.all()) {
    if (vma.flags & VM_DONTCOPY) continue
    const wipes = (vma.flags & VM_WIPEONFORK) !== 0
    const copy = vma.copy(child, vma.start, vma.end, vma.pgoff)
    copy.flags &= ~VM_LOCKED
    if (vma.backend === 'hugetlb') standBehind(vma, copy)
    // @source v6.18 mm/rmap.c anon_vma_fork()
    if (copy.anonVma !== null) copy.joinAnonVma(copy.anonVma, kernel.newOwner(), true)
    child.vmas.insert(copy)
    if (vma.uffd !== null) kernel.uffd.forkVma(vma, copy)
    if (copy.uffd === null) copy.flags &= ~VM_UFFD_FLAGS
    if (wipes || !needsCopy(copy, vma)) continue
    copyVma(parent, vma, child, copy)
    wrote = true
  }
  if (wrote) kernel.flush(parent, 0, 0x7fffffff)
}

/** @source v6.18 mm/memory.c vma_needs_copy() */
function needsCopy(child: VmArea, parent: VmArea): boolean {
  if (child.flags & (VM_UFFD_WP | VM_MAYBE_GUARD) || parent.anonVma !== null) return true
  // Poison of a shared mapping is only in its tables: anomaly 11 leaves them behind.
  return parent.uffd !== null && !(parent.mm as AddressSpace).kernel.design.anomalies.forkLosesSharedPoison
}

function copyVma(parent: AddressSpace, vma: VmArea, child: AddressSpace, copy: VmArea): void {
  const tables = parent.machine.tables
  const shift = vma.pageShift
  if (shift === 12) copyUpperTables(parent, child, vma)
  for (let vpn = vma.start; vpn < vma.end; ) {
    const next = leafSpanEnd(vpn, vma.end, shift)
    if (shift === 12 && hugePmdLo(parent, vpn) !== 0) {
      copyHugePmd(parent, vma, child, copy, vpn)
      vpn = next
      continue
    }
    const table = leafTable(tables, parent.pgd, vpn, shift)
    if (table === 0) {
      vpn = shift === 12 ? tables.nextPmd(parent.pgd, next, vma.end) : next
      continue
    }
    const copied = tables.isStandIn(table) ? copyWhole(parent, vma, child, copy, vpn, tables.used(table) !== 0) : 0
    if (copied !== 0) {
      vpn += copied
      continue
    }
    const target = leafTableAlloc(tables, child.pgd, vpn, shift)
    if (target === 0) throw new LimitError(child.kernel.machine.refusal)
    const from = leafIndex(vpn, shift)
    if (tables.used(table) !== 0) copySpan(parent, vma, copy, table, target, from, from + Math.ceil((next - vpn) / leafPages(shift)))
    vpn = next
  }
}

/** An entry that stands for tables is copied as one that does, where the vma has all of it. @returns pages copied */
function copyWhole(parent: AddressSpace, vma: VmArea, child: AddressSpace, copy: VmArea, vpn: number, armed: boolean): number {
  const { tables, counters } = parent.machine
  const level = wholeLevel(tables, parent.pgd, vpn, vma.end, vma.pageShift)
  if (level === LEVEL_PTE) return 0
  const whole = armed && copy.flags & VM_UFFD_WP ? WHOLE_ARMED : emptied(level, vma.pageShift)
  if (!tables.setWhole(child.pgd, vpn, level, whole)) return 0
  counters.ptes++
  return entryPages(level)
}

/** The child gets the tables above those of ptes that the parent has, empty ones too. @source v6.18 mm/memory.c copy_p4d_range(), copy_pud_range() */
function copyUpperTables(parent: AddressSpace, child: AddressSpace, vma: VmArea): void {
  const tables = parent.machine.tables
  for (let vpn = vma.start; vpn < vma.end; vpn = vpn - (vpn % PMD_TABLE_PAGES) + PMD_TABLE_PAGES) {
    if (tables.pudTable(parent.pgd, vpn) === 0 || tables.wholePages(parent.pgd, vpn) === PMD_TABLE_PAGES) continue
    const copied = tables.pmdTable(parent.pgd, vpn) === 0 ? tables.pudTableAlloc(child.pgd, vpn) : tables.pmdTableAlloc(child.pgd, vpn)
    if (copied === 0) throw new LimitError(child.kernel.machine.refusal)
  }
}

/** Copies entries [from, to) of one table. */
function copySpan(parent: AddressSpace, vma: VmArea, copy: VmArea, table: number, target: number, from: number, to: number): void {
  const { tables, frames, counters } = parent.machine
  const los = tables.lo(table)
  const his = tables.hi(table)
  const base = tables.base(table)
  const outLos = tables.lo(target)
  const outHis = tables.hi(target)
  const outBase = tables.base(target)
  const shared = (vma.flags & VM_SHARED) !== 0
  const keepsBit = (copy.flags & VM_UFFD_WP) !== 0 || (vma.backend === 'hugetlb' && !parent.kernel.design.calls.forkClearsHugetlb)
  const parentMask = shared ? -1 : ~PAGE_RW
  const childMask = (shared ? ~PAGE_DIRTY : ~PAGE_RW) & (keepsBit ? -1 : ~PAGE_UFFD_WP)
  let copied = 0
  // End of entries with the same high words.
  let alike = from
  for (let i = from; i < to; i++) {
    const lo = los[base + i]
    const hi = his[base + i]
    if (i >= alike) alike = sameBits(his, base + i, base + to, hi, -1) - base
    const plain = copyPlain(los, hi, base + i, base + alike, outLos, outHis, outBase + i, parentMask, childMask, frames)
    if (plain > 0) {
      copied += plain
      i += plain - 1
      continue
    }
    if ((lo & PAGE_PRESENT_ANY) === 0) {
      if ((lo !== 0 || hi !== 0) && copySoftleaf(parent, copy, table, target, i)) copied++
      continue
    }
    const pfn = ptePfn(lo, hi)
    const flags = frames.flags(pfn)
    if ((flags & FRAME_ZERO) === 0) {
      frames.get(pfn)
      const counted = lo & PAGE_PSE ? FRAME_ENTIRE : FRAME_MAP
      frames.setField(pfn, counted, frames.field(pfn, counted) + 1)
      if (flags & FRAME_ANON) frames.clearFlags(pfn, FRAME_EXCLUSIVE)
    }
    los[base + i] = lo & parentMask
    outLos[outBase + i] = lo & childMask
    outHis[outBase + i] = hi
    copied++
  }
  counters.ptes += to - from
  tables.addUsed(target, copied)
}

/** @returns true when the child's entry is not none */
function copySoftleaf(parent: AddressSpace, copy: VmArea, table: number, target: number, index: number): boolean {
  const { tables, swap } = parent.machine
  const { encoding, kernel } = parent
  const at = tables.base(table) + index
  const lo = tables.lo(table)[at]
  const hi = tables.hi(table)[at]
  const keepsBit = (copy.flags & VM_UFFD_WP) !== 0
  let childLo = lo
  let childHi = hi
  const kind = classify(lo, hi, kernel.types, encoding)
  if (kind === SOFTLEAF_MARKER || kind === SOFTLEAF_SPECIAL_PTE) {
    const bits = encoding.markerBits(lo, hi) & (keepsBit ? -1 : ~(PTE_MARKER_UFFD_WP | PTE_MARKER_NO_WP))
    childLo = encoding.markerLo(bits)
    childHi = encoding.markerHi(bits)
  } else {
    if (kind === SOFTLEAF_SWAP) {
      swap.dup(swpOffset(lo, hi))
      childLo &= ~SWP_EXCLUSIVE
      tables.lo(table)[at] = lo & ~SWP_EXCLUSIVE
    }
    if (!keepsBit) childLo &= ~SWP_UFFD_WP
  }
  const out = tables.base(target) + index
  tables.lo(target)[out] = childLo
  tables.hi(target)[out] = childHi
  return childLo !== 0 || childHi !== 0
}

/** A file's huge leaf is left to be faulted again; an anonymous one is shared. */
function copyHugePmd(parent: AddressSpace, vma: VmArea, child: AddressSpace, copy: VmArea, vpn: number): void {
  if (vma.file !== null) return
  const { tables, frames } = parent.machine
  const pmd = tables.pmdTable(parent.pgd, vpn)
  const at = tables.base(pmd) + (pmdNumber(vpn) & 511)
  const pfn = hugePmdPfn(parent, vpn)
  const lo = tables.lo(pmd)[at] & ~PAGE_RW
  tables.lo(pmd)[at] = lo
  tables.pmdTableAlloc(child.pgd, vpn)
  setPmd(child, vpn, copy.flags & VM_UFFD_WP ? lo : lo & ~PAGE_UFFD_WP, tables.hi(pmd)[at])
  child.deposit(1)
  mapHuge(parent.machine, pfn)
  if ((frames.flags(pfn) & FRAME_ZERO) === 0) for (let i = 0; i < 512; i++) frames.clearFlags(pfn + i, FRAME_EXCLUSIVE)
}
