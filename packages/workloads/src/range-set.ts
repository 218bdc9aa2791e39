/**
 * Sets of pages as sorted ranges.
 * @module
 */

/** Pages [start, end). */
export interface PageRange {
  readonly start: number
  readonly end: number
}

/** A set of pages kept as sorted disjoint ranges. For mappings: changed rarely, walked often. */
export class RangeSet {
  #ranges: PageRange[] = []
  readonly #joins: boolean

  /** @param joins whether ranges that touch become one; otherwise they stay as they were added */
  constructor(joins = true) {
    this.#joins = joins
  }

  /** The ranges in order of address. Valid until the next change. */
  get ranges(): readonly PageRange[] {
    return this.#ranges
  }

  /** Pages in the set. */
  get size(): number {
    let size = 0
    for (const { start, end } of this.#ranges) size += end - start
    return size
  }

  /** Adds pages [start, end), which may be in the set already. */
  add(start: number, end: number): void {
    if (end <= start) return
    const before: PageRange[] = []
    const after: PageRange[] = []
    for (const range of this.#ranges) {
      if (range.end < start || (!this.#joins && range.end === start)) before.push(range)
      else if (range.start > end || (!this.#joins && range.start === end)) after.push(range)
      else {
        start = Math.min(start, range.start)
        end = Math.max(end, range.end)
      }
    }
    this.#ranges = [...before, { start, end }, ...after]
  }

  /** Takes pages [start, end) out. */
  remove(start: number, end: number): void {
    if (end <= start) return
    const left: PageRange[] = []
    for (const range of this.#ranges) {
      if (range.end <= start || range.start >= end) {
        left.push(range)
        continue
      }
      if (range.start < start) left.push({ start: range.start, end: start })
      if (range.end > end) left.push({ start: end, end: range.end })
    }
    this.#ranges = left
  }

  has(page: number): boolean {
    return this.#ranges.some((range) => range.start <= page && page < range.end)
  }

  /** The parts of [start, end) that are in the set. */
  within(start: number, end: number): PageRange[] {
    const parts: PageRange[] = []
    for (const range of this.#ranges) {
      const from = Math.max(start, range.start)
      const to = Math.min(end, range.end)
      if (from < to) parts.push({ start: from, end: to })
    }
    return parts
  }

  /** The parts of [start, end) that are not in the set. */
  missing(start: number, end: number): PageRange[] {
    const parts: PageRange[] = []
    let from = start
    for (const part of this.within(start, end)) {
      if (part.start > from) parts.push({ start: from, end: part.start })
      from = part.end
    }
    if (from < end) parts.push({ start: from, end })
    return parts
  }
}
