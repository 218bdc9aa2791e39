/**
 * UFFDIO_MOVE: takes anonymous pages from one place and puts them in another.
 *
 * @source v6.18 mm/userfaultfd.c move_pages(), validate_move_areas(), move_pages_pte(), move_present_ptes(), move_swap_pte(); mm/huge_memory.c
 * move_pages_huge_pmd()
 * @fidelity simplified move_present_ptes(): no page is pinned; a page of a huge folio moves without splitting the folio
 * @module
 */
import {
  type AnonVma,
  EAGAIN,
  EBUSY,
  EEXIST,
  EFAULT,
  EINVAL,
  ENOENT,
  ENOMEM,
  FRAME_EXCLUSIVE,
  FRAME_INDEX,
  FRAME_MAPPING,
  FRAME_ZERO,
  type HostMm,
  PAGE_DIRTY,
  PAGE_PRESENT_ANY,
  PAGE_PSE,
  PAGE_RW,
  PAGE_SPECIAL,
  SOFTLEAF_SWAP,
  SWP_EXCLUSIVE,
  SWP_UFFD_WP,
  UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES,
  type UffdFillResult,
  type UffdMove,
  VM_ACCESS_FLAGS,
  VM_LOCKED,
  VM_SHARED,
  VM_WRITE,
  type Vma,
} from '@faultline/mm-types'
import { HUGE_ZERO_PFN, pmdNumber, pteHi, pteLo, ptePfn, ZERO_PFN } from '@faultline/pagetable-core'
import type { Userfaultfd } from './context.ts'
import { validateRange } from './ranges.ts'

/** Performs the ioctl and wakes who waits for the destination. */
export function move(mm: HostMm, context: Userfaultfd, call: UffdMove): UffdFillResult {
  if (!context.ready) return { errno: -EINVAL, result: 0 }
  if (context.changing > 0) return { errno: -EAGAIN, result: -EAGAIN }
  if (validateRange(call.start, call.length) || validateRange(call.from, call.length) || (call.mode & ~3) !== 0)
    return { errno: -EINVAL, result: 0 }
  const moved = movePages(mm, context, call)
  if (moved > 0 && (call.mode & 1) === 0) context.wake(call.start / 4096, (call.start + moved) / 4096)
  if (moved < 0) return { errno: moved, result: moved }
  return { errno: moved === call.length ? 0 : -EAGAIN, result: moved }
}

function movePages(mm: HostMm, context: Userfaultfd, call: UffdMove): number {
  const to = call.start / 4096
  const from = call.from / 4096
  const pages = call.length / 4096
  const target = mm.findVma(to)
  const source = mm.findVma(from)
  if (target === undefined || source === undefined) return -ENOENT
  if (source.flags & VM_SHARED || from + pages > source.end) return -EINVAL
  if (target.flags & VM_SHARED || to + pages > target.end) return -EINVAL
  if (!compatible(source, target) || target.uffd !== context) return -EINVAL
  mm.prepareAnonVma(target)
  const holes = (call.mode & UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES) !== 0
  for (let done = 0; done < pages; ) {
    const step = moveStep(mm, source, target, from + done, to + done, pages - done, holes)
    if (step < 0) return done > 0 ? done * 4096 : step
    done += step
  }
  return call.length
}

function compatible(source: Vma, target: Vma): boolean {
  if ((source.flags ^ target.flags) & (VM_ACCESS_FLAGS | VM_LOCKED)) return false
  return (source.flags & VM_WRITE) !== 0 && source.file === null && target.file === null
}

/** Moves a huge page or one pte. @returns pages moved or a negated errno */
function moveStep(mm: HostMm, source: Vma, target: Vma, from: number, to: number, left: number, holes: boolean): number {
  const { tables } = mm.machine
  if (mm.hugeLeaf(to) !== 0) return -EEXIST
  if (tables.pmdTableAlloc(mm.pgd, to) === 0) return -ENOMEM
  const huge = mm.hugeLeaf(from)
  if (huge !== 0) {
    const whole = from % 512 === 0 && to % 512 === 0 && left >= 512 && tables.pteTable(mm.pgd, to) === 0
    if (whole) return moveHuge(mm, target, from, to)
    mm.splitHuge(source, from)
  }
  splitLarge(mm, source, from)
  if (tables.pteTable(mm.pgd, from) === 0 && !holes) return -ENOENT
  const sourceTable = tables.pteTableAlloc(mm.pgd, from)
  const targetTable = tables.pteTableAlloc(mm.pgd, to)
  if (sourceTable === 0 || targetTable === 0) return -ENOMEM
  const error = movePte(mm, target, from, to, sourceTable, targetTable, holes)
  return error || 1
}

/** A page of a large folio can only move once the folio is split. @source v6.18 mm/userfaultfd.c move_pages_pte() */
function splitLarge(mm: HostMm, source: Vma, vpn: number): void {
  const { tables, frames } = mm.machine
  const table = tables.pteTable(mm.pgd, vpn)
  if (table === 0) return
  const at = tables.base(table) + (vpn & 511)
  const lo = tables.lo(table)[at]
  if (lo & PAGE_PRESENT_ANY && frames.order(ptePfn(lo, tables.hi(table)[at])) !== 0) mm.splitFolio(source, vpn)
}

function moveHuge(mm: HostMm, target: Vma, from: number, to: number): number {
  const { tables, frames } = mm.machine
  const pmd = tables.pmdTable(mm.pgd, from)
  const at = tables.base(pmd) + (pmdNumber(from) & 511)
  const pfn = ptePfn(tables.lo(pmd)[at], tables.hi(pmd)[at])
  if (pfn === HUGE_ZERO_PFN) mm.setHugeLeaf(to, pteLo(pfn, PAGE_PSE), pteHi(pfn, target.flags))
  else {
    if ((frames.flags(pfn) & FRAME_EXCLUSIVE) === 0) return -EBUSY
    for (let i = 0; i < 512; i++) rehome(mm, target, to + i, pfn + i)
    mm.setHugeLeaf(to, pteLo(pfn, PAGE_PSE | PAGE_RW | PAGE_DIRTY), pteHi(pfn, target.flags))
  }
  mm.setHugeLeaf(from, 0, 0)
  mm.flushChanged(from, 512, 1)
  return 512
}

function movePte(mm: HostMm, target: Vma, from: number, to: number, sourceTable: number, targetTable: number, holes: boolean): number {
  const { tables, frames, counters } = mm.machine
  const fromAt = tables.base(sourceTable) + (from & 511)
  const toAt = tables.base(targetTable) + (to & 511)
  counters.ptes += 2
  if (tables.lo(targetTable)[toAt] !== 0 || tables.hi(targetTable)[toAt] !== 0) return -EEXIST
  const lo = tables.lo(sourceTable)[fromAt]
  const hi = tables.hi(sourceTable)[fromAt]
  if (lo === 0 && hi === 0) return holes ? 0 : -ENOENT
  if ((lo & PAGE_PRESENT_ANY) === 0) {
    if (mm.classify(lo, hi) !== SOFTLEAF_SWAP) return -EFAULT
    if ((lo & SWP_EXCLUSIVE) === 0) return -EBUSY
    tables.set(targetTable, to & 511, mm.design.anomalies.moveKeepsSwapBit ? lo : lo & ~SWP_UFFD_WP, hi)
  } else {
    const pfn = ptePfn(lo, hi)
    if (frames.flags(pfn) & FRAME_ZERO) tables.set(targetTable, to & 511, pteLo(ZERO_PFN, PAGE_SPECIAL), pteHi(ZERO_PFN, target.flags))
    else {
      if ((frames.flags(pfn) & FRAME_EXCLUSIVE) === 0) return -EBUSY
      rehome(mm, target, to, pfn)
      tables.set(targetTable, to & 511, pteLo(pfn, PAGE_RW | PAGE_DIRTY), pteHi(pfn, target.flags))
    }
  }
  tables.set(sourceTable, from & 511, 0, 0)
  mm.flushChanged(from, 1, 1)
  return 0
}

/** Tells a page where it is mapped now. @source mm/rmap.c folio_move_anon_rmap() */
function rehome(mm: HostMm, target: Vma, vpn: number, pfn: number): void {
  mm.machine.frames.setField(pfn, FRAME_MAPPING, (target.anonVma as AnonVma).id)
  mm.machine.frames.setField(pfn, FRAME_INDEX, target.pgoff + (vpn - target.start))
}
