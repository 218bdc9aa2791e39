/**
 * The judge's truth: which pages were really written since they were armed, kept outside every design.
 * @module
 */
import { addEvent, causeWords, historyWords, newHistory } from './history.ts'
import { PageChunks } from './page-chunks.ts'

const ARMED = 1
const WRITTEN = 2
const REPORTED = 4
const DISCARDED = 8

interface TruthChunk {
  readonly state: Uint8Array
  /** See `history.ts`. */
  readonly history: Uint16Array
}

/** A write that the tracker should have reported and did not. */
export interface LostPage {
  readonly vpn: number
  /** Epoch of the tracker, from 1. */
  readonly epoch: number
  /** What happened to the page between its arming and the write. */
  readonly history: string
}

/** Sums over all epochs judged so far. */
export interface Verdict {
  /** Pages written while armed and not reported, once an epoch. */
  readonly lost: number
  /** Pages reported without a write since they were armed. */
  readonly spurious: number
  /** Armed or written pages whose content the program discarded, so that no report is due. */
  readonly discarded: number
  /** Pages written while armed, once an epoch. */
  readonly pagesWritten: number
  /** Pages reported, once an epoch. */
  readonly reported: number
  readonly lostByCause: Readonly<Record<string, number>>
  /** The first few. */
  readonly lostPages: readonly LostPage[]
}

/** How many lost pages a verdict names. */
const NAMED_LOST_PAGES = 10

const CHUNK_MASK = 0xfff

/**
 * Follows pages from arming to judgement.
 *
 * A page is armed from the moment its tracker armed it until it is written, released, or its content is explicitly
 * discarded by the program (munmap, truncate, punch, MADV_DONTNEED on private memory). Unmapping that keeps the content
 * (reclaim, swap, MADV_DONTNEED on shared memory, collapse, migration, fork) does not end it: such events are only noted,
 * so that a loss can be explained.
 */
export class Truth {
  /** Pages of 4 KiB that are armed and reported as one: 1, or 512 for hugetlb. */
  readonly unit: number
  readonly #chunks = new PageChunks<TruthChunk>(() => ({
    state: new Uint8Array(CHUNK_MASK + 1),
    history: new Uint16Array(CHUNK_MASK + 1),
  }))
  readonly #unitMask: number
  /** Pages that got WRITTEN or REPORTED since the last judgement; a page may stand there more than once. */
  #written: number[] = []
  #reported: number[] = []
  #epoch = 1
  #lost = 0
  #spurious = 0
  #discarded = 0
  #nrWritten = 0
  #nrReported = 0
  /** Lost pages by history. */
  readonly #byHistory = new Map<number, number>()
  readonly #lostPages: LostPage[] = []

  constructor(unit: number) {
    this.unit = unit
    this.#unitMask = CHUNK_MASK & ~(unit - 1)
  }

  /**
   * Notes that a tracker armed pages; whatever was known of them is forgotten, so judge first.
   * @param where WHERE_* of a page at this moment, for the explanation of a loss
   */
  arm(start: number, pages: number, where: (vpn: number) => number): void {
    for (let vpn = start, end = start + pages; vpn < end; vpn += this.unit) {
      const chunk = this.#chunks.at(vpn)
      const at = vpn & this.#unitMask
      chunk.state[at] = ARMED
      chunk.history[at] = newHistory(where(vpn))
    }
  }

  /** Notes a store that was done. */
  store(vpn: number): void {
    const chunk = this.#chunks.at(vpn)
    const at = vpn & this.#unitMask
    const state = chunk.state[at]
    if ((state & ARMED) === 0) return
    chunk.state[at] = (state & ~ARMED) | WRITTEN
    this.#written.push(vpn)
  }

  /** Notes that the tracker reported pages as written. */
  report(start: number, pages: number): void {
    for (let vpn = start, end = start + pages; vpn < end; vpn += this.unit) {
      const chunk = this.#chunks.at(vpn)
      const at = vpn & this.#unitMask
      if ((chunk.state[at] & REPORTED) !== 0) continue
      chunk.state[at] |= REPORTED
      this.#nrReported++
      this.#reported.push(vpn)
    }
  }

  /** Notes that the program discarded the content of pages: no report is due any more. */
  discard(start: number, pages: number): void {
    for (let vpn = start, end = start + pages; vpn < end; vpn += this.unit) {
      const chunk = this.#chunks.at(vpn)
      const at = vpn & this.#unitMask
      if ((chunk.state[at] & (ARMED | WRITTEN)) !== 0) this.#discarded++
      chunk.state[at] = DISCARDED
    }
  }

  /** Pages of [start, start + pages) written since they were armed and not reported yet. */
  unreported(start: number, pages: number): number[] {
    const found: number[] = []
    for (let vpn = start, end = start + pages; vpn < end; vpn += this.unit) {
      const state = this.#chunks.at(vpn).state[vpn & this.#unitMask]
      if ((state & (WRITTEN | REPORTED)) === WRITTEN) found.push(vpn)
    }
    return found
  }

  /** Notes that a report of an armed page would tell of a write that was made elsewhere: none is due, and none is spurious. */
  excuse(vpn: number): void {
    this.#chunks.at(vpn).state[vpn & this.#unitMask] |= DISCARDED
  }

  /** Notes an EVENT_* of pages that are armed, or written and not judged yet; changes no verdict. */
  note(start: number, pages: number, event: number): void {
    for (let vpn = start, end = start + pages; vpn < end; vpn += this.unit) {
      const chunk = this.#chunks.at(vpn)
      const at = vpn & this.#unitMask
      const state = chunk.state[at]
      if ((state & (ARMED | WRITTEN)) !== 0) chunk.history[at] = addEvent(chunk.history[at], event, (state & WRITTEN) !== 0)
    }
  }

  /** What happened to a page since it was armed, see `history.ts`. */
  history(vpn: number): number {
    return this.#chunks.at(vpn).history[vpn & this.#unitMask]
  }

  /**
   * Ends an epoch: weighs what was written against what was reported, and starts the next one with no page written or reported.
   * Pages that were neither stay armed.
   */
  judge(): void {
    for (const vpn of this.#written) this.#judgeWritten(vpn)
    for (const vpn of this.#reported) this.#judgeReported(vpn)
    this.#written = []
    this.#reported = []
    this.#epoch++
  }

  /** Sums over the epochs judged so far. */
  verdict(): Verdict {
    return {
      lost: this.#lost,
      spurious: this.#spurious,
      discarded: this.#discarded,
      pagesWritten: this.#nrWritten,
      reported: this.#nrReported,
      lostByCause: lostByCause(this.#byHistory),
      lostPages: [...this.#lostPages],
    }
  }

  #judgeWritten(vpn: number): void {
    const chunk = this.#chunks.at(vpn)
    const at = vpn & this.#unitMask
    const state = chunk.state[at]
    if ((state & WRITTEN) === 0) return
    this.#nrWritten++
    chunk.state[at] = state & ~(WRITTEN | REPORTED)
    if ((state & REPORTED) !== 0) return
    this.#lost++
    const history = chunk.history[at]
    this.#byHistory.set(history, (this.#byHistory.get(history) ?? 0) + 1)
    if (this.#lostPages.length < NAMED_LOST_PAGES) {
      this.#lostPages.push({ vpn: vpn - (vpn % this.unit), epoch: this.#epoch, history: historyWords(history) })
    }
  }

  #judgeReported(vpn: number): void {
    const chunk = this.#chunks.at(vpn)
    const at = vpn & this.#unitMask
    const state = chunk.state[at]
    // Cleared when the page was written too, or discarded after the report.
    if ((state & REPORTED) === 0) return
    chunk.state[at] = state & ~REPORTED
    // Userland knows that the program discarded the page; being told so again harms nobody.
    if ((state & DISCARDED) === 0) this.#spurious++
  }
}

/** Sums counts by history to counts by likeliest cause, most frequent first. */
export function lostByCause(byHistory: ReadonlyMap<number, number>): Record<string, number> {
  const sums = new Map<string, number>()
  for (const [history, count] of byHistory) {
    const cause = causeWords(history)
    sums.set(cause, (sums.get(cause) ?? 0) + count)
  }
  return Object.fromEntries([...sums].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)))
}
