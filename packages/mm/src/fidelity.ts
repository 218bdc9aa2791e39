/**
 * What Linux does and this model does not: the part of the fidelity ledger for which there is no code to annotate.
 *
 * What is there but simpler than Linux is said where it is, by a `@fidelity simplified` tag.
 * @module
 */

/** A behaviour of Linux that the model leaves out. */
export interface NotModelled {
  /** The behaviour. */
  readonly what: string
  /** Why it is left out, and what happens here instead. */
  readonly why: string
  /** Where Linux 6.18 has it: `file func()` or the configuration option. */
  readonly source: string
}

const CONCURRENCY: readonly NotModelled[] = [
  {
    what: 'Page locks, mmap_lock, vma locks, page table locks, and the races they decide',
    why: 'one operation is one step; only waiting for a monitor can come between two halves of a call',
    source: 'mm/memory.c lock_vma_under_rcu(); mm/filemap.c __folio_lock_or_retry()',
  },
  {
    what: 'Retries of a fault (FAULT_FLAG_ALLOW_RETRY, FAULT_FLAG_TRIED) and the second look at the pte before a thread waits',
    why: 'nothing can change between the fault and the wait',
    source: 'fs/userfaultfd.c userfaultfd_must_wait()',
  },
  {
    what: 'Fatal signals while a thread waits for a monitor',
    why: 'the operation language has no signals; a process ends by exit',
    source: 'fs/userfaultfd.c handle_userfault()',
  },
  {
    what: 'The transient migration entry, and accesses that wait for it',
    why: 'a migration is one step; entries of that class are classified and would be waited for, but none is ever installed',
    source: 'mm/migrate.c migration_entry_wait()',
  },
  {
    what: 'pmd migration entries, migration of huge pages and of hugetlb pages',
    why: 'migration moves 4 KiB pages only; huge leaves stay where they are',
    source: 'mm/huge_memory.c set_pmd_migration_entry(), remove_migration_pmd()',
  },
]

const PINS_AND_FRAMES: readonly NotModelled[] = [
  {
    what: 'Pages pinned by GUP: early copy at fork, unsharing for a read-only pin, EBUSY of UFFDIO_MOVE, soft-dirty left alone',
    why: 'frames have no pin count and no operation pins; CONFIG_GUP_TEST is off on the measured machine',
    source: 'mm/memory.c copy_present_page(); mm/gup.c; mm/userfaultfd.c move_present_ptes()',
  },
  {
    what: 'Memory failure: hwpoison entries, MADV_HWPOISON, MADV_SOFT_OFFLINE',
    why: 'CONFIG_MEMORY_FAILURE is off on the measured machine: the advice is refused with EINVAL; poison markers are modelled',
    source: 'mm/memory-failure.c; CONFIG_MEMORY_FAILURE',
  },
  {
    what: 'Device-private and device-exclusive entries',
    why: 'CONFIG_DEVICE_PRIVATE is off; only the swap types they would take are counted',
    source: 'include/linux/swapops.h; CONFIG_DEVICE_PRIVATE',
  },
  {
    what: 'NUMA hinting faults and NUMA placement',
    why: 'the model has one node; PROT_NONE entries come from mprotect alone',
    source: 'mm/memory.c do_numa_page()',
  },
  {
    what: 'Contents of a page beyond one 32-bit stamp',
    why: 'a page holds the value last written to it; equality of stamps is equality of contents, and nothing is partly zeroed',
    source: 'mm/memory.c; mm/shmem.c shmem_fallocate()',
  },
  {
    what: 'Architectures other than x86-64: their swap entry layouts, and s390, which bans the zero page under storage keys',
    why: 'only the layout of x86-64 is there',
    source: 'arch/; include/linux/mm.h mm_forbids_zeropage()',
  },
]

const HUGE_PAGES: readonly NotModelled[] = [
  {
    what: 'Multi-size THP (mTHP): folios allocated between 4 KiB and 2 MiB, for anonymous memory and shmem (those that a split leaves are modelled)',
    why: 'a page is 4 KiB or 2 MiB; the sizes are off by default on the measured machine',
    source: 'mm/memory.c alloc_anon_folio(); mm/shmem.c shmem_allowable_huge_orders()',
  },
  {
    what: 'Huge pages that shmem allocates at a fault (mount option huge=, shmem_enabled)',
    why: 'shmem_enabled is never on the measured machine; huge pages of files come from a collapse alone',
    source: 'mm/shmem.c shmem_alloc_and_add_folio()',
  },
  {
    what: 'The deferred split queue, and the splitting of huge pages that are mostly unused under memory pressure',
    why: 'nothing runs by itself; a huge page of which parts are unmapped stays whole until a call or reclaim splits it',
    source: 'mm/huge_memory.c deferred_split_folio(), deferred_split_scan(); transparent_hugepage/shrink_underused',
  },
  {
    what: 'Swap clusters of a huge page (THP_SWAP) and large folios read from swap',
    why: 'a huge page is split and its pages are swapped one by one; each pte keeps its own bit, as in Linux',
    source: 'mm/swapfile.c; mm/memory.c alloc_swap_folio()',
  },
  {
    what: 'Surplus huge pages, hugetlb cgroups, per-node pools, subpools of a mount',
    why: 'the pool is one number a page size',
    source: 'mm/hugetlb.c alloc_surplus_hugetlb_folio(), hugepage_subpool_get_pages()',
  },
]

const RECLAIM: readonly NotModelled[] = [
  {
    what: 'LRU lists, page ageing, kswapd, direct reclaim, the OOM killer',
    why: 'pages are reclaimed when an operation says so; when frames run out the access is out of memory',
    source: 'mm/vmscan.c; mm/oom_kill.c',
  },
  { what: 'Memory cgroups', why: 'nothing is charged', source: 'mm/memcontrol.c' },
  {
    what: 'Swap readahead, zswap, synchronous swap devices, several swap areas, swapon and its limit on areas',
    why: 'there is one area; each entry is read alone. How many areas a configuration leaves is computed, not enforced',
    source: 'mm/swap_state.c swapin_readahead(); mm/swapfile.c',
  },
  {
    what: 'Failing reads from swap, and the poison marker that swapoff leaves for one',
    why: 'the area never fails',
    source: 'mm/swapfile.c unuse_pte(); mm/memory.c do_swap_page()',
  },
  {
    what: 'MADV_WILLNEED, and the ageing that MADV_COLD is for',
    why: 'their errors are modelled, and that MADV_COLD splits huge pages; the rest is on LRU lists and readahead, which are not',
    source: 'mm/madvise.c madvise_cold(), madvise_willneed()',
  },
  {
    what: 'When khugepaged runs and which mm it takes next',
    why: 'a pass over a range is an operation; there is no scan interval and no mm list',
    source: 'mm/khugepaged.c khugepaged_do_scan()',
  },
  {
    what: 'How KSM finds pages: stable and unstable tree, checksums, max_page_sharing, use_zero_pages, merging across processes',
    why: 'a merge over a range of one process is an operation; pages of equal stamps merge at once, in order of address',
    source: 'mm/ksm.c cmp_and_merge_page()',
  },
]

const ADDRESS_SPACE: readonly NotModelled[] = [
  {
    what: 'Ordinary files, pipes, devices, secretmem: a WP_ASYNC registration of any other mapping',
    why: 'mappings are anonymous, shmem or hugetlb',
    source: 'mm/userfaultfd.c vma_can_userfault()',
  },
  {
    what: 'Files opened read-only, memfd seals',
    why: 'every file is writable: VM_MAYWRITE is always set',
    source: 'mm/shmem.c; mm/memfd.c',
  },
  {
    what: 'Privileges: userfaultfd(2) refused without USER_MODE_ONLY, EVENT_FORK refused without CAP_SYS_PTRACE',
    why: 'every process is privileged',
    source: 'fs/userfaultfd.c userfaultfd_api(), userfaultfd_syscall_allowed()',
  },
  {
    what: 'exec, vfork, process_madvise',
    why: 'the operation language has none of them',
    source: 'fs/exec.c; mm/madvise.c',
  },
  {
    what: 'Accesses from within system calls, other than MADV_POPULATE and mlock',
    why: 'an access is a load or a store; the errors that a source or a vector in bad memory gives (EFAULT) cannot be asked for',
    source: 'mm/userfaultfd.c mfill_atomic(); fs/proc/task_mmu.c pagemap_scan_get_args()',
  },
  {
    what: 'Limits and accounting: RLIMIT_AS, RLIMIT_MEMLOCK, max_map_count, overcommit',
    why: 'nothing is counted against a limit but frames, tables, slots and huge pages',
    source: 'mm/mmap.c; mm/util.c __vm_enough_memory()',
  },
  {
    what: 'Stacks that grow, brk, MAP_POPULATE, MAP_LOCKED, protection keys, shadow stacks',
    why: 'the operation language has none of them',
    source: 'mm/mmap.c; mm/mprotect.c',
  },
  {
    what: 'mincore, smaps, kpagecount, fdinfo, poll, vmstat',
    why: 'what is observed is pagemap, PAGEMAP_SCAN, messages, results, signals and VmPTE',
    source: 'mm/mincore.c; fs/proc/task_mmu.c show_smap()',
  },
]

/** Everything known to be left out. */
export const NOT_MODELLED: readonly NotModelled[] = [...CONCURRENCY, ...PINS_AND_FRAMES, ...HUGE_PAGES, ...RECLAIM, ...ADDRESS_SPACE]
