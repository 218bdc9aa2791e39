/**
 * What the kernel does to a program's memory of its own accord while it runs: reclaim, unmapping, khugepaged.
 * @module
 */
import { type Memory, range, type SyncSession } from '@faultline/program'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { isShared, unitOf } from './calls.ts'
import { EVENT_COLLAPSED, EVENT_SWAPPED, EVENT_UNMAPPED } from './history.ts'
import { type PageRange, RangeSet } from './range-set.ts'
import { type PageShadow, WHERE_SWAPPED, WHERE_UNMAPPED } from './shadow.ts'

/** How much happens in one epoch. Shares are of the tracked pages that are resident, khugepaged's of the tracked 2 MiB ranges. */
export interface PressureRates {
  /** Share of resident pages that is reclaimed: swapped out, or dropped to the file's swap. Not on hugetlb. */
  readonly reclaim: number
  /** Share of resident pages that MADV_DONTNEED drops from the page tables. Only on shared memory, which keeps the content. */
  readonly unmap: number
  /** Share of tracked 2 MiB ranges that khugepaged passes by. Not on hugetlb. */
  readonly khugepaged: number
}

/** Told of each disturbance, with its EVENT_*. */
export type Disturbed = (start: number, pages: number, event: number) => void

const HUGE_PAGES = 512

/**
 * Disturbs memory at random, the same way for every design: what it picks depends on the trace, the rates and the seed only.
 */
export class Pressure {
  readonly #session: SyncSession
  readonly #shadow: PageShadow
  readonly #rates: PressureRates
  readonly #disturbed: Disturbed
  readonly #isShared: boolean
  readonly #isHugetlb: boolean
  readonly #unit: number
  readonly #random: ReturnType<typeof xoroshiro128plus>

  constructor(session: SyncSession, memory: Memory, shadow: PageShadow, rates: PressureRates, seed: number, disturbed: Disturbed) {
    this.#session = session
    this.#shadow = shadow
    this.#rates = rates
    this.#disturbed = disturbed
    this.#isShared = isShared(memory)
    this.#unit = unitOf(memory)
    this.#isHugetlb = this.#unit !== 1
    this.#random = xoroshiro128plus(seed)
  }

  /** Does one slice of an epoch's disturbances to the pages of `ranges`; `share` is the slice's part of the epoch. */
  apply(ranges: readonly PageRange[], share: number): void {
    const { reclaim, unmap, khugepaged } = this.#rates
    if (reclaim !== 0 || unmap !== 0) {
      const resident: number[] = []
      this.#shadow.resident(ranges, resident)
      const nrResident = resident.length
      if (!this.#isHugetlb) this.#pick(resident, nrResident * reclaim * share, (vpn) => this.#reclaim(vpn))
      if (this.#isShared) this.#pick(resident, nrResident * unmap * share, (vpn) => this.#unmap(vpn))
    }
    if (khugepaged !== 0 && !this.#isHugetlb) {
      const blocks = hugeRanges(ranges)
      this.#pick(blocks, blocks.length * khugepaged * share, (vpn) => this.#khugepaged(vpn))
    }
  }

  /** Takes an expected number of members out of `pool` and acts on each. */
  #pick(pool: number[], expected: number, act: (vpn: number) => void): void {
    let count = Math.floor(expected)
    if (uniformInt(this.#random, 0, 0xffffff) < (expected - count) * 0x1000000) count++
    for (; count > 0 && pool.length > 0; count--) {
      const at = uniformInt(this.#random, 0, pool.length - 1)
      const vpn = pool[at]
      pool[at] = pool[pool.length - 1]
      pool.pop()
      act(vpn)
    }
  }

  #reclaim(vpn: number): void {
    this.#session.perform({ op: 'reclaim', range: range('@', vpn, 1) })
    this.#shadow.send(vpn, 1, WHERE_SWAPPED)
    this.#disturbed(vpn, 1, EVENT_SWAPPED)
  }

  #unmap(vpn: number): void {
    this.#session.perform({ op: 'madvise', range: range('@', vpn, this.#unit), advice: 'dontneed' })
    this.#shadow.send(vpn, this.#unit, WHERE_UNMAPPED)
    this.#disturbed(vpn, this.#unit, EVENT_UNMAPPED)
  }

  #khugepaged(vpn: number): void {
    // A pass takes a new frame when it merges, be it only the file's cache.
    const before = this.#session.counters().framesAllocated
    this.#session.perform({ op: 'khugepaged', range: range('@', vpn, HUGE_PAGES) })
    if (this.#session.counters().framesAllocated === before) return
    this.#shadow.collapse(vpn, HUGE_PAGES)
    this.#disturbed(vpn, HUGE_PAGES, EVENT_COLLAPSED)
  }
}

/** First pages of the aligned 2 MiB ranges that lie wholly in `ranges`. */
function hugeRanges(ranges: readonly PageRange[]): number[] {
  const found: number[] = []
  const joined = new RangeSet()
  for (const { start, end } of ranges) joined.add(start, end)
  for (const { start, end } of joined.ranges) {
    for (let vpn = Math.ceil(start / HUGE_PAGES) * HUGE_PAGES; vpn + HUGE_PAGES <= end; vpn += HUGE_PAGES) found.push(vpn)
  }
  return found
}
