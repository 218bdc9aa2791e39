/**
 * Seam: tracker. How does userland learn which pages were written?
 *
 * A tracker has two halves. The kernel's half is a userfaultfd with certain features, soft-dirty bits, or mprotect; this
 * is the description of it. The userland half is a monitor in `workloads`.
 * @module
 */

/** Plain data that tells a monitor how to drive the kernel's half. */
export interface TrackerPolicy {
  readonly name: string
  readonly mechanism: 'uffd-wp-sync' | 'uffd-wp-async' | 'soft-dirty' | 'mprotect' | 'ideal'
  readonly source: string
}
