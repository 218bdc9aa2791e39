/**
 * Collapse: free the tables of watched mappings too.
 * @module
 */
import type { CollapsePolicy } from '@faultline/mm-types'
import { perPte } from './per-pte.ts'

/**
 * A negative control: what Linux did before a table of ptes could hold the only record of a protection. A collapse of a file
 * frees the tables of every mapping that shows it, with the markers in them, and later writes go unreported.
 */
export const retractAlways: CollapsePolicy = {
  ...perPte,
  name: 'retract-always',
  retracts: () => true,
  source: "mm/khugepaged.c retract_page_tables() before Linux 5.19 (mm/khugepaged: Don't recycle vma pgtable if uffd-wp registered)",
}
