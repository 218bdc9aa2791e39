/**
 * What the userfaultfd needs of an address space beyond its tables.
 * @module
 */
import type { Backends } from './backend.ts'
import type { Design } from './design.ts'
import type { Inode, Mm, UffdContext, Vma } from './objects.ts'

/** An address space as `policy-uffd` and `policy-khugepaged` see it. Implemented by `mm`. */
export interface HostMm extends Mm {
  readonly design: Design
  readonly backends: Backends
  /** False after exit. @source v6.18 include/linux/sched/mm.h mmget_not_zero() */
  readonly alive: boolean
  /** The vma that holds a page. */
  findVma(vpn: number): Vma | undefined
  /** Vmas that meet [start, end), in order. */
  vmasWithin(start: number, end: number): readonly Vma[]
  /** Gives [start, end) of a vma new flags and a userfaultfd; splits and merges. */
  modifyVma(vma: Vma, start: number, end: number, flags: number, uffd: UffdContext | null): void
  /** The table of a page's leaf, allocated (or, for hugetlb, shared) when missing; 0 when none is left. */
  leafTableAlloc(vma: Vma, vpn: number): number
  /** Drops the tables of pmds that a hugetlb vma, or [start, end) of it, shares with others. */
  unsharePmds(vma: Vma, start?: number, end?: number): void
  /** Low word of the huge leaf over a page of a 4 KiB vma, or 0. */
  hugeLeaf(vpn: number): number
  /** First frame of the huge leaf over a page. The leaf must be there. */
  hugePfn(vpn: number): number
  /** Writes the huge leaf over a page. */
  setHugeLeaf(vpn: number, lo: number, hi: number): void
  /** Replaces the huge leaf over a page by a table of ptes. */
  splitHuge(vma: Vma, vpn: number): void
  /**
   * Maps the huge zero page, with more flags, over the empty aligned range of 2 MiB from `vpn` on.
   * @returns false when the range is not empty, may not be huge, or there is no huge zero page
   */
  mapHugeZeroPage(vma: Vma, vpn: number, flags: number): boolean
  /** A vma is about to be cut: no huge leaf and no shared table may lie across the border. */
  cut(vma: Vma, vpn: number): void
  /** Splits the anonymous huge page itself that a frame belongs to: its pages become small, unwritten ones the zero page. */
  splitFolio(pfn: number): boolean
  /** Brings a swapped page back, as a read of it would. */
  swapIn(vma: Vma, vpn: number): void
  /** Class of an entry that is neither none nor present: SOFTLEAF_*. */
  classify(lo: number, hi: number): number
  /** Erases [start, end) of a vma by the zap rule (armed file entries leave markers). */
  zap(vma: Vma, start: number, end: number): void
  /** Unmaps pages [from, to) of a file everywhere; private copies stay. */
  unmapFile(inode: Inode, from: number, to: number): void
  /** Frees the table of ptes over a page of an address space, whatever is in it. @returns false when there is none */
  retractTable(vpn: number): boolean
  /** Flushes [vpn, vpn + pages) after `changed` entries lost rights. */
  flushChanged(vpn: number, pages: number, changed: number): void
  /** The same for one page. */
  flushPage(vpn: number): void
}
