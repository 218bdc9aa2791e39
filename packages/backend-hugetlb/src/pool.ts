/**
 * The pool of huge pages: how many there are, how many are promised.
 *
 * A shared mapping's promises belong to the file, a private mapping's to the vma that made them (a child of fork has none).
 * @source v6.18 mm/hugetlb.c hugetlb_reserve_pages(), alloc_hugetlb_folio(), hugetlb_vm_op_close(), hugetlb_unreserve_pages()
 * @fidelity simplified hugetlb_reserve_pages(): one pool a page size; no surplus pages, nodes, subpools or cgroups
 * @module
 */
import {
  ENOMEM,
  FRAME_HUGETLB,
  FRAME_RESTORE_RESERVE,
  type Inode,
  type Machine,
  VM_NORESERVE,
  VM_SHARED,
  type Vma,
} from '@faultline/mm-types'
import { leafPages } from '@faultline/pagetable-core'

/** Limits of the pool: huge pages of each size that may be in use at once. */
export interface HugetlbPool {
  /** Pages of 2 MiB (nr_hugepages); absent: as many as wanted. */
  readonly pages2M?: number
  /** Pages of 1 GiB. */
  readonly pages1G?: number
}

/** The pool of one kernel; what is taken and promised of it the frames count. What a partial mremap forgets stays promised for ever. */
export class HugePool {
  private readonly limits: ReadonlyMap<number, number>
  constructor(pool: HugetlbPool) {
    this.limits = new Map([
      [21, pool.pages2M ?? Number.POSITIVE_INFINITY],
      [30, pool.pages1G ?? Number.POSITIVE_INFINITY],
    ])
  }

  /** Pages that are neither in use nor promised. */
  private spare(machine: Machine, pageShift: number): number {
    const limit = this.limits.get(pageShift) ?? 0
    return limit - machine.frames.hugetlbInUse(pageShift - 12) - machine.frames.hugetlbReserved(pageShift - 12)
  }

  /** Promises the pages of a new vma. @returns 0 or -ENOMEM */
  reserve(machine: Machine, vma: Vma): number {
    if (vma.flags & VM_NORESERVE) return 0
    const inode = vma.file as Inode
    const shared = (vma.flags & VM_SHARED) !== 0
    const wanted = pagesOf(vma).filter((pgoff) => !shared || (!inode.reserved.has(pgoff) && !inode.pages.has(pgoff)))
    if (wanted.length > this.spare(machine, vma.pageShift)) return -ENOMEM
    machine.frames.hugetlbReserved(vma.pageShift - 12, wanted.length)
    if (shared) for (const pgoff of wanted) inode.reserved.add(pgoff)
    else vma.reservations = new Set()
    return 0
  }

  /** Takes back the private promises of a vma that goes away. */
  unreserve(vma: Vma): void {
    const used = vma.reservations
    if (used === null) return
    vma.reservations = null
    vma.mm.machine.frames.hugetlbReserved(vma.pageShift - 12, -pagesOf(vma).filter((pgoff) => !used.has(pgoff)).length)
  }

  /**
   * What a private page had used up is promised again, and counted when the page is free: until then, as long as a child has it, another
   * one may be taken in its place.
   *
   * @source v6.18 mm/hugetlb.c __unmap_hugepage_range(), free_huge_folio()
   */
  restore(vma: Vma, vpn: number, pfn: number): void {
    vma.mm.machine.frames.setFlags(pfn, FRAME_RESTORE_RESERVE)
    vma.reservations?.delete(filePageOf(vma, vpn))
  }

  /** Promises of a file's pages from `from` on end with the file's length. */
  forget(machine: Machine, inode: Inode, from: number): void {
    for (const pgoff of inode.reserved) {
      if (pgoff < from) continue
      inode.reserved.delete(pgoff)
      machine.frames.hugetlbReserved(inode.pageShift - 12, -1)
    }
  }

  /** A page for `pgoff` of a file: a promised one, or a spare one. @returns its first frame, or 0 */
  take(machine: Machine, inode: Inode, pgoff: number): number {
    const pfn = this.dequeue(machine, inode.pageShift, inode.reserved.has(pgoff))
    if (pfn !== 0) inode.reserved.delete(pgoff)
    return pfn
  }

  /**
   * A page for a private mapping.
   *
   * @param instead true when the mapping has used up its promise for a page that it shares with a child: the copy is not promised
   */
  takePrivate(machine: Machine, vma: Vma, vpn: number, instead: boolean): number {
    const pgoff = filePageOf(vma, vpn)
    const used = vma.reservations
    const pfn = this.dequeue(machine, vma.pageShift, !instead && used !== null && !used.has(pgoff))
    if (pfn !== 0 && !instead) used?.add(pgoff)
    return pfn
  }

  private dequeue(machine: Machine, shift: number, promised: boolean): number {
    if (!promised && this.spare(machine, shift) <= 0) return 0
    const pfn = machine.frames.alloc(shift - 12)
    if (pfn === 0) return 0
    if (promised) machine.frames.hugetlbReserved(shift - 12, -1)
    machine.frames.setFlags(pfn, FRAME_HUGETLB)
    machine.frames.hugetlbInUse(shift - 12, 1)
    return pfn
  }
}

/** Page of the file, in its own pages, that a page of a vma shows. */
export function filePageOf(vma: Vma, vpn: number): number {
  return Math.floor((vma.pgoff + (vpn - vma.start)) / leafPages(vma.pageShift))
}

function pagesOf(vma: Vma): number[] {
  const first = filePageOf(vma, vma.start)
  return Array.from({ length: filePageOf(vma, vma.end) - first }, (_, i) => first + i)
}
