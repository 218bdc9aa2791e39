/**
 * The pool of huge pages: how many there are, how many are promised.
 *
 * A shared mapping's promises belong to the file, a private mapping's to the vma that made them (a child of fork has none).
 * @source v6.18 mm/hugetlb.c hugetlb_reserve_pages(), alloc_hugetlb_folio(), dequeue_hugetlb_folio_vma()
 * @fidelity simplified: one pool a page size; no surplus pages, nodes, subpools or cgroups
 * @module
 */
import { ENOMEM, FRAME_HUGETLB, type Inode, type Machine, VM_NORESERVE, VM_SHARED, type Vma } from '@faultline/mm-types'
import { leafPages } from '@faultline/pagetable-core'

/** Limits of the pool: huge pages of each size that may be in use at once. */
export interface HugetlbPool {
  /** Pages of 2 MiB (nr_hugepages); absent: as many as wanted. */
  readonly pages2M?: number
  /** Pages of 1 GiB. */
  readonly pages1G?: number
}

/** The pool of one kernel. */
export class HugePool {
  private readonly limits: ReadonlyMap<number, number>
  /** Promises not yet kept, by page size. */
  private readonly promised = new Map<number, number>()
  private readonly privatePromises = new WeakMap<Vma, Set<number>>()

  constructor(pool: HugetlbPool) {
    this.limits = new Map([
      [21, pool.pages2M ?? Number.POSITIVE_INFINITY],
      [30, pool.pages1G ?? Number.POSITIVE_INFINITY],
    ])
  }

  /** Pages that are neither in use nor promised. */
  private spare(machine: Machine, pageShift: number): number {
    const limit = this.limits.get(pageShift) ?? 0
    return limit - machine.frames.hugetlbInUse(pageShift - 12) - (this.promised.get(pageShift) ?? 0)
  }

  private promise(pageShift: number, change: number): void {
    this.promised.set(pageShift, (this.promised.get(pageShift) ?? 0) + change)
  }

  /** Promises the pages of a new vma. @returns 0 or -ENOMEM */
  reserve(machine: Machine, vma: Vma): number {
    if (vma.flags & VM_NORESERVE) return 0
    const inode = vma.file as Inode
    const wanted: number[] = []
    const pages = leafPages(vma.pageShift)
    for (let vpn = vma.start; vpn < vma.end; vpn += pages) {
      const pgoff = Math.floor((vma.pgoff + (vpn - vma.start)) / pages)
      if (!(vma.flags & VM_SHARED) || (!inode.reserved.has(pgoff) && !inode.pages.has(pgoff))) wanted.push(pgoff)
    }
    if (wanted.length > this.spare(machine, vma.pageShift)) return -ENOMEM
    this.promise(vma.pageShift, wanted.length)
    if (vma.flags & VM_SHARED) for (const pgoff of wanted) inode.reserved.add(pgoff)
    else this.privatePromises.set(vma, new Set(wanted))
    return 0
  }

  /** Takes back the private promises of a part of a vma. */
  unreserve(vma: Vma, start: number, end: number): void {
    const promises = this.privatePromises.get(vma)
    if (promises === undefined) return
    const pages = leafPages(vma.pageShift)
    for (let vpn = start; vpn < end; vpn += pages) {
      if (promises.delete(Math.floor((vma.pgoff + (vpn - vma.start)) / pages))) this.promise(vma.pageShift, -1)
    }
  }

  /** Promises of a file's pages [from, to) end with the pages. */
  forget(inode: Inode, from: number, to: number): void {
    for (const pgoff of inode.reserved) {
      if (pgoff < from || pgoff >= to) continue
      inode.reserved.delete(pgoff)
      this.promise(inode.pageShift, -1)
    }
  }

  /** A page for `pgoff` of a vma (or of the file alone): a promised one, or a spare one. @returns its first frame, or 0 */
  take(machine: Machine, inode: Inode, pgoff: number, vma: Vma | null): number {
    const shift = inode.pageShift
    const own = vma !== null && !(vma.flags & VM_SHARED) ? this.privatePromises.get(vma) : inode.reserved
    const kept = own?.has(pgoff) === true
    if (!kept && this.spare(machine, shift) <= 0) return 0
    const pfn = machine.frames.alloc(shift - 12)
    if (pfn === 0) return 0
    if (kept) {
      own?.delete(pgoff)
      this.promise(shift, -1)
    }
    machine.frames.setFlags(pfn, FRAME_HUGETLB)
    machine.frames.hugetlbInUse(shift - 12, 1)
    return pfn
  }
}
