/**
 * Where in time the calls of a recorded stream may have taken effect.
 * @module
 */
import type { UffdAdvise, UffdCopy, UffdFault, UffdRecord, UffdTouch, UffdWriteProtect, UffdZeroPage } from './trace/uffd-record.ts'
import type { UffdPageState, UffdRegion } from './uffd-region.ts'

/** A call that changes pages. */
export type UffdEffect = UffdCopy | UffdWriteProtect | UffdZeroPage | UffdAdvise | (UffdTouch & { readonly kind: 'H' })

/** Records that stand in a page's own list have fewer pages than this; whole-region calls run alone. */
const MANY_PAGES = 4096

export function isEffect(record: UffdRecord): record is UffdEffect {
  return 'CKPNDHZ'.includes(record.kind)
}

/** Calls completed when a record's call started; its effect, or a message's fault, lies later (or, for a fault, anywhere before). */
export function startOf(record: UffdRecord): number {
  return record.call - record.overlap
}

/** The two calls ran at the same time for a while: `late`, whose line is further down, started before `early` ended. */
export function overlaps(early: UffdRecord, late: UffdRecord): boolean {
  return startOf(late) <= early.call
}

/** The state a call leaves a page in; `undefined` when it would fail. */
export function stateAfter(state: UffdPageState, effect: UffdEffect): UffdPageState | undefined {
  switch (effect.kind) {
    case 'C':
    case 'Z':
      return state === 'absent' ? 'open' : undefined
    case 'K':
      return state === 'absent' ? 'protected' : undefined
    case 'P':
      return state === 'absent' ? 'absent' : 'protected'
    case 'N':
      return state === 'absent' ? 'absent' : 'open'
    default:
      return 'absent'
  }
}

/** The state in which an access gives this message. */
export function stateOfMessage(fault: UffdFault): UffdPageState {
  return fault.access === 'w' ? 'protected' : 'absent'
}

/** A call that wakes the threads that wait for its pages, which takes messages nobody has read out of the queue. */
export function wakes(effect: UffdEffect): boolean {
  switch (effect.kind) {
    case 'C':
    case 'K':
    case 'N':
      return !effect.dontWake
    case 'Z':
      return true
    default:
      return false
  }
}

/** For each page, the records that name it in order of completion. */
export class PageRecords {
  readonly #offsets: Int32Array
  readonly #records: Int32Array

  constructor(records: readonly UffdRecord[], region: UffdRegion) {
    const offsets = new Int32Array(region.nrPages + 1)
    forEachPage(records, region, (page) => offsets[page + 1]++)
    for (let page = 0; page < region.nrPages; page++) offsets[page + 1] += offsets[page]
    const next = offsets.slice()
    this.#records = new Int32Array(offsets[region.nrPages])
    forEachPage(records, region, (page, index) => {
      this.#records[next[page]++] = index
    })
    this.#offsets = offsets
  }

  /** Indices of the records after `index` that name the page, at most `limit`. */
  after(page: number, index: number, limit: number): number[] {
    let low = this.#offsets[page]
    const end = this.#offsets[page + 1]
    let high = end
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#records[middle] <= index) low = middle + 1
      else high = middle
    }
    return Array.from(this.#records.subarray(low, Math.min(end, low + limit)))
  }
}

function forEachPage(records: readonly UffdRecord[], region: UffdRegion, visit: (page: number, index: number) => void): void {
  for (const [index, record] of records.entries()) {
    if (record.kind !== 'F' && !isEffect(record)) continue
    const page = region.page(record)
    if (page < 0 || record.count >= MANY_PAGES) continue
    for (let i = 0; i < record.count; i++) visit(page + i, index)
  }
}

/**
 * Most messages that were read and not yet answered at one time: as many threads as that could wait at once.
 */
export function mostWaiting(records: readonly UffdRecord[], region: UffdRegion): number {
  const waiting = new Set<number>()
  let most = 1
  for (const record of records) {
    if (record.kind === 'F') {
      waiting.add(region.page(record))
      most = Math.max(most, waiting.size)
    } else if (isEffect(record) && wakes(record) && waiting.size > 0) {
      const first = region.page(record)
      for (let i = 0; i < record.count; i++) waiting.delete(first + i)
    }
  }
  return most
}

/** For each record, how many fault messages stand before it. */
export function messagesBefore(records: readonly UffdRecord[]): Int32Array {
  const before = new Int32Array(records.length)
  let seen = 0
  for (const [index, record] of records.entries()) {
    before[index] = seen
    if (record.kind === 'F') seen++
  }
  return before
}
