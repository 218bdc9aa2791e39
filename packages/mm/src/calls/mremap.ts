/**
 * mremap.
 *
 * @source v6.18 mm/mremap.c do_mremap(), move_vma(), copy_vma(), dontunmap_complete(); fs/userfaultfd.c mremap_userfaultfd_prep()
 * @fidelity simplified do_mremap(): no limits or accounting
 * @fidelity simplified dontunmap_complete(): pages that were locked stay so until they are freed, where a later munlock may free them earlier
 * @module
 */
import { EFAULT, EINVAL, ENOMEM, FRAME_MLOCKED, FRAME_ZERO, VM_LOCKED, VM_SHARED, VM_UFFD_FLAGS } from '@faultline/mm-types'
import { LimitError } from '@faultline/pagetable-core'
import { presentPfn } from '../folio.ts'
import { moveTables } from '../move-tables.ts'
import type { AddressSpace } from '../objects.ts'
import type { VmArea } from '../vma.ts'
import { type Call, eventsRead } from './call.ts'
import { populateLocked } from './mlock.ts'
import { unmapRange } from './mmap.ts'

/** One call; pages are 4 KiB pages. `to` is the place to move to if the mapping moves. */
export interface MremapRequest {
  readonly start: number
  readonly pages: number
  readonly newPages: number
  readonly mayMove: boolean
  readonly dontUnmap: boolean
  readonly fixed: boolean
  readonly to: number
  /** Who asks, and waits when locked memory that grew is filled. */
  readonly thread: string
}

/** @returns the first page of the mapping, or a negated errno */
export function* mremap(mm: AddressSpace, request: MremapRequest): Call {
  const grown: Grown = { locked: null }
  const result = remap(mm, request, grown)
  const events = mm.kernel.uffd.takeEvents()
  if (grown.locked !== null) yield* populateLocked(mm, grown.locked.start, grown.locked.end, request.thread)
  yield* eventsRead(mm.kernel, events)
  return result
}

/** Locked memory that the call has added, to be filled when the mapping is in place. */
interface Grown {
  locked: { readonly start: number; readonly end: number } | null
}

function remap(mm: AddressSpace, request: MremapRequest, grown: Grown): number {
  const { start, pages, newPages, mayMove, dontUnmap, fixed, to } = request
  if (newPages <= 0) return -EINVAL
  if (fixed || dontUnmap) {
    if (!mayMove || (dontUnmap && pages !== newPages)) return -EINVAL
    if (!mm.calls.mremapChecksFirst) {
      const only = mm.vmas.find(start)
      return only === undefined ? -EFAULT : moveOne(mm, only, alignHugetlb(only, request), grown)
    }
    if (fixed && to < start + pages && to + newPages > start) return -EINVAL
  }
  if (fixed && pages === newPages) return moveAll(mm, request, grown)
  const vma = mm.vmas.find(start)
  return vma === undefined ? -EFAULT : remapVma(mm, vma, alignHugetlb(vma, request), grown)
}

function remapVma(mm: AddressSpace, vma: VmArea, request: MremapRequest, grown: Grown): number {
  const { start, pages, newPages, mayMove, dontUnmap, fixed } = request
  const error = checkVma(mm, vma, request)
  if (error) return error
  if (fixed || dontUnmap) return moveVma(mm, vma, request, grown)
  if (newPages === pages) return start
  if (newPages < pages) return unmapRange(mm, start + newPages, start + pages) || start
  if (start + pages === vma.end && !mm.vmas.meets(vma.end, start + newPages)) {
    vma.end = start + newPages
    const locked = mm.vmas.mergeAround(vma).flags & VM_LOCKED
    if (locked) grown.locked = { start: start + pages, end: start + newPages }
    return start
  }
  return mayMove ? moveVma(mm, vma, request, grown) : -ENOMEM
}

/** Lengths of hugetlb mappings are rounded up to whole huge pages. @source align_hugetlb() */
function alignHugetlb(vma: VmArea, request: MremapRequest): MremapRequest {
  const huge = 2 ** (vma.pageShift - 12)
  const whole = (pages: number): number => Math.ceil(pages / huge) * huge
  return { ...request, pages: whole(request.pages), newPages: whole(request.newPages) }
}

/**
 * A move as before 6.17: of one vma, and what is at the target goes before most is checked.
 *
 * @source v6.12 mm/mremap.c mremap_to(), vma_to_resize()
 */
function moveOne(mm: AddressSpace, vma: VmArea, request: MremapRequest, grown: Grown): number {
  const { start, newPages, dontUnmap, fixed, to } = request
  const huge = 2 ** (vma.pageShift - 12)
  if (start % huge !== 0 || to % huge !== 0 || (huge > 1 && newPages > request.pages)) return -EINVAL
  if (fixed && to < start + request.pages && to + newPages > start) return -EINVAL
  if (fixed) {
    const error = unmapRange(mm, to, to + newPages)
    if (error) return error
  }
  const pages = Math.min(request.pages, newPages)
  if (pages < request.pages) unmapRange(mm, start + pages, start + request.pages)
  // What was unmapped may have been a part of the same vma.
  const left = mm.vmas.find(start)
  if (left === undefined) return -EFAULT
  if ((pages <= 0 && (left.flags & VM_SHARED) === 0) || (dontUnmap && huge > 1)) return -EINVAL
  if (start + pages > left.end) return -EFAULT
  return moveVma(mm, left, { ...request, pages, fixed: false }, grown)
}

/** Whether one vma can be moved or resized so. Only what is moved or grows must lie within it. @source check_prep_vma(), align_hugetlb() */
function checkVma(mm: AddressSpace, vma: VmArea, { start, pages, newPages, dontUnmap, fixed, to }: MremapRequest): number {
  const huge = 2 ** (vma.pageShift - 12)
  if (start % huge !== 0 || (fixed && to % huge !== 0) || (huge > 1 && newPages > pages)) return -EINVAL
  if (newPages <= pages && !fixed && !dontUnmap) return 0
  if (pages <= 0 && (vma.flags & VM_SHARED) === 0) return -EINVAL
  if (huge > 1 && (dontUnmap || !mm.calls.mremapHugetlb)) return -EINVAL
  if (start + Math.min(pages, newPages) > vma.end) return -EFAULT
  return 0
}

/**
 * A move without resizing may span vmas (since 6.17): they go one by one, and what went before a refusal stays moved.
 *
 * @source remap_move(), vma_multi_allowed()
 */
function moveAll(mm: AddressSpace, request: MremapRequest, grown: Grown): number {
  const { start, pages, to } = request
  const end = start + pages
  const all = mm.vmas.within(start, end)
  if (all.length === 0 || all[0].start > start) return -EFAULT
  const refusesFirst = !mm.kernel.design.anomalies.failsAfterPartialEffect
  if (refusesFirst && all.length > 1 && all.some((vma) => vma.uffd !== null)) return -EFAULT
  for (let at = start; at < end; ) {
    // Looked up anew: clearing the place of the last one may have cut this one.
    const [vma] = mm.vmas.within(at, end)
    if (vma === undefined) break
    const from = Math.max(vma.start, start)
    const length = Math.min(vma.end, end) - from
    if (vma.uffd !== null && (at !== start || vma.end < end)) return -EFAULT
    at = Math.min(vma.end, end)
    const one = alignHugetlb(vma, { ...request, start: from, pages: length, newPages: length, to: to + (from - start) })
    const error = checkVma(mm, vma, one)
    if (error) return error
    const moved = moveVma(mm, vma, one, grown)
    if (moved < 0) return moved
  }
  return to
}

/** Half of a move could not be taken back, so that a machine that may be too small refuses it before it has begun. */
function reserveTables(mm: AddressSpace, pages: number): void {
  const { tables, refusal } = mm.kernel.machine
  const most = Math.min(Math.ceil(pages / 512) + Math.ceil(pages / 2 ** 18), 2 * tables.nrTables()) + 4
  if (tables.room() >= most) return
  tables.refuse(most)
  throw new LimitError(refusal)
}

function moveVma(mm: AddressSpace, asked: VmArea, request: MremapRequest, grown: Grown): number {
  const { start, pages, newPages, dontUnmap, fixed, to } = request
  // A move may need three vmas more for a moment. @source v6.18 mm/mremap.c prep_move_vma()
  if (mm.vmas.size >= mm.kernel.settings.maxMapCount - 3) return -ENOMEM
  reserveTables(mm, Math.min(pages, newPages))
  if (fixed) {
    const error = unmapRange(mm, to, to + newPages)
    if (error) return error
  }
  // What was unmapped may have been a part of the same vma.
  const left = fixed ? mm.vmas.find(start) : asked
  if (left === undefined) return -EFAULT
  const moves = Math.min(pages, newPages)
  // The event of the move comes before those of what it leaves behind. @source notify_uffd()
  const watched = left.uffd !== null
  const keeps = !watched || mm.kernel.uffd.remapped(left, start, to, moves)
  if (newPages < pages) unmapRange(mm, start + newPages, start + pages)
  const vma = mm.vmas.find(start) ?? left
  const pgoff = vma.file === null && vma.anonVma === null ? to : vma.pgoff + (start - vma.start)
  const target = vma.copy(mm, to, to + newPages, pgoff)
  mm.vmas.insert(target)
  // The whole mapping forgets what it reserved, also for pages that stay. @source v6.18 mm/hugetlb.c fixup_hugetlb_reservations()
  vma.reservations = null
  vma.robbed = false
  // Joined with its neighbours while it is watched, maybe with the vma it comes from: they lose the registration together.
  const begin = vma.start
  const merged = mm.vmas.mergeAround(target, true)
  if (!keeps) {
    merged.uffd = null
    merged.flags &= ~VM_UFFD_FLAGS
  }
  const locked = (merged.flags & VM_LOCKED) !== 0
  moveTables(mm, merged, start, start + moves, to, watched && !keeps)
  const joinsItself = merged.start <= begin && begin < merged.end
  if (dontUnmap) abandon(joinsItself ? merged : vma, joinsItself, start, start + pages)
  else unmapRange(mm, start, start + moves)
  if (locked && newPages > pages) grown.locked = { start: to + pages, end: to + newPages }
  return to
}

/** The flag goes, but nobody unlocks the pages that are mapped still: they stay locked until they are freed. */
function leaveLocked(vma: VmArea): void {
  const mm = vma.mm as AddressSpace
  const { tables, frames } = mm.machine
  for (let vpn = vma.start; vpn < vma.end; ) {
    const pfn = presentPfn(mm, vpn)
    if (pfn !== 0 && (frames.flags(pfn) & FRAME_ZERO) === 0) frames.setFlags(frames.head(pfn), FRAME_MLOCKED)
    vpn = tables.pteTable(mm.pgd, vpn) === 0 ? tables.nextPmd(mm.pgd, vpn - (vpn & 511) + 512, vma.end) : vpn + 1
  }
}

/** What MREMAP_DONTUNMAP leaves: all of the vma is no longer locked; emptied as a whole it begins anew. @source v6.18 mm/mremap.c dontunmap_complete() */
function abandon(vma: VmArea, joinsItself: boolean, start: number, end: number): void {
  if (vma.flags & VM_LOCKED) leaveLocked(vma)
  vma.flags &= ~VM_LOCKED
  if (joinsItself || vma.start !== start || vma.end !== end) return
  vma.leaveAnonVma()
  if (vma.file === null) vma.pgoff = vma.start
}
