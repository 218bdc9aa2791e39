/**
 * The pages of a snapshot and what became of each.
 * @module
 */
import { historyWords } from './history.ts'
import { CHUNK_PAGES, PageChunks } from './page-chunks.ts'
import { type LostPage, lostByCause } from './truth.ts'

const PENDING = 1
const WRITTEN = 2
const MEMBER = 4
const NAMED_LOST_PAGES = 10
const CHUNK_MASK = CHUNK_PAGES - 1

/** Keeps which pages are still to be copied, and counts how the copies turned out. */
export class SnapshotBook {
  lost = 0
  spurious = 0
  discarded = 0
  copied = 0
  copiedBeforeWrite = 0
  pagesWritten = 0
  readonly lostPages: LostPage[] = []
  readonly #byHistory = new Map<number, number>()
  readonly #state = new PageChunks(() => new Uint8Array(CHUNK_PAGES))
  readonly #unit: number
  readonly #unitMask: number

  constructor(unit: number) {
    this.#unit = unit
    this.#unitMask = CHUNK_MASK & ~(unit - 1)
  }

  /** Pages that belong to the snapshot. */
  add(start: number, pages: number): void {
    for (let vpn = start; vpn < start + pages; vpn += this.#unit) this.#state.at(vpn)[vpn & this.#unitMask] = PENDING | MEMBER
  }

  isPending(vpn: number): boolean {
    return (this.#state.at(vpn)[vpn & this.#unitMask] & PENDING) !== 0
  }

  /** A page was copied; `history` explains why it was too late, when it was. */
  copy(start: number, isGood: boolean, history: number): void {
    this.#state.at(start)[start & this.#unitMask] &= ~PENDING
    this.copied++
    if (isGood) return
    this.lost++
    this.#byHistory.set(history, (this.#byHistory.get(history) ?? 0) + 1)
    if (this.lostPages.length < NAMED_LOST_PAGES) this.lostPages.push({ vpn: start, epoch: 1, history: historyWords(history) })
  }

  /** A store was done. */
  store(vpn: number): void {
    const state = this.#state.at(vpn)
    const at = vpn & this.#unitMask
    if ((state[at] & (WRITTEN | MEMBER)) !== MEMBER) return
    state[at] |= WRITTEN
    this.pagesWritten++
  }

  /** The program took pages away before they were copied. */
  discard(start: number, pages: number): void {
    for (let vpn = start; vpn < start + pages; vpn += this.#unit) {
      const state = this.#state.at(vpn)
      const at = vpn & this.#unitMask
      if ((state[at] & PENDING) !== 0) this.discarded++
      state[at] = 0
    }
  }

  lostByCause(): Record<string, number> {
    return lostByCause(this.#byHistory)
  }
}
