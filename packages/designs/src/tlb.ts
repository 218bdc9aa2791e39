/**
 * When a stale translation is gone: what releases of Linux did, and what would have been safe.
 *
 * `after-unlock` says that the flush of UFFDIO_WRITEPROTECT comes after the page-table lock was dropped. Linux has always done that, and
 * does; what changed is who minds.
 * @module
 */
import type { TlbPolicy } from '@faultline/mm-types'

const ISSUE = 'Nadav Amit, "mm/userfaultfd: fix memory corruption due to writeprotect", linux-mm, 25 December 2020'

/** Linux 5.9 to 5.11: the known bug. A page that somebody else holds a reference to is copied while stale translations write to it. */
export const flushDeferred: TlbPolicy = {
  name: 'deferred',
  flushes: 'after-unlock',
  unprotect: 'drops-write',
  wpFaultFlushesIfPending: false,
  cowReuse: 'page_count',
  clearRefsLock: 'read',
  source: `v5.10 mm/mprotect.c change_protection_range(), mm/memory.c do_wp_page() since 09854ba94c6a; ${ISSUE}`,
}

/** Linux 5.7 and 5.8: the same, but a page that one entry maps is reused, so that there is seldom a copy to lose a store to. */
export const flushDeferred57: TlbPolicy = {
  ...flushDeferred,
  name: 'deferred-5.7',
  cowReuse: 'mapcount',
  source: `v5.7 mm/mprotect.c change_protection_range(), mm/swapfile.c reuse_swap_page(); ${ISSUE}`,
}

/** Half a fix: the end of a protection takes no right to write that was there. */
export const flushDeferredKeepsWrite: TlbPolicy = {
  ...flushDeferred,
  name: 'deferred-keeps-write',
  unprotect: 'keeps-write',
  source: `an idea: only the first of the two cases of ${ISSUE}`,
}

/** Linux 5.12 to 5.18, and 5.10.24: write faults in watched mappings flush first; clear_refs keeps faults out. */
export const flushDeferredFixed: TlbPolicy = {
  ...flushDeferred,
  name: 'deferred-fixed',
  wpFaultFlushesIfPending: true,
  clearRefsLock: 'write',
  source: 'v5.12 mm/memory.c do_wp_page() by 6ce64428d620; fs/proc/task_mmu.c clear_refs_write() by 29a951dfb3c3',
}

/** Linux 5.19 to 6.1: an exclusive page is never copied. */
export const flushDeferred519: TlbPolicy = {
  ...flushDeferredFixed,
  name: 'deferred-5.19',
  cowReuse: 'exclusive',
  source: 'v5.19 mm/memory.c do_wp_page() with PageAnonExclusive; v6.1 mm/userfaultfd.c uffd_wp_range()',
}

/** Linux 6.2 and later: the end of a protection gives the right to write back at once. */
export const flushDeferred62: TlbPolicy = {
  ...flushDeferred519,
  name: 'deferred-6.2',
  unprotect: 'restores-write',
  source:
    'v6.18 mm/userfaultfd.c uffd_wp_range() with MM_CP_TRY_CHANGE_WRITABLE; mm/memory.c do_wp_page(); mm/mmu_gather.c tlb_finish_mmu()',
}

/** What 5.10 would have been with one flush for the range of a call, before its lock is dropped. */
export const flushBatched: TlbPolicy = {
  ...flushDeferred,
  name: 'batched',
  flushes: 'before-unlock',
  source: `an idea: the answer to ${ISSUE} that costs nothing but the time the lock is held`,
}

/** What 5.10 would have been with a flush for each entry that loses rights. */
export const flushPerPte: TlbPolicy = {
  ...flushDeferred,
  name: 'per-pte',
  flushes: 'each-pte',
  source: 'an idea: ptep_clear_flush() in each step of the loop, as copy-on-write does it',
}

/** All of them: what is safe, then what Linux did, in the order of its releases. */
export const tlbPolicies: readonly TlbPolicy[] = [
  flushPerPte,
  flushBatched,
  flushDeferred57,
  flushDeferred,
  flushDeferredKeepsWrite,
  flushDeferredFixed,
  flushDeferred519,
  flushDeferred62,
]
