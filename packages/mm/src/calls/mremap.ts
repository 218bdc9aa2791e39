/**
 * mremap.
 *
 * @source v6.18 mm/mremap.c do_mremap(), move_vma(), copy_vma(); fs/userfaultfd.c mremap_userfaultfd_prep()
 * @module
 */
import { EFAULT, EINVAL, ENOMEM, VM_LOCKED, VM_UFFD_FLAGS } from '@faultline/mm-types'
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
  const { start, pages, newPages, mayMove, dontUnmap, fixed } = request
  if (newPages <= 0 || pages <= 0) return -EINVAL
  if ((fixed || dontUnmap) && !mayMove) return -EINVAL
  if (dontUnmap && pages !== newPages) return -EINVAL
  const vma = mm.vmas.find(start)
  if (vma === undefined) return -EFAULT
  const huge = 2 ** (vma.pageShift - 12)
  if (start % huge !== 0 || pages % huge !== 0 || newPages % huge !== 0) return -EINVAL
  if (vma.backend === 'hugetlb' && dontUnmap) return -EINVAL
  if (start + pages > vma.end) return yield* moveSeveral(mm, request)
  if (!fixed && !dontUnmap) {
    if (newPages === pages) return start
    if (newPages < pages) {
      const error = yield* munmap(mm, start + newPages, start + pages)
      return error || start
    }
    if (vma.backend === 'hugetlb') return -EINVAL
    if (start + pages === vma.end && mm.vmas.within(vma.end, start + newPages).length === 0) {
      vma.end = start + newPages
      mm.vmas.mergeAround(vma)
      return start
    }
    if (!mayMove) return -ENOMEM
  }
  if (vma.backend === 'hugetlb' && newPages > pages) return -EINVAL
  return yield* moveVma(mm, vma, request)
}

/** A move of several vmas at once (since 6.17): vma by vma, refused at an armed one after the ones before it moved. */
function* moveSeveral(mm: AddressSpace, request: MremapRequest): Call {
  const { start, pages, newPages, fixed, dontUnmap, to } = request
  if (!fixed || dontUnmap || newPages !== pages) return -EFAULT
  for (const vma of mm.vmas.within(start, start + pages)) {
    if (vma.uffd !== null || vma.backend === 'hugetlb') return -EFAULT
    const from = Math.max(vma.start, start)
    const length = Math.min(vma.end, start + pages) - from
    const moved = yield* moveVma(mm, vma, { ...request, start: from, pages: length, newPages: length, to: to + (from - start) })
    if (moved < 0) return moved
  }
  return to
}

function* moveVma(mm: AddressSpace, vma: VmArea, request: MremapRequest): Call {
  const { start, pages, newPages, dontUnmap, fixed, to } = request
  if (fixed) {
    if (to < start + pages && to + newPages > start) return -EINVAL
    const huge = 2 ** (vma.pageShift - 12)
    if (to % huge !== 0) return -EINVAL
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
    if (old !== undefined) old.flags &= ~VM_LOCKED
  } else yield* munmap(mm, start, start + moves)
  return to
}
