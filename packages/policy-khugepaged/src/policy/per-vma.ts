/**
 * Collapse: give up where a vma is watched.
 * @module
 */
import { type CollapsePolicy, VM_UFFD_MINOR, VM_UFFD_WP } from '@faultline/mm-types'
import { scanTable } from '../scan.ts'

/** Proposed and withdrawn in September 2021: a cheaper scan, and no huge pages at all in watched mappings. */
export const perVma: CollapsePolicy = {
  name: 'per-vma',
  vmaAllows: (vmFlags) => (vmFlags & (VM_UFFD_WP | VM_UFFD_MINOR)) === 0,
  scanPmd: (lo, hi, base, scan) => scanTable(lo, hi, base, scan, -1, false),
  retracts: (vmFlags) => (vmFlags & (VM_UFFD_WP | VM_UFFD_MINOR)) === 0,
  source: 'mm/khugepaged: Detecting uffd-wp vma more efficiently, linux-mm, 22 September 2021 (NACKed 24 September)',
}
