/**
 * Which present entries may become writable without a fault.
 * @module
 */
import {
  FRAME_ANON,
  FRAME_EXCLUSIVE,
  type Frames,
  PAGE_DIRTY,
  PAGE_SOFT_DIRTY,
  PAGE_UFFD_WP,
  VM_SHARED,
  VM_SOFTDIRTY,
  VM_UFFD_WP,
  VM_WRITE,
  type Vma,
} from '@faultline/mm-types'
import { ptePfn } from './pte.ts'

/** What entries of a vma need to become writable: taken once a range, so that a loop over entries asks the vma nothing. */
export interface WriteRule {
  /** The low word under `mask` must be `bits`. */
  readonly mask: number
  readonly bits: number
  /** The page must be anonymous and nobody else's. */
  readonly exclusive: boolean
}

/** No entry may. */
export const NEVER_WRITABLE: WriteRule = { mask: 0, bits: 1, exclusive: false }
/** Every entry may. */
export const ALWAYS_WRITABLE: WriteRule = { mask: 0, bits: 0, exclusive: false }

/** @source v6.18 mm/mprotect.c can_change_pte_writable(); mm/vma.c vma_wants_writenotify() */
export function writeRule(vma: Vma): WriteRule {
  const isShared = (vma.flags & VM_SHARED) !== 0
  const isWatched = (vma.flags & VM_UFFD_WP) !== 0
  if ((vma.flags & VM_WRITE) === 0 || (vma.backend === 'hugetlb' && (!isShared || isWatched))) return NEVER_WRITABLE
  const softDirty = vma.mm.softDirty && (vma.flags & VM_SOFTDIRTY) === 0 ? PAGE_SOFT_DIRTY : 0
  const bits = softDirty | (isShared && isWatched ? PAGE_DIRTY : 0)
  return { mask: bits | (isWatched ? PAGE_UFFD_WP : 0), bits, exclusive: !isShared }
}

/** Whether an entry may become writable by the rule of its vma. */
export function mayWrite(rule: WriteRule, frames: Frames, lo: number, hi: number): boolean {
  if ((lo & rule.mask) !== rule.bits) return false
  return !rule.exclusive || (frames.flags(ptePfn(lo, hi)) & (FRAME_ANON | FRAME_EXCLUSIVE)) === (FRAME_ANON | FRAME_EXCLUSIVE)
}
