/**
 * Virtual memory areas.
 * @module
 */
import type { AnonVma, BackendName, Inode, Mm, UffdContext, Vma } from '@faultline/mm-types'

/** What a new vma is made of. */
export interface VmaFields {
  readonly mm: Mm
  readonly start: number
  readonly end: number
  readonly flags: number
  readonly pgoff: number
  readonly file: Inode | null
}

/** A vma; all of one shape, so that the fault path stays monomorphic. */
export class VmArea implements Vma {
  readonly mm: Mm
  start: number
  end: number
  flags: number
  pgoff: number
  readonly backend: BackendName
  readonly pageShift: number
  readonly file: Inode | null
  /** The family of its private pages; `anonOwner` is what Linux has an anon_vma of its own for, and decides over merging. */
  anonVma: AnonVma | null = null
  anonOwner = 0
  /** It came from a fork with private pages: its anon_vma is shared with nobody that has none. @source v6.18 mm/vma.c vma_is_fork_child() */
  isForked = false
  uffd: UffdContext | null = null
  reservations: Set<number> | null = null
  robbed = false

  constructor(fields: VmaFields) {
    this.mm = fields.mm
    this.start = fields.start
    this.end = fields.end
    this.flags = fields.flags
    this.pgoff = fields.pgoff
    this.file = fields.file
    this.backend = fields.file ? fields.file.backend : 'anon'
    this.pageShift = fields.file ? fields.file.pageShift : 12
    if (fields.file) fields.file.vmas.add(this)
  }

  /** A copy of [start, end) of this vma for `mm`, linked to the same file and anon_vma. */
  copy(mm: Mm, start: number, end: number, pgoff: number): VmArea {
    const other = new VmArea({ mm, start, end, flags: this.flags, pgoff, file: this.file })
    other.uffd = this.uffd
    // A child has no reservations of its own. @source v6.18 mm/hugetlb.c hugetlb_dup_vma_private()
    if (mm === this.mm) {
      other.reservations = this.reservations
      other.robbed = this.robbed
    }
    if (this.anonVma) other.joinAnonVma(this.anonVma, this.anonOwner, this.isForked)
    return other
  }

  /** Puts the vma on an anon_vma's list. */
  joinAnonVma(anonVma: AnonVma, owner: number, isForked = false): void {
    this.anonVma = anonVma
    this.anonOwner = owner
    this.isForked = isForked
    anonVma.vmas.add(this)
  }

  /** Takes it off again; what it mapped has gone. */
  leaveAnonVma(): void {
    this.anonVma?.vmas.delete(this)
    this.anonVma = null
    this.anonOwner = 0
    this.isForked = false
  }

  /** Takes the vma off its file's and anon_vma's lists. */
  unlink(): void {
    this.file?.vmas.delete(this)
    this.anonVma?.vmas.delete(this)
  }
}

/** Whether a vma may be cut at a page: not within a huge page. @source v6.18 mm/hugetlb.c hugetlb_vm_op_split() */
export function maySplit(vma: Vma, vpn: number): boolean {
  return vma.pageShift === 12 || vpn <= vma.start || vpn >= vma.end || vpn % 2 ** (vma.pageShift - 12) === 0
}

/**
 * The vmas of a file in the order of Linux's tree: by the first page they show, and by age; a child's stands beside its parent's.
 * Who shares a table is told by who comes first. @source v6.18 mm/interval_tree.c
 */
export function inFileOrder(file: Inode): Vma[] {
  return [...file.vmas].sort((a, b) => a.pgoff - b.pgoff)
}

/** Puts the vma of a child of fork right behind its parent's. @source v6.18 mm/interval_tree.c vma_interval_tree_insert_after() */
export function standBehind(parent: Vma, child: Vma): void {
  const vmas = child.file?.vmas
  if (vmas === undefined) return
  const order = [...vmas].filter((vma) => vma !== child)
  vmas.clear()
  for (const vma of order) {
    vmas.add(vma)
    if (vma === parent) vmas.add(child)
  }
}

/** Page of the file that a page of a vma shows, in the file's own pages. */
export function filePage(vma: Vma, vpn: number): number {
  const index = vma.pgoff + (vpn - vma.start)
  return vma.pageShift === 12 ? index : Math.floor(index / 2 ** (vma.pageShift - 12))
}

/** Where a file's page range [from, to), in its own pages, shows in a vma; null when it does not. */
export function vmaRange(vma: Vma, from: number, to: number): { start: number; end: number } | null {
  const scale = 2 ** (vma.pageShift - 12)
  const start = Math.max(vma.start, vma.start + from * scale - vma.pgoff)
  const end = Math.min(vma.end, vma.start + to * scale - vma.pgoff)
  return start < end ? { start, end } : null
}
