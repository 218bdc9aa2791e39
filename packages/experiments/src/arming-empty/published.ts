/**
 * Times that others measured and published. Quoted, not obtained here.
 * @module
 */
import type { Table } from '../findings.ts'

/** @source UFFD_FEATURE_WP_UNPOPULATED on linux-mm, February to March 2023; the last two are in the commit message too */
export const PUBLISHED: Table = {
  title: 'Quoted: µs to protect empty anonymous memory, as published in 2023',
  columns: [
    { key: 'who', head: 'measured by' },
    { key: 'thp', head: 'THP' },
    { key: 'default', head: 'default' },
    { key: 'read', head: 'pre-read' },
    { key: 'populate', head: 'MADV_\nPOPULATE_READ' },
    { key: 'unpopulated', head: 'WP_\nUNPOPULATED' },
  ],
  rows: [
    { who: 'Peter Xu, in a VM', thp: null, default: 2, read: 3_277_099, populate: 2_250_361, unpopulated: 20_850 },
    { who: 'Muhammad Usama Anjum', thp: null, default: 6, read: 37_157, populate: 4_884, unpopulated: 17_794 },
    { who: 'commit message', thp: 'madvise', default: 4, read: 1_111_453, populate: 278_276, unpopulated: 11_712 },
    { who: 'commit message', thp: 'always', default: 4, read: 22_521, populate: 4_909, unpopulated: 14_448 },
  ],
  note:
    'Quoted from linux-mm (the first two: 10 GiB, setting of THP not given with the figures) and from the message of the commit that added ' +
    'UFFD_FEATURE_WP_UNPOPULATED, where the memory was not advised to be huge. Other machines, other kernels: to be compared in their order, not in their size.',
}
