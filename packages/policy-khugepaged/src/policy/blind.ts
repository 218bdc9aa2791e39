/**
 * Collapse: as if nobody watched.
 * @module
 */
import type { CollapsePolicy } from '@faultline/mm-types'
import { scanTable } from '../scan.ts'

/** A negative control: neither the entries nor the mapping are asked. The bits of merged ptes are gone, and so are markers. */
export const blind: CollapsePolicy = {
  name: 'blind',
  vmaAllows: () => true,
  scanPmd: (lo, hi, base, scan) => scanTable(lo, hi, base, scan, -1, false),
  retracts: () => true,
  source: 'mm/khugepaged.c before userfaultfd had write-protection',
}
