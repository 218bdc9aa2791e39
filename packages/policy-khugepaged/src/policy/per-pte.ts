/**
 * Collapse: give up where a pte is armed.
 * @module
 */
import { type CollapsePolicy, VM_UFFD_MINOR, VM_UFFD_MISSING, VM_UFFD_WP } from '@faultline/mm-types'
import { scanTable } from '../scan.ts'

/**
 * Linux: one armed entry, marker included, stops the collapse of its 2 MiB, and no more than that. Tables of shmem
 * mappings registered for write-protection are kept, so that their markers live.
 */
export const perPte: CollapsePolicy = {
  name: 'per-pte',
  vmaAllows: () => true,
  scanPmd: (lo, hi, base, scan) =>
    scanTable(lo, hi, base, scan, scan.vmFlags & (VM_UFFD_MISSING | VM_UFFD_WP | VM_UFFD_MINOR) ? 0 : -1, true),
  retracts: (vmFlags) => (vmFlags & VM_UFFD_WP) === 0,
  source: 'v6.18 mm/khugepaged.c hpage_collapse_scan_pmd(), retract_page_tables()',
}
