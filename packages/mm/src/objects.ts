/**
 * The kernel and its address spaces as the rest of this package sees them. The classes are in `kernel.ts` and
 * `address-space.ts`, which use the rest: this file is what keeps that from being a circle.
 * @module
 */
import type {
  AnonShortcut,
  AnonVma,
  BackendName,
  Backends,
  Design,
  Fault,
  HostMm,
  Inode,
  Mm,
  SwpTypes,
  UffdHooks,
} from '@faultline/mm-types'
import type { SimulatedMachine, Tlb } from '@faultline/pagetable-core'
import type { ScanOutput } from './calls/scan-output.ts'
import type { VmArea } from './vma.ts'
import type { VmaList } from './vma-list.ts'

/** What a process may do, by its rights and by the settings of its machine. */
export interface Privilege {
  /** CAP_SYS_PTRACE, which root has. */
  readonly ptrace: boolean
  /** vm.unprivileged_userfaultfd: who lacks the capability may watch the kernel's accesses too. */
  readonly unprivilegedUserfaultfd: boolean
  /** /dev/userfaultfd may be opened. */
  readonly device: boolean
}

/** Settings of the machine that are not part of a design: /sys/kernel/mm and the like. */
export interface KernelSettings {
  /** What those may do who run the programs. */
  readonly privilege: Privilege
  /** /sys/kernel/mm/transparent_hugepage/enabled. */
  readonly thp: 'never' | 'madvise' | 'always'
  /** Huge zero page for read faults of huge-page mappings. */
  readonly hugeZeroPage: boolean
  /** CPUs with a TLB of their own. */
  readonly cpus: number
  /** vm.max_map_count: vmas of one process. */
  readonly maxMapCount: number
}

/** One process's memory (mm_struct). */
export interface AddressSpace extends HostMm {
  readonly kernel: Kernel
  readonly vmas: VmaList
  /** False after exit. */
  alive: boolean
  /** Calls that have changed entries and not flushed yet. Above 0 only while somebody steps through them. @source v6.18 include/linux/mm_types.h mm_tlb_flush_pending() */
  flushesPending: number
}

/** A simulated kernel. */
export interface Kernel {
  readonly machine: SimulatedMachine
  readonly design: Design
  readonly backends: Backends
  /** That of the anonymous backend; null when every fault goes through the descriptor. */
  readonly shortcut: AnonShortcut | null
  readonly settings: KernelSettings
  readonly types: SwpTypes
  readonly tlbs: readonly Tlb[]
  /** Every address space there ever was. */
  readonly mms: readonly AddressSpace[]
  /** Set once by whoever composes the kernel; without a userfaultfd a stub that does nothing. */
  uffd: UffdHooks
  /** The one fault descriptor; faults do not nest. */
  readonly fault: Fault
  /** The one answer of a PAGEMAP_SCAN that grows; scans do not nest. */
  readonly scan: ScanOutput
  /** An empty address space. */
  newMm(): AddressSpace
  /** What ties the anonymous pages of a vma to it and to the copies that fork makes. */
  newAnonVma(): AnonVma
  /** A number that no anon_vma has: for the one that fork gives a child. */
  newOwner(): number
  /** A new memory file of `size` pages of 2^pageShift bytes. */
  newInode(backend: BackendName, size: number, pageShift: number): Inode
  /** The file whose cache a page is in. */
  inodeOf(pfn: number): Inode | undefined
  /**
   * Every vma that may map some of `pages` anonymous pages of one folio, by its mapping and index, and where the first of
   * them would be: outside of the vma when that maps only later ones.
   *
   * @source v6.18 mm/rmap.c rmap_walk_anon()
   */
  anonMappings(pfn: number, pages?: number): { vma: VmArea; vpn: number }[]
  /**
   * Makes every CPU forget translations of [vpn, vpn + pages) of which `changed` were changed: at once, since nothing runs between the
   * change and the flush unless somebody steps through the call.
   */
  flush(mm: Mm, vpn: number, pages: number, changed?: number): void
  /** `flush` of one page. */
  flushPage(mm: Mm, vpn: number): void
  /** As many calls of `flush` for one page each. */
  flushEach(mm: Mm, vpn: number, pages: number): void
  /** Runs one part of a call and answers the flushes that it asked for, which are counted and not performed. */
  gatherFlushes(change: () => void): readonly Flush[]
  /** Performs flushes that were gathered. */
  performFlushes(flushes: readonly Flush[]): void
  /** Gives the memory of the machine back to where it came from. Only counts may be asked of the kernel any more. */
  release(): void
}

/** Translations to be forgotten: pages [vpn, vpn + pages) of an address space. */
export interface Flush {
  readonly mm: Mm
  readonly vpn: number
  readonly pages: number
}
