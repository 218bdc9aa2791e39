/**
 * What can be asked, each question a small program that goes through to its end where the answer is yes.
 * @module
 */
import type { Ground } from './grounds.ts'

/** A question. */
export interface Question {
  /** As it is asked for, such as `write-protect`. */
  readonly name: string
  /** Completes "can I …". */
  readonly title: string
  /** Other words for it. */
  readonly words: readonly string[]
  /**
   * Features that may be asked for in the handshake, the least first: the first with which the program goes through is
   * what the answer says is needed. Absent where the question is about no userfaultfd.
   */
  readonly features?: readonly (readonly string[])[]
  /** Only a userfaultfd of /dev/userfaultfd counts. */
  readonly device?: boolean
  /** It takes a kernel with CONFIG_MEM_SOFT_DIRTY. */
  readonly softDirty?: boolean
  /** The program, after the handshake of the userfaultfd `u`. */
  lines(ground: Ground): readonly string[]
  /** Where Linux decides it. */
  readonly source: string
}

/** The same without asking for any feature. */
const NONE: readonly string[] = []

/** Registers region A, of which no page is there. */
const watched = (ground: Ground, mode: string): string[] => [...ground.map('A'), `register u A 0 ${ground.pages} mode=${mode}`]

/** A write to the armed first page waits, is told, and goes on when the protection is taken away. */
const writeIsTold = ({ pages }: Ground): string[] => [
  'write A 9 => blocked',
  'receive u => message pagefault A flags=write,wp',
  `writeprotect u A 0 ${pages} mode=0 => ok; finished main.main ok`,
  'read A => value 9',
]

const READ_IS_TOLD = ['read A => blocked', 'receive u => message pagefault A flags=0']

/** Every question. */
export const QUESTIONS: readonly Question[] = [
  {
    name: 'missing',
    title: 'be told of the first access to a page, and supply the page',
    words: ['missing faults', 'catch missing', 'copy', 'UFFDIO_COPY', 'register missing', 'postcopy'],
    features: [NONE],
    lines: (ground) => [...watched(ground, 'missing'), ...READ_IS_TOLD, 'copy u A 0 1 5 => ok; finished main.main value 5'],
    source: 'fs/userfaultfd.c handle_userfault(); mm/userfaultfd.c mfill_atomic()',
  },
  {
    name: 'zeropage',
    title: 'supply a page of zeroes without copying one (UFFDIO_ZEROPAGE)',
    words: ['UFFDIO_ZEROPAGE', 'zero page'],
    features: [NONE],
    lines: (ground) => [...watched(ground, 'missing'), 'zeropage u A 0 1', 'read A => value 0'],
    source: 'fs/userfaultfd.c userfaultfd_zeropage(); mm/userfaultfd.c mfill_atomic_hugetlb()',
  },
  {
    name: 'write-protect',
    title: 'write-protect pages that are there, and be told of each write before it happens',
    words: ['wp', 'write protect', 'uffd-wp', 'UFFDIO_WRITEPROTECT', 'sync wp', 'track writes'],
    features: [NONE, ['wp_hugetlbfs_shmem']],
    lines: (ground) => [
      ...ground.map('A'),
      ...ground.fill('A', 1),
      `register u A 0 ${ground.pages} mode=wp`,
      `writeprotect u A 0 ${ground.pages} mode=wp`,
      ...writeIsTold(ground),
    ],
    source: 'include/linux/userfaultfd_k.h vma_can_userfault(); mm/userfaultfd.c mwriteprotect_range()',
  },
  {
    name: 'write-protect-unpopulated',
    title: 'write-protect pages that are not there yet, and be told of their first write',
    words: ['wp unpopulated', 'unpopulated', 'write-protect unpopulated', 'wp before populate', 'wp none', 'holes', 'empty'],
    features: [NONE, ['wp_hugetlbfs_shmem'], ['wp_unpopulated']],
    lines: (ground) => [...watched(ground, 'wp'), `writeprotect u A 0 ${ground.pages} mode=wp`, ...writeIsTold(ground)],
    source: 'include/linux/userfaultfd_k.h userfaultfd_wp_use_markers(); mm/mprotect.c change_pte_range()',
  },
  {
    name: 'copy-wp',
    title: 'supply a page that is write-protected from the start (UFFDIO_COPY_MODE_WP)',
    words: ['UFFDIO_COPY_MODE_WP', 'copy with wp', 'copy write-protected'],
    features: [NONE, ['wp_hugetlbfs_shmem']],
    lines: (ground) => [...watched(ground, 'missing,wp'), 'copy u A 0 1 5 mode=wp', 'read A => value 5', ...writeIsTold(ground)],
    source: 'mm/userfaultfd.c mfill_atomic()',
  },
  {
    name: 'wp-async',
    title: 'collect the pages written, without a message for each (WP_ASYNC, PAGEMAP_SCAN)',
    words: ['async wp', 'UFFD_FEATURE_WP_ASYNC', 'PAGEMAP_SCAN', 'pagemap scan', 'async', 'dirty tracking'],
    features: [['wp_async']],
    lines: (ground) => [
      ...ground.map('A'),
      ...ground.fill('A', 1),
      `register u A 0 ${ground.pages} mode=wp`,
      `scan A 0 ${ground.pages} vec=8 flags=wp_matching,check_wpasync mask=written return=written`,
      `scan A 0 ${ground.pages} vec=8 mask=written return=written => ok; no regions`,
      'write A 9 => no messages',
      `scan A 0 ${ground.pages} vec=8 mask=written return=written => region A..A+1 written`,
    ],
    source: 'fs/proc/task_mmu.c do_pagemap_scan(); fs/userfaultfd.c userfaultfd_wp_async()',
  },
  {
    name: 'minor',
    title: 'be told of accesses to pages that are in the file but not mapped, and map them (UFFDIO_CONTINUE)',
    words: ['minor faults', 'UFFDIO_CONTINUE', 'continue', 'UFFD_FEATURE_MINOR_SHMEM', 'UFFD_FEATURE_MINOR_HUGETLBFS'],
    features: [NONE, ['minor_hugetlbfs', 'minor_shmem']],
    lines: (ground) => [
      ...(ground.mapFull ?? ground.map)('A'),
      `register u A 0 ${ground.pages} mode=minor`,
      'read A => blocked',
      'receive u => message pagefault A flags=minor',
      'continue u A 0 1 => ok; finished main.main value 0',
    ],
    source: 'include/linux/userfaultfd_k.h vma_can_userfault(); mm/userfaultfd.c mfill_atomic_pte_continue()',
  },
  {
    name: 'move',
    title: 'supply a page by moving it from elsewhere, without copying (UFFDIO_MOVE)',
    words: ['UFFDIO_MOVE', 'remap pages', 'UFFD_FEATURE_MOVE'],
    features: [NONE, ['move']],
    lines: (ground) => [
      ...watched(ground, 'missing'),
      ...ground.map('B'),
      ...ground.fill('B', 7),
      ...READ_IS_TOLD,
      `move u A 0 ${ground.pages} from=B => ok; finished main.main value 7`,
    ],
    source: 'fs/userfaultfd.c userfaultfd_move(); mm/userfaultfd.c validate_move_areas()',
  },
  {
    name: 'poison',
    title: 'have accesses to a page end in SIGBUS as if its memory had failed (UFFDIO_POISON)',
    words: ['UFFDIO_POISON', 'UFFD_FEATURE_POISON'],
    features: [NONE, ['poison']],
    lines: (ground) => [...watched(ground, 'missing'), 'poison u A 0 1', 'read A => SIGBUS'],
    source: 'mm/userfaultfd.c mfill_atomic_pte_poison()',
  },
  {
    name: 'sigbus',
    title: 'have missing pages end in SIGBUS, without a monitor (UFFD_FEATURE_SIGBUS)',
    words: ['UFFD_FEATURE_SIGBUS', 'signal'],
    features: [['sigbus']],
    lines: (ground) => [...watched(ground, 'missing'), 'read A => SIGBUS', 'receive u => EAGAIN'],
    source: 'fs/userfaultfd.c handle_userfault()',
  },
  {
    name: 'kernel-faults',
    title: 'be told of accesses by the kernel itself, such as in a system call',
    words: ['kernel mode faults', 'kernel-mode faults', 'system call', 'kernel accesses', 'KVM', 'vhost'],
    features: [NONE],
    lines: (ground) => [...watched(ground, 'missing'), 'mlock A 0 1 => blocked', 'copy u A 0 1 5 => ok; finished main.main ok'],
    source: 'fs/userfaultfd.c handle_userfault(), userfaultfd_syscall_allowed()',
  },
  {
    name: 'device',
    title: 'make a userfaultfd by /dev/userfaultfd',
    words: ['/dev/userfaultfd', 'USERFAULTFD_IOC_NEW'],
    features: [NONE],
    device: true,
    lines: (ground) => [...watched(ground, 'missing'), ...READ_IS_TOLD],
    source: 'fs/userfaultfd.c userfaultfd_dev_ioctl()',
  },
  {
    name: 'event-fork',
    title: 'go on watching a child after fork (UFFD_FEATURE_EVENT_FORK)',
    words: ['UFFD_FEATURE_EVENT_FORK', 'fork', 'fork events'],
    features: [['event_fork']],
    lines: (ground) => [
      ...watched(ground, 'missing'),
      'fork c => blocked',
      'receive u child=v => message fork; finished main.main ok',
      'c: read A => blocked',
      'receive v => message pagefault A flags=0',
    ],
    source: 'fs/userfaultfd.c userfaultfd_api(), dup_userfaultfd()',
  },
  {
    name: 'event-remap',
    title: 'be told when watched memory is moved by mremap (UFFD_FEATURE_EVENT_REMAP)',
    words: ['UFFD_FEATURE_EVENT_REMAP', 'mremap', 'remap events'],
    features: [['event_remap']],
    lines: (ground) => [
      ...watched(ground, 'missing'),
      ...ground.map('S'),
      `mremap A 0 ${ground.pages} B ${ground.pages} maymove to=S => blocked`,
      'receive u => message remap A..S; finished main.main ok',
    ],
    source: 'fs/userfaultfd.c mremap_userfaultfd_complete()',
  },
  {
    name: 'event-remove',
    title: 'be told when the contents of watched memory are given up by madvise (UFFD_FEATURE_EVENT_REMOVE)',
    words: ['UFFD_FEATURE_EVENT_REMOVE', 'madvise', 'balloon', 'MADV_DONTNEED', 'remove events'],
    features: [['event_remove']],
    lines: (ground) => [
      ...watched(ground, 'missing'),
      `madvise A 0 ${ground.pages} ${ground.discards} => blocked`,
      `receive u => message remove A..A+${ground.pages}; finished main.main ok`,
    ],
    source: 'mm/madvise.c madvise_dontneed_free(), madvise_remove(); fs/userfaultfd.c userfaultfd_remove()',
  },
  {
    name: 'event-unmap',
    title: 'be told when watched memory is unmapped (UFFD_FEATURE_EVENT_UNMAP)',
    words: ['UFFD_FEATURE_EVENT_UNMAP', 'munmap', 'unmap events'],
    features: [['event_unmap']],
    lines: (ground) => [
      ...watched(ground, 'missing'),
      `munmap A 0 ${ground.pages} => blocked`,
      `receive u => message unmap A..A+${ground.pages}; finished main.main ok`,
    ],
    source: 'fs/userfaultfd.c userfaultfd_unmap_prep(), userfaultfd_unmap_complete()',
  },
  {
    name: 'soft-dirty',
    title: 'see which pages were written since clear_refs, without a userfaultfd',
    words: ['soft dirty', 'clear_refs', 'CONFIG_MEM_SOFT_DIRTY'],
    softDirty: true,
    lines: (ground) => [
      ...ground.map('A'),
      ...ground.fill('A', 1),
      'clear_refs',
      'expect A 0 1 has !soft-dirty',
      'write A 9',
      'expect A 0 1 has soft-dirty',
    ],
    source: 'fs/proc/task_mmu.c clear_soft_dirty(), clear_refs_test_walk()',
  },
  {
    name: 'guard',
    title: 'have accesses to a part of a mapping end in SIGSEGV without splitting it (MADV_GUARD_INSTALL)',
    words: ['guard regions', 'MADV_GUARD_INSTALL', 'guard pages'],
    lines: (ground) => [...ground.map('A'), ...ground.fill('A', 1), 'madvise A 0 1 guard_install', 'read A => SIGSEGV'],
    source: 'mm/madvise.c madvise_guard_install(), is_valid_guard_vma()',
  },
]
