/**
 * UFFDIO_MOVE: takes anonymous pages from one place and puts them in another.
 *
 * @source v6.18 mm/userfaultfd.c move_pages(), validate_move_areas(), move_pages_pte(), move_present_ptes(), move_swap_pte(); mm/huge_memory.c
 * move_pages_huge_pmd()
 * @fidelity simplified move_present_ptes(): no page is pinned
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
  if (target === undefined) return -ENOENT
  // The target is made ready for pages before the source is looked for. @source mm/userfaultfd.c uffd_move_lock()
  if ((target.flags & VM_SHARED) === 0) mm.prepareAnonVma(target)
  const source = mm.findVma(from)
  if (source === undefined) return -ENOENT
  if (source.flags & VM_SHARED || from + pages > source.end) return -EINVAL
  if (target.flags & VM_SHARED || to + pages > target.end) return -EINVAL
  if (!compatible(source, target) || target.uffd !== context) return -EINVAL
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

/** Moves a huge page or one pte. @returns pages moved or a negated errno @source mm/userfaultfd.c move_pages() */
function moveStep(mm: HostMm, source: Vma, target: Vma, from: number, to: number, left: number, holes: boolean): number {
  const { tables } = mm.machine
  if (tables.pmdTable(mm.pgd, from) === 0) {
    if (!holes) return -ENOENT
    if (tables.pmdTableAlloc(mm.pgd, from) === 0) return -ENOMEM
  }
  if (tables.pmdTableAlloc(mm.pgd, to) === 0) return -ENOMEM
  if (mm.hugeLeaf(to) !== 0) return -EEXIST
  if (mm.hugeLeaf(from) !== 0) {
    const whole = from % 512 === 0 && to % 512 === 0 && left >= 512 && tables.pteTable(mm.pgd, to) === 0
    if (whole) return moveHuge(mm, target, from, to)
    if (!isExclusive(mm, mm.hugePfn(from))) return -EBUSY
    mm.splitHuge(source, from)
  }
  if (tables.pteTable(mm.pgd, from) === 0 && !holes) return -ENOENT
  const sourceTable = tables.pteTableAlloc(mm.pgd, from)
  const targetTable = tables.pteTableAlloc(mm.pgd, to)
  if (sourceTable === 0 || targetTable === 0) return -ENOMEM
  const error = movePte(mm, target, from, to, sourceTable, targetTable, holes)
  return error || 1
}

/** Whether a page is nobody else's; the first page of a large folio answers for all of it. */
function isExclusive({ machine: { frames } }: HostMm, pfn: number): boolean {
  return (frames.flags(frames.head(pfn)) & (FRAME_EXCLUSIVE | FRAME_ZERO)) !== 0
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
  const { tables, counters } = mm.machine
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
    const error = movePresent(mm, target, from, to, sourceTable, targetTable)
    if (error) return error
  }
  tables.set(sourceTable, from & 511, 0, 0)
  mm.flushChanged(from, 1, 1)
  return 0
}

/** A page of a large folio can only move once the folio is split; that may leave the zero page in its place. */
function movePresent(mm: HostMm, target: Vma, from: number, to: number, sourceTable: number, targetTable: number): number {
  const { tables, frames } = mm.machine
  const at = tables.base(sourceTable) + (from & 511)
  const pfnThere = (): number => ptePfn(tables.lo(sourceTable)[at], tables.hi(sourceTable)[at])
  if (!isExclusive(mm, pfnThere())) return -EBUSY
  if (frames.order(pfnThere()) !== 0 && !mm.splitFolio(pfnThere())) return -EAGAIN
  const pfn = pfnThere()
  if (!isExclusive(mm, pfn)) return -EBUSY
  if (frames.flags(pfn) & FRAME_ZERO) tables.set(targetTable, to & 511, pteLo(ZERO_PFN, PAGE_SPECIAL), pteHi(ZERO_PFN, target.flags))
  else {
    rehome(mm, target, to, pfn)
    tables.set(targetTable, to & 511, pteLo(pfn, PAGE_RW | (tables.lo(sourceTable)[at] & PAGE_DIRTY)), pteHi(pfn, target.flags))
  }
  return 0
}

/** Tells a page where it is mapped now. @source mm/rmap.c folio_move_anon_rmap() */
function rehome(mm: HostMm, target: Vma, vpn: number, pfn: number): void {
  mm.machine.frames.setField(pfn, FRAME_MAPPING, (target.anonVma as AnonVma).id)
  mm.machine.frames.setField(pfn, FRAME_INDEX, target.pgoff + (vpn - target.start))
}
