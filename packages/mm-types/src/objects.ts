/**
 * The objects of memory management that backends and policies are handed: files, vmas, address spaces, faults.
 *
 * `@faultline/mm` implements them.
 * @module
 */
import type { CallSupport } from './call-support.ts'
import type { MarkerEncoding } from './encoding.ts'
import type { Machine } from './machine.ts'
import type { TlbPolicy } from './tlb-policy.ts'

/** What backs a mapping. */
export type BackendName = 'anon' | 'shmem' | 'hugetlb'

/** A family of address spaces that may share anonymous pages: what an anon_vma tree stands for. */
export interface AnonVma {
  readonly id: number
  readonly vmas: Set<Vma>
}

/** A memory file. The backend owns `pages`. */
export interface Inode {
  readonly id: number
  readonly backend: BackendName
  /** log2 of the page size: 12, 21 or 30. */
  readonly pageShift: number
  /** Length in pages of `pageShift`. */
  size: number
  /** Page cache: page offset -> frame (positive), or swap slot (negative). Offsets in pages of `pageShift`. */
  readonly pages: Map<number, number>
  /** i_mmap: every vma that maps the file. */
  readonly vmas: Set<Vma>
  /** hugetlb: pages that are reserved for shared mappings and not there yet. */
  readonly reserved: Set<number>
}

/** A userfaultfd as far as vmas know it. */
export interface UffdContext {
  readonly id: number
  readonly features: number
}

/** A mapping: pages [start, end) with one set of flags. */
export interface Vma {
  start: number
  end: number
  flags: number
  /** Page offset in the file, or `start` at creation for anonymous memory (as vm_pgoff), in 4 KiB pages. */
  pgoff: number
  readonly backend: BackendName
  /** log2 of the page size of its leaves: 12, 21 or 30. */
  readonly pageShift: number
  readonly file: Inode | null
  anonVma: AnonVma | null
  uffd: UffdContext | null
  /**
   * Of the private hugetlb mapping that made reservations: pages of the file whose reservation is used up, all others being
   * reserved. Vmas cut from one share it. @source v6.18 mm/hugetlb.c vma_resv_map(), HPAGE_RESV_OWNER
   */
  reservations: Set<number> | null
  /** A page was taken from this private hugetlb mapping: missing ones are refused. @source HPAGE_RESV_UNMAPPED */
  robbed: boolean
  readonly mm: Mm
}

/** An address space (mm_struct). */
export interface Mm {
  readonly id: number
  readonly pgd: number
  readonly machine: Machine
  readonly encoding: MarkerEncoding
  /** CONFIG_MEM_SOFT_DIRTY of the kernel. */
  readonly softDirty: boolean
  /** The zero page may not be mapped. @source v6.18 include/linux/mm.h mm_forbids_zeropage() */
  readonly forbidsZeropage: boolean
  /** How calls and faults of the kernel's release differ from those of others. */
  readonly calls: CallSupport
  /** When translations are flushed, and when a write copies. */
  readonly tlb: TlbPolicy
  /** Page-table bytes as VmPTE counts them. */
  tableBytes(): number
  /** Gives a vma an anon_vma before its first private page. @source mm/rmap.c anon_vma_prepare() */
  prepareAnonVma(vma: Vma): void
  /**
   * A huge leaf keeps a table of ptes for the day it is split; VmPTE counts it.
   *
   * @param reused the table that is deposited was in use before, or that which is taken back will be: none is allocated or freed
   * @source pgtable_trans_huge_deposit()
   */
  deposit(tables: number, reused?: boolean): void
  /** True when no other address space maps pages of the anonymous huge page a frame belongs to. */
  mapsAlone(pfn: number): boolean
  /** Marks pages as no longer to be served from a TLB. */
  flush(vpn: number, pages: number): void
}

/**
 * One page fault on its way. The kernel keeps a single object and fills it in for each fault.
 */
export interface Fault {
  mm: Mm
  vma: Vma
  /** Page of the access. */
  vpn: number
  write: boolean
  /** FAULT_FLAG_UNSHARE. */
  unshare: boolean
  /** The entry, a wp marker or none where that means it, stands for an armed page: the page that replaces it gets the bit. */
  armed: boolean
  /** FAULT_FLAG_USER: user code faulted, not the kernel on its behalf. */
  user: boolean
  /** Byte address, for messages that want it exact. */
  address: number
  /** Thread that faulted. */
  thread: string
  /** It waits until it is woken; else it only leaves its message. */
  stays: boolean
  /** Table of the leaf and index in it, when walked; 0 when there is no table. */
  table: number
  index: number
  /** The table was made for this fault: to Linux the pmd is still none, and may become a huge leaf. */
  fresh: boolean
  /** The leaf as it was read. */
  lo: number
  hi: number
}
