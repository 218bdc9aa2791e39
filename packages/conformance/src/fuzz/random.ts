/**
 * Random choices that a seed repeats.
 * @module
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** A source of choices; two of the same seed choose alike. */
export class Random {
  private readonly generator

  /** @param seed any 32-bit integer */
  constructor(seed: number) {
    this.generator = xoroshiro128plus(seed | 0)
  }

  /** An integer from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return uniformInt(this.generator, min, max)
  }

  /** True with a probability given in percent. */
  chance(percent: number): boolean {
    return this.int(0, 99) < percent
  }

  /** One of several, all equally likely. */
  pick<T>(items: readonly T[]): T {
    return items[this.int(0, items.length - 1)]!
  }

  /** One of several, each as likely as its weight says. */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T {
    let total = 0
    for (const [weight] of items) total += weight
    let left = this.int(0, total - 1)
    for (const [weight, item] of items) {
      if (left < weight) return item
      left -= weight
    }
    throw new RangeError('weights must be positive integers')
  }
}

/** The seed of one program of a run: spread, so that neighbours have nothing in common. */
export function programSeed(seed: number, index: number): number {
  let hash = Math.imul(seed ^ Math.imul(index + 1, 0x9e3779b1), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
