/**
 * mremap.
 *
 * @source v6.18 mm/mremap.c do_mremap(), move_vma(), copy_vma(); fs/userfaultfd.c mremap_userfaultfd_prep()
 * @fidelity simplified do_mremap(): no limits or accounting
 * @module
 */
import { EFAULT, EINVAL, ENOMEM, VM_LOCKED, VM_SHARED, VM_UFFD_FLAGS } from '@faultline/mm-types'
import { moveTables } from '../move-tables.ts'
import type { AddressSpace } from '../objects.ts'
import type { VmArea } from '../vma.ts'
import { type Call, eventsRead } from './call.ts'
import { munmap } from './mmap.ts'

/** One call; pages are 4 KiB pages. `to` is the place to move to if the mapping moves. */
export interface MremapRequest {
  readonly start: number
  readonly pages: number
  readonly newPages: number
  readonly mayMove: boolean
  readonly dontUnmap: boolean
  readonly fixed: boolean
  readonly to: number
}

/** @returns the first page of the mapping, or a negated errno */
export function* mremap(mm: AddressSpace, request: MremapRequest): Call {
  const { start, pages, newPages, mayMove, dontUnmap, fixed, to } = request
  if (newPages <= 0) return -EINVAL
  if (fixed || dontUnmap) {
    if (!mayMove || (dontUnmap && pages !== newPages)) return -EINVAL
    if (fixed && to < start + pages && to + newPages > start) return -EINVAL
  }
  if (fixed && pages === newPages) return yield* moveAll(mm, request)
  const vma = mm.vmas.find(start)
  const error = checkVma(vma, request)
  if (error || vma === undefined) return error
  if (fixed || dontUnmap) return yield* moveVma(mm, vma, request)
  if (newPages === pages) return start
  if (newPages < pages) return (yield* munmap(mm, start + newPages, start + pages)) || start
  if (start + pages === vma.end && mm.vmas.within(vma.end, start + newPages).length === 0) {
    vma.end = start + newPages
    mm.vmas.mergeAround(vma)
    return start
  }
  return mayMove ? yield* moveVma(mm, vma, request) : -ENOMEM
}

/** Whether one vma can be moved or resized so. Only what is moved or grows must lie within it. @source check_prep_vma(), align_hugetlb() */
function checkVma(vma: VmArea | undefined, { start, pages, newPages, dontUnmap, fixed, to }: MremapRequest): number {
  if (vma === undefined) return -EFAULT
  const huge = 2 ** (vma.pageShift - 12)
  if (start % huge !== 0 || (fixed && to % huge !== 0) || (huge > 1 && newPages > pages)) return -EINVAL
  if (newPages <= pages && !fixed && !dontUnmap) return 0
  if (pages <= 0 && (vma.flags & VM_SHARED) === 0) return -EINVAL
  if (huge > 1 && dontUnmap) return -EINVAL
  if (start + Math.min(pages, newPages) > vma.end) return -EFAULT
  return 0
}

/**
 * A move without resizing may span vmas (since 6.17): they go one by one, and what went before a refusal stays moved.
 *
 * @source remap_move(), vma_multi_allowed()
 */
function* moveAll(mm: AddressSpace, request: MremapRequest): Call {
  const { start, pages, to } = request
  const end = start + pages
  const all = mm.vmas.within(start, end)
  if (all.length === 0 || all[0].start > start) return -EFAULT
  const refusesFirst = !mm.kernel.design.anomalies.failsAfterPartialEffect
  if (refusesFirst && all.length > 1 && all.some((vma) => vma.uffd !== null)) return -EFAULT
  for (const vma of all) {
    const from = Math.max(vma.start, start)
    const length = Math.min(vma.end, end) - from
    if (vma.uffd !== null && (vma !== all[0] || vma.end < end)) return -EFAULT
    const one = { ...request, start: from, pages: length, newPages: length, to: to + (from - start) }
    const error = checkVma(vma, one)
    if (error) return error
    const moved = yield* moveVma(mm, vma, one)
    if (moved < 0) return moved
  }
  return to
}

/** What stays behind holds no private page any more. @source v6.18 mm/mremap.c dontunmap_complete() */
function dontUnmapComplete(old: VmArea, start: number, end: number): void {
  old.flags &= ~VM_LOCKED
  if (old.anonVma === null || old.start !== start || old.end !== end) return
  old.anonVma.vmas.delete(old)
  old.anonVma = null
}

function* moveVma(mm: AddressSpace, vma: VmArea, request: MremapRequest): Call {
  const { start, pages, newPages, dontUnmap, fixed, to } = request
  if (fixed) {
    const error = yield* munmap(mm, to, to + newPages)
    if (error) return error
  }
  const moves = Math.min(pages, newPages)
  if (newPages < pages) yield* munmap(mm, start + newPages, start + pages)
  const offset = start - vma.start
  const pgoff = vma.file === null && vma.anonVma === null ? to : vma.pgoff + offset
  const target = vma.copy(mm, to, to + newPages, pgoff)
  const keeps = vma.uffd === null || mm.kernel.uffd.remapped(vma, start, to, pages)
  const watched = vma.uffd !== null
  if (!keeps) {
    target.uffd = null
    target.flags &= ~VM_UFFD_FLAGS
  }
  mm.vmas.insert(target)
  moveTables(mm, vma, start, start + moves, to, watched && !keeps)
  mm.vmas.mergeAround(target)
  yield* eventsRead(mm.kernel)
  if (dontUnmap) {
    const old = mm.vmas.find(start)
    if (old !== undefined) dontUnmapComplete(old, start, start + moves)
  } else yield* munmap(mm, start, start + moves)
  return to
}
