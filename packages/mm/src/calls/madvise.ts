/**
 * madvise: the advices that change page tables, and the flags that steer them.
 *
 * @source v6.18 mm/madvise.c
 * @module
 */
import {
  EACCES,
  EINVAL,
  ENOMEM,
  type Inode,
  MADV_COLD,
  MADV_COLLAPSE,
  MADV_DOFORK,
  MADV_DONTFORK,
  MADV_DONTNEED,
  MADV_FREE,
  MADV_GUARD_INSTALL,
  MADV_GUARD_REMOVE,
  MADV_HUGEPAGE,
  MADV_KEEPONFORK,
  MADV_MERGEABLE,
  MADV_NOHUGEPAGE,
  MADV_NORMAL,
  MADV_PAGEOUT,
  MADV_REMOVE,
  MADV_UNMERGEABLE,
  MADV_WILLNEED,
  MADV_WIPEONFORK,
  VM_DONTCOPY,
  VM_HUGEPAGE,
  VM_LOCKED,
  VM_MAYWRITE,
  VM_MERGEABLE,
  VM_NOHUGEPAGE,
  VM_SHARED,
  VM_WIPEONFORK,
} from '@faultline/mm-types'
import { reclaimPteTables } from '../free-tables.ts'
import { unmergePages } from '../ksm.ts'
import type { AddressSpace } from '../objects.ts'
import { coolPages, reclaimPages } from '../reclaim.ts'
import { filePage, type VmArea } from '../vma.ts'
import { ZAP_PLAIN, zapRange } from '../zap.ts'
import { type Call, eventsRead, type Waiting } from './call.ts'
import { punchHole } from './file.ts'
import { guardInstall, guardRemove } from './guard.ts'
import { lazyFree } from './lazyfree.ts'

/** Advices that only change vma flags: [flags to clear, flags to set]. */
const FLAG_ADVICE: ReadonlyMap<number, readonly [number, number]> = new Map([
  [MADV_HUGEPAGE, [VM_NOHUGEPAGE, VM_HUGEPAGE] as const],
  [MADV_NOHUGEPAGE, [VM_HUGEPAGE, VM_NOHUGEPAGE] as const],
  [MADV_DONTFORK, [0, VM_DONTCOPY] as const],
  [MADV_DOFORK, [VM_DONTCOPY, 0] as const],
  [MADV_WIPEONFORK, [0, VM_WIPEONFORK] as const],
  [MADV_KEEPONFORK, [VM_WIPEONFORK, 0] as const],
  [MADV_MERGEABLE, [0, VM_MERGEABLE] as const],
  [MADV_UNMERGEABLE, [VM_MERGEABLE, 0] as const],
])

/** MADV_COLLAPSE of a part of a vma. @returns 0 or a negated errno */
export type Collapse = (vma: VmArea, start: number, end: number) => number

/**
 * Applies an advice to pages [start, end).
 *
 * @param collapse performs MADV_COLLAPSE, which is khugepaged's
 * @returns 0 or a negated errno; holes give -ENOMEM after everything mapped was advised
 */
export function* madvise(mm: AddressSpace, start: number, end: number, advice: number, collapse: Collapse = () => -EINVAL): Call {
  if (end <= start) return 0
  let unmapped = false
  for (let reached = start; reached < end; ) {
    // Looked for anew each time: while an event waited to be read, the mappings may have changed.
    const vma = mm.vmas.next(reached)
    if (vma === undefined || vma.start >= end) return -ENOMEM
    if (vma.start > reached) unmapped = true
    const part = { start: Math.max(vma.start, reached), end: Math.min(vma.end, end) }
    const error = advice === MADV_COLLAPSE ? collapse(vma, part.start, part.end) : yield* adviseVma(mm, vma, part, advice)
    if (error) return error
    reached = part.end
  }
  return unmapped ? -ENOMEM : 0
}

/** Pages of one vma. What drops the lock says how far the vma reached that it found then. */
interface Part {
  readonly start: number
  end: number
}

function* adviseVma(mm: AddressSpace, vma: VmArea, part: Part, advice: number): Call {
  const { start, end } = part
  const flags = FLAG_ADVICE.get(advice)
  if (flags !== undefined) {
    if (advice === MADV_WIPEONFORK && (vma.file !== null || vma.flags & VM_SHARED)) return -EINVAL
    // Shared mappings are left alone without an error. @source mm/ksm.c ksm_madvise(), vma_ksm_compatible()
    if (advice === MADV_MERGEABLE && (vma.flags & VM_SHARED || vma.backend === 'hugetlb')) return 0
    if (advice === MADV_UNMERGEABLE && vma.flags & VM_MERGEABLE) unmergePages(mm, start, end)
    const wanted = (vma.flags & ~flags[0]) | flags[1]
    if (wanted !== vma.flags && !mm.vmas.mayIsolate(vma, start, end)) return -EINVAL
    mm.vmas.modify(vma, start, end, wanted, vma.uffd)
    return 0
  }
  switch (advice) {
    case MADV_DONTNEED:
      return yield* dontneed(mm, vma, part)
    case MADV_PAGEOUT:
      if (vma.flags & VM_LOCKED || vma.backend === 'hugetlb') return -EINVAL
      reclaimPages(mm, vma, start, end, false)
      return 0
    case MADV_FREE:
      return yield* free(mm, vma, part)
    case MADV_GUARD_INSTALL:
      return guardInstall(mm, vma, start, end)
    case MADV_GUARD_REMOVE:
      return guardRemove(mm, vma, start, end)
    case MADV_REMOVE:
      return yield* remove(mm, vma, start, end)
    case MADV_COLD:
      if (vma.flags & VM_LOCKED || vma.backend === 'hugetlb') return -EINVAL
      coolPages(mm, vma, start, end)
      return 0
    case MADV_NORMAL:
    case MADV_WILLNEED:
      return 0
    default:
      return -EINVAL
  }
}

/** The event is read before anything is removed. @source v6.18 fs/userfaultfd.c userfaultfd_remove() */
function* announceRemoval(mm: AddressSpace, vma: VmArea, start: number, end: number): Generator<Waiting, void, void> {
  if (vma.uffd === null) return
  mm.kernel.uffd.removed(vma, start, end)
  yield* eventsRead(mm.kernel)
}

/**
 * MADV_DONTNEED. While the event waited to be read, the mapping may have changed: what is there now is advised.
 *
 * @source mm/madvise.c madvise_dontneed_free(), madvise_dontneed_single_vma()
 */
function* dontneed(mm: AddressSpace, asked: VmArea, part: Part): Call {
  const { start } = part
  if (!mayDiscard(asked, start) || (asked.backend === 'hugetlb' && !mm.calls.dontneedHugetlb)) return -EINVAL
  const announced = wholePages(asked, part.end)
  const watched = asked.uffd !== null
  yield* announceRemoval(mm, asked, start, announced)
  const vma = watched ? mm.vmas.find(start) : asked
  if (vma === undefined) return -ENOMEM
  if (!mayDiscard(vma, start)) return -EINVAL
  part.end = Math.min(part.end, vma.end)
  const end = wholePages(vma, Math.min(announced, vma.end))
  zapRange(mm, vma, start, end, ZAP_PLAIN)
  if (vma.pageShift === 12 && mm.calls.reclaimsTables) reclaimPteTables(mm, start, end)
  return 0
}

/** @source mm/madvise.c madvise_dontneed_free_valid_vma() */
function mayDiscard(vma: VmArea, start: number): boolean {
  return (vma.flags & VM_LOCKED) === 0 && start % 2 ** (vma.pageShift - 12) === 0
}

/** The end of the last whole page before a page number. */
function wholePages(vma: VmArea, end: number): number {
  return vma.pageShift === 12 ? end : end - (end % 2 ** (vma.pageShift - 12))
}

/** The remove event goes out before the memory type is looked at: anomaly 8. @source mm/madvise.c madvise_dontneed_free() */
function* free(mm: AddressSpace, asked: VmArea, part: Part): Call {
  if (asked.flags & VM_LOCKED || asked.backend === 'hugetlb') return -EINVAL
  if (asked.file !== null && !mm.kernel.design.anomalies.freeAnnouncesBeforeRefusing) return -EINVAL
  const watched = asked.uffd !== null
  yield* announceRemoval(mm, asked, part.start, part.end)
  const vma = watched ? mm.vmas.find(part.start) : asked
  if (vma === undefined) return -ENOMEM
  if (vma.flags & VM_LOCKED || vma.file !== null) return -EINVAL
  part.end = Math.min(part.end, vma.end)
  lazyFree(mm, part.start, part.end)
  return 0
}

/** @source mm/madvise.c madvise_remove() */
function* remove(mm: AddressSpace, vma: VmArea, start: number, end: number): Call {
  if (vma.flags & VM_LOCKED || vma.file === null) return -EINVAL
  if ((vma.flags & (VM_SHARED | VM_MAYWRITE)) !== (VM_SHARED | VM_MAYWRITE)) return -EACCES
  // The place in the file is that of before the event.
  const [inode, from, to] = [vma.file as Inode, filePage(vma, start), filePage(vma, end)]
  yield* announceRemoval(mm, vma, start, end)
  punchHole(mm.kernel, inode, from, to)
  return 0
}
