/**
 * Presets that no kernel has: Linux 6.18 with another answer to what becomes of huge pages.
 * @module
 */
import type { Design } from '@faultline/mm-types'
import { blind, never, perVma, retractAlways } from '@faultline/policy-khugepaged'
import { linux618 } from './history.ts'
import { splitWhenArmed, wholePage } from './huge-wp.ts'

const NACKED = 'mm/khugepaged: Detecting uffd-wp vma more efficiently, linux-mm, 22 September 2021 (NACKed by its author, 24 September)'

/** The baseline of a comparison: nothing small ever becomes huge. */
export const neverCollapse: Design = {
  ...linux618,
  name: 'never-collapse',
  title: 'Linux 6.18 without khugepaged',
  reference: 'the lower bound of a comparison',
  status: 'model only',
  collapse: never,
}

/** The cheaper scan that was withdrawn. */
export const perVmaCollapse: Design = {
  ...linux618,
  name: 'per-vma-collapse',
  title: 'Linux 6.18, but khugepaged passes over watched mappings',
  reference: NACKED,
  status: 'model only',
  collapse: perVma,
}

/** Loses what markers know. */
export const oldRetraction: Design = {
  ...linux618,
  name: 'old-retraction',
  title: 'Linux 6.18, but a collapse frees tables that hold markers',
  reference:
    "negative control; the state that 'mm/khugepaged: Don't recycle vma pgtable if uffd-wp registered' (Linux 5.19) set out to avoid",
  status: 'model only',
  collapse: retractAlways,
}

/** Loses what any entry knows. */
export const blindCollapse: Design = {
  ...linux618,
  name: 'blind-collapse',
  title: 'Linux 6.18, but khugepaged knows nothing of userfaultfd',
  reference: 'negative control',
  status: 'model only',
  collapse: blind,
}

/** Arming costs the huge page at once. */
export const hugeSplitWhenArmed: Design = {
  ...linux618,
  name: 'huge-split-when-armed',
  title: 'Linux 6.18, but to arm a huge page splits it',
  reference: 'the rule of file memory (Linux 5.19), for anonymous memory too',
  status: 'model only',
  hugeWp: splitWhenArmed,
}

/** One write, 512 pages reported. */
export const hugeWholePage: Design = {
  ...linux618,
  name: 'huge-whole-page',
  title: 'Linux 6.18, but the first write to an armed huge page releases all of it',
  reference: 'the rule of hugetlbfs, for transparent huge pages too',
  status: 'model only',
  hugeWp: wholePage,
}
