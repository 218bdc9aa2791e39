/**
 * The vmas of an address space, in order of address.
 *
 * A sorted array with a remembered last hit: most programs here have tens of vmas, and an array of the 65 530 that a tracker by
 * mprotect can come to still shifts in microseconds.
 * @module
 */
import { type HostMm, type UffdContext, VM_ACCESS_FLAGS, VM_SOFTDIRTY, VM_STICKY } from '@faultline/mm-types'
import { maySplit, type VmArea } from './vma.ts'

/** Ordered vmas that do not overlap. */
export class VmaList {
  private readonly list: VmArea[] = []
  private last = 0
  private most = 0

  get size(): number {
    return this.list.length
  }

  /** Most vmas at the end of any call so far: what `notePeak` saw. */
  get peak(): number {
    return Math.max(this.most, this.list.length)
  }

  /** A call has ended: pieces that it cut and joined again are no peak. */
  notePeak(): void {
    if (this.list.length > this.most) this.most = this.list.length
  }

  /** The vma that holds a page. */
  find(vpn: number): VmArea | undefined {
    const hit = this.list[this.last]
    if (hit !== undefined && vpn >= hit.start && vpn < hit.end) return hit
    const i = this.lowerBound(vpn)
    const vma = this.list[i]
    if (vma === undefined || vma.start > vpn) return undefined
    this.last = i
    return vma
  }

  /** The vma that holds a page, or the first one after it. @source v6.18 mm/mmap.c find_vma() */
  next(vpn: number): VmArea | undefined {
    return this.list[this.lowerBound(vpn)]
  }

  /** Index of the first vma that ends after a page. */
  private lowerBound(vpn: number): number {
    let low = 0
    let high = this.list.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.list[middle].end <= vpn) low = middle + 1
      else high = middle
    }
    return low
  }

  /** All vmas that meet [start, end), in order; a copy that survives changes of the list. */
  within(start: number, end: number): VmArea[] {
    const found: VmArea[] = []
    for (let i = this.lowerBound(start); i < this.list.length && this.list[i].start < end; i++) found.push(this.list[i])
    return found
  }

  /** Whether any vma meets [start, end). */
  meets(start: number, end: number): boolean {
    const first = this.list[this.lowerBound(start)]
    return first !== undefined && first.start < end
  }

  private indexOf(vma: VmArea): number {
    const i = this.lowerBound(vma.start)
    if (this.list[i] !== vma) throw new Error(`vma ${vma.start.toString(16)} is not on the list`)
    return i
  }

  all(): readonly VmArea[] {
    return this.list
  }

  insert(vma: VmArea): void {
    this.list.splice(this.lowerBound(vma.start), 0, vma)
    this.last = 0
  }

  remove(vma: VmArea): void {
    this.list.splice(this.indexOf(vma), 1)
    this.last = 0
    vma.unlink()
  }

  /** Makes `vpn` a boundary between vmas. */
  splitAt(vpn: number): void {
    const vma = this.find(vpn)
    if (vma === undefined || vma.start === vpn) return
    vma.mm.machine.counters.vmaSplits++
    this.cut(vma, vpn)
  }

  private cutAt(vpn: number): void {
    const vma = this.find(vpn)
    if (vma !== undefined && vma.start !== vpn) this.cut(vma, vpn)
  }

  private cut(vma: VmArea, vpn: number): void {
    ;(vma.mm as HostMm).cut(vma, vpn)
    const upper = vma.copy(vma.mm, vpn, vma.end, vma.pgoff + (vpn - vma.start))
    vma.end = vpn
    this.insert(upper)
    // Both take their places in the file's tree anew. @source v6.18 mm/vma.c vma_complete()
    if (vma.backend === 'hugetlb') relink(vma)
  }

  /** Whether [start, end) may be made a vma of its own. The cut at its start stays when the one at its end is refused. @source v6.18 mm/vma.c vma_modify() */
  mayIsolate(vma: VmArea, start: number, end: number): boolean {
    if (!maySplit(vma, start)) return false
    if (maySplit(vma, end)) return true
    this.splitAt(start)
    return false
  }

  /**
   * Gives [start, end) of a vma new flags and a userfaultfd, splitting it where needed, and merges what has become equal.
   * @returns the vma that now holds `start`
   */
  modify(vma: VmArea, start: number, end: number, flags: number, uffd: UffdContext | null): VmArea {
    if (vma.flags === flags && vma.uffd === uffd) return vma
    const before = this.list.length
    this.cutAt(start)
    this.cutAt(end)
    const middle = this.find(start) as VmArea
    middle.flags = flags
    middle.uffd = uffd
    const joined = this.join(middle, false)
    const added = this.list.length - before
    const { counters } = vma.mm.machine
    if (added > 0) counters.vmaSplits += added
    else counters.vmaMerges -= added
    return joined
  }

  /**
   * Whether `modify` may add the vmas that it needs: one that can be joined with a neighbour needs none.
   *
   * @source v6.18 mm/vma.c vma_modify(), split_vma()
   */
  mayModify(vma: VmArea, start: number, end: number, flags: number, most: number): boolean {
    if (this.list.length < most - 1) return true
    const cuts = (vma.start < start ? 1 : 0) + (end < vma.end ? 1 : 0)
    if (this.list.length + cuts <= most) return true
    const i = this.indexOf(vma)
    const { pgoff, backend, file, uffd, anonOwner, isForked } = vma
    const middle = { start, end, flags, pgoff: pgoff + (start - vma.start), backend, file, uffd, anonOwner, isForked }
    const previous = this.list[i - 1]
    const next = this.list[i + 1]
    return (previous !== undefined && canMerge(previous, middle)) || (next !== undefined && canMerge(middle, next))
  }

  /**
   * Joins a vma with its neighbours where Linux would.
   *
   * @param moved whether the vma is what mremap moved: before joins gathered soft-dirty, callers that change or make a mapping gave
   * the whole its flags, but this one took the neighbour as it was
   * @source v6.18 mm/vma.c vma_merge_existing_range(), vma_merge_new_range(); v6.12 copy_vma()
   */
  mergeAround(vma: VmArea, moved = false): VmArea {
    const before = this.list.length
    const joined = this.join(vma, moved)
    vma.mm.machine.counters.vmaMerges += before - this.list.length
    return joined
  }

  private join(vma: VmArea, moved: boolean): VmArea {
    const i = this.indexOf(vma)
    const next = this.list[i + 1]
    const previous = this.list[i - 1]
    let joined = vma
    let soft = vma.flags
    // The one before goes first: where the neighbours' private pages are not of one family, the one after stays apart.
    if (previous !== undefined && canMerge(previous, vma)) {
      if (moved) soft = previous.flags
      this.absorb(previous, vma)
      joined = previous
    }
    if (next !== undefined && canMerge(joined, next)) {
      if (moved && joined === vma) soft = next.flags
      this.absorb(joined, next)
    }
    if (!vma.mm.calls.mergeKeepsSoftDirty) joined.flags = (joined.flags & ~VM_SOFTDIRTY) | (soft & VM_SOFTDIRTY)
    return joined
  }

  /** The neighbour whose anon_vma a vma without one takes, so that the two can be joined later. @source v6.18 mm/vma.c find_mergeable_anon_vma() */
  mergeableAnon(vma: VmArea): VmArea | undefined {
    const i = this.indexOf(vma)
    const usable = (other: VmArea | undefined): other is VmArea => other !== undefined && other.anonVma !== null && !other.isForked
    const next = this.list[i + 1]
    if (usable(next) && areAnonCompatible(vma, next)) return next
    const previous = this.list[i - 1]
    return usable(previous) && areAnonCompatible(previous, vma) ? previous : undefined
  }

  private absorb(vma: VmArea, next: VmArea): void {
    this.remove(next)
    vma.end = next.end
    // What is merged with something new is new as a whole: soft-dirty's false positives come from here.
    vma.flags |= next.flags & VM_STICKY
    if (vma.anonVma === null && next.anonVma !== null) vma.joinAnonVma(next.anonVma, next.anonOwner, next.isForked)
  }
}

function relink(vma: VmArea): void {
  vma.file?.vmas.delete(vma)
  vma.file?.vmas.add(vma)
}

type Joinable = Pick<VmArea, 'start' | 'end' | 'flags' | 'pgoff' | 'backend' | 'file' | 'uffd' | 'anonOwner' | 'isForked'>

/** @source v6.18 mm/vma.c is_mergeable_vma(), is_mergeable_anon_vma(); hugetlb vmas are VM_SPECIAL-like and stay apart */
function canMerge(a: Joinable, b: Joinable): boolean {
  return (
    a.end === b.start &&
    ((a.flags ^ b.flags) & ~VM_STICKY) === 0 &&
    a.file === b.file &&
    a.uffd === b.uffd &&
    a.backend !== 'hugetlb' &&
    a.pgoff + (a.end - a.start) === b.pgoff &&
    (a.anonOwner === b.anonOwner || (a.anonOwner === 0 && !b.isForked) || (b.anonOwner === 0 && !a.isForked))
  )
}

/** @source v6.18 mm/vma.c anon_vma_compatible() */
function areAnonCompatible(a: VmArea, b: VmArea): boolean {
  return (
    a.end === b.start &&
    a.file === b.file &&
    ((a.flags ^ b.flags) & ~(VM_ACCESS_FLAGS | VM_STICKY)) === 0 &&
    a.pgoff + (a.end - a.start) === b.pgoff
  )
}
