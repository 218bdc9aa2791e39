/**
 * Arming by population: one marker for 2 MiB of nothing where little of the neighbourhood is populated, a marker a page where much is.
 *
 * Empty memory between populated ranges is likely to be written soon, and a marker in a pmd would have to be spread over a table then.
 * @module
 */
import { linux618 } from '@faultline/designs'
import { type ArmingPolicy, type Design, LEVEL_PMD, LEVEL_PTE } from '@faultline/mm-types'

/** Pages under one pmd. */
const PAGES = 512
/** Ranges of 2 MiB that are looked at: the aligned 32 MiB around a page. */
const NEIGHBOURS = 16

/**
 * @param most fraction of the neighbourhood, in ranges of 2 MiB that have a table of their own, from which on markers go into ptes. A
 *   range mapped by one huge page has none, and does not count.
 */
export function armingByPopulation(most: number): ArmingPolicy {
  return {
    ...linux618.arming.anonUnpopulated,
    name: `by-population-${most}`,
    wholeLevel(vpn, tables, pgd) {
      const first = vpn - (vpn % (NEIGHBOURS * PAGES))
      let populated = 0
      for (let range = 0; range < NEIGHBOURS; range++) {
        const table = tables.pteTable(pgd, first + range * PAGES)
        if (table !== 0 && !tables.isStandIn(table)) populated++
      }
      return populated >= most * NEIGHBOURS ? LEVEL_PTE : LEVEL_PMD
    },
    source: 'an example of a third party',
  }
}

const policy = armingByPopulation(1 / 4)

/** Linux 6.18 that chooses so from a quarter on. */
export const design: Design = {
  ...linux618,
  name: 'arming-by-population',
  title: 'Linux 6.18 that arms what is empty by ptes where a quarter is populated, by pmds elsewhere',
  reference: 'examples/arming-by-population',
  status: 'model only',
  arming: { ...linux618.arming, file: policy, anonUnpopulated: policy },
}
