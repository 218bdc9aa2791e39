/**
 * The pages a touch comes to, in order.
 * @module
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import type { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { Touch, TouchOrder } from './program.ts'

/** The generator a synthetic program draws from. */
export type Random = ReturnType<typeof xoroshiro128plus>

/** Told each page, from the start of the range. */
type Visit = (page: number) => void

const DEFAULT_SKEW = 0.99
/** Steps between 0 and 1 that a chance is drawn from. */
const CHANCES = 0x1000000

/** Visits the pages of a touch, numbered from the start of its range. */
export function visitPages(touch: Touch, random: Random, visit: Visit): void {
  const { grain = 1, order = 'sequential' } = touch
  const pages = Math.floor(touch.pages / grain)
  if (pages > 0) ORDERS[order]({ ...touch, pages }, touch.count ?? pages, random, grain === 1 ? visit : (page) => visit(page * grain))
}

/** True with probability `chance`. */
export function happens(random: Random, chance: number): boolean {
  return chance >= 1 || uniformInt(random, 0, CHANCES - 1) < chance * CHANCES
}

type Order = (touch: Touch, count: number, random: Random, visit: Visit) => void

const ORDERS: Readonly<Record<TouchOrder, Order>> = {
  sequential({ pages, offset = 0 }, count, _random, visit) {
    for (let i = 0; i < count; i++) visit((offset + i) % pages)
  },
  strided({ pages, offset = 0, stride = 1 }, count, _random, visit) {
    const around = Math.ceil(pages / stride)
    for (let i = 0; i < count; i++) visit((offset + (i % around) * stride + Math.floor(i / around)) % pages)
  },
  shuffled({ pages }, count, random, visit) {
    const left = Int32Array.from({ length: pages }, (_, page) => page)
    for (let i = 0; i < Math.min(count, pages); i++) {
      const at = uniformInt(random, i, pages - 1)
      const page = left[at]
      left[at] = left[i]
      visit(page)
    }
  },
  random({ pages }, count, random, visit) {
    for (let i = 0; i < count; i++) visit(uniformInt(random, 0, pages - 1))
  },
  zipf({ pages, skew = DEFAULT_SKEW }, count, random, visit) {
    const pageOfRank: number[] = []
    ORDERS.shuffled({ do: 'touch', start: 0, pages }, pages, random, (page) => pageOfRank.push(page))
    const upTo = cumulativeWeights(pages, skew)
    const total = upTo[pages - 1]
    for (let i = 0; i < count; i++) visit(pageOfRank[rankAt(upTo, (uniformInt(random, 0, 0x7ffffffe) / 0x7fffffff) * total)])
  },
}

function cumulativeWeights(pages: number, skew: number): Float64Array {
  const upTo = new Float64Array(pages)
  let sum = 0
  for (let rank = 0; rank < pages; rank++) {
    sum += (rank + 1) ** -skew
    upTo[rank] = sum
  }
  return upTo
}

/** The first rank whose cumulative weight is above `weight`. */
function rankAt(upTo: Float64Array, weight: number): number {
  let low = 0
  let high = upTo.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (upTo[middle] > weight) high = middle
    else low = middle + 1
  }
  return low
}
