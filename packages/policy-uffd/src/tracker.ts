/**
 * Trackers that a userfaultfd makes possible, and the oracle they are compared with.
 * @module
 */
import type { TrackerPolicy } from '@faultline/mm-types'

/** Every first write to a page sends a message and waits for the monitor. */
export const uffdWpSync: TrackerPolicy = {
  name: 'uffd-wp-sync',
  mechanism: 'uffd-wp-sync',
  source: 'Linux 5.7 UFFDIO_WRITEPROTECT',
}

/** The fault handler clears the bit; PAGEMAP_SCAN collects. */
export const uffdWpAsync: TrackerPolicy = {
  name: 'uffd-wp-async',
  mechanism: 'uffd-wp-async',
  source: 'Linux 6.7 UFFD_FEATURE_WP_ASYNC, PAGEMAP_SCAN',
}

/** Sees every write and nothing else: the row that no design can beat. No kernel has it. */
export const ideal: TrackerPolicy = { name: 'ideal', mechanism: 'ideal', source: 'the oracle row of a comparison' }
