/**
 * Presets that track writes without a userfaultfd.
 * @module
 */
import type { Design, TrackerPolicy } from '@faultline/mm-types'
import { softDirtyTracker } from '@faultline/policy-soft-dirty'
import { uffdWpSync } from '@faultline/policy-uffd'
import { linux618, linux618SoftDirty } from './history.ts'

/** Memory is made read-only, and the handler of SIGSEGV makes a page writable again. */
const mprotectTracker: TrackerPolicy = {
  name: 'mprotect',
  mechanism: 'mprotect',
  source: 'mprotect(2), sigaction(2): v6.18 mm/mprotect.c do_mprotect_pkey(), mm/vma.c vma_modify()',
}

/** The older tracker of the kernel: CRIU's, and of some garbage collectors. */
export const softDirty: Design = {
  ...linux618SoftDirty,
  name: 'soft-dirty',
  title: 'soft-dirty bits instead of a userfaultfd',
  reference: 'Linux 3.11 (September 2013), as in Linux 6.18 with CONFIG_MEM_SOFT_DIRTY=y',
  status: 'model only',
  tracker: softDirtyTracker,
}

/** What works on any Unix. */
export const mprotectSigsegv: Design = {
  ...linux618,
  name: 'mprotect-sigsegv',
  title: 'mprotect and a handler of SIGSEGV instead of a userfaultfd',
  reference: 'mprotect(2), sigaction(2) with SA_SIGINFO, as in Linux 6.18',
  status: 'model only',
  tracker: mprotectTracker,
}

/** The same kernel, its messages waited for: as monitors of 5.7 to 6.6 do. */
export const linux618Sync: Design = {
  ...linux618,
  name: 'linux-6.18-sync',
  title: 'Linux 6.18, tracked by messages',
  reference: 'Linux 6.18 (November 2025) without UFFD_FEATURE_WP_ASYNC',
  status: 'model only',
  tracker: uffdWpSync,
}
