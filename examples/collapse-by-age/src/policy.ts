/**
 * Collapse by age: khugepaged merges a range when several of its passes in a row have found the same pages there.
 * @module
 */
import { linux618 } from '@faultline/designs'
import { type CollapsePolicy, type Design, SCAN_PTE_NON_PRESENT } from '@faultline/mm-types'

const PAGES = 512
const linux = linux618.collapse

/** Which pages a table maps, as one number that is never 0; bits that protect or age them are no part of it. */
function fingerprint(lo: Int32Array, base: number): number {
  let print = 1
  for (let at = base; at < base + PAGES; at++) print = (Math.imul(print, 31) + (lo[at]! & 0x101 ? lo[at]! >>> 12 : 0)) | 0
  return print | 1
}

/**
 * Merges what Linux would, once it is old: found unchanged by `passes` passes after the one that saw it first.
 *
 * What it remembers belongs to the tables of one machine, and is forgotten with them. MADV_COLLAPSE does not wait.
 */
export function collapseByAge(passes: number): CollapsePolicy {
  /** By chunk of tables: a fingerprint and an age for each. */
  const memory = new WeakMap<Int32Array, Int32Array>()
  const remembered = (chunk: Int32Array): Int32Array => {
    const known = memory.get(chunk) ?? new Int32Array((2 * chunk.length) / PAGES)
    if (!memory.has(chunk)) memory.set(chunk, known)
    return known
  }
  return {
    name: `by-age-${passes}`,
    vmaAllows: (vmFlags) => linux.vmaAllows(vmFlags),
    scanPmd(lo, hi, base, scan) {
      const tables = remembered(lo)
      const at = (2 * base) / PAGES
      const print = fingerprint(lo, base)
      const age = tables[at] === print ? tables[at + 1]! + 1 : 0
      tables[at] = print
      tables[at + 1] = age
      // Of all codes that refuse, this is one after which the pass goes on to the next range.
      return age < passes && !scan.forced ? SCAN_PTE_NON_PRESENT : linux.scanPmd(lo, hi, base, scan)
    },
    retracts: (vmFlags) => linux.retracts(vmFlags),
    source: 'an example of a third party',
  }
}

/** Linux 6.18 whose khugepaged waits two passes. */
export const design: Design = {
  ...linux618,
  name: 'collapse-by-age',
  title: 'Linux 6.18 that merges what has stayed the same for two passes',
  reference: 'examples/collapse-by-age',
  status: 'model only',
  collapse: collapseByAge(2),
}
