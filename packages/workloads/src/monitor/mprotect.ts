import { ENOMEM, errnoName } from '@faultline/mm-types'
import { type Memory, range, type SyncSession } from '@faultline/program'
import { PROCESS, UnsupportedError, unitOf } from '../calls.ts'
import { PageChunks } from '../page-chunks.ts'
import { type PageRange, RangeSet } from '../range-set.ts'
import type { Report, TrackedDesign, Tracker } from './tracker.ts'

const CHUNK_MASK = 0xfff

/**
 * Tracks by access rights, as garbage collectors and frame capturers do: memory is made read-only, the handler of SIGSEGV notes the
 * page and makes it writable again.
 *
 * Each page with rights of its own is a mapping of its own, unless it touches one with the same: a process may have
 * vm.max_map_count of them. The rights are the mapping's, so nothing that happens to the pages loses them; but they are the
 * program's too, and each mprotect of its own has to be followed by one of the tracker's.
 *
 * Simplified: pages that may be executed are made readable and writable only, as nothing here executes, and a store by the kernel,
 * which would fail with EFAULT, is taken for one by the program, as if a wrapper of the system call had touched the page first.
 */
export class MprotectTracker implements Tracker {
  readonly watchesStores = false
  readonly #design: TrackedDesign
  readonly #session: SyncSession
  readonly #unit: number
  readonly #report: Report
  /** What the program may write. */
  readonly #writable = new RangeSet()
  /** Made writable for an mremap that is under way. */
  #opened: PageRange[] = []
  /** 1 for each page that was made read-only here. */
  readonly #armed = new PageChunks(() => new Uint8Array(CHUNK_MASK + 1))

  constructor(design: TrackedDesign, session: SyncSession, memory: Memory, report: Report) {
    this.#design = design
    this.#session = session
    this.#unit = unitOf(memory)
    this.#report = report
  }

  track(start: number, pages: number): void {
    for (const opened of this.#opened.splice(0)) {
      for (const part of this.#writable.within(opened.start, opened.end)) this.#arm(part.start, part.end - part.start)
    }
    this.#writable.add(start, start + pages)
    this.#arm(start, pages)
  }

  forget(start: number, pages: number): void {
    this.#writable.remove(start, start + pages)
    this.#mark(start, pages, 0)
  }

  /** The program has undone what the tracker did. */
  reprotected(start: number, pages: number, writable: boolean): void {
    if (writable) this.track(start, pages)
    else this.forget(start, pages)
  }

  /** mremap takes one mapping, so the pieces are joined first, and armed again when the new place or the new pages are tracked. */
  moving(start: number, pages: number): void {
    this.#opened = this.#writable.within(start, start + pages)
    for (const part of this.#opened) this.#protect(part.start, part.end - part.start, 'rw')
  }

  answer(): void {}

  signalled(vpn: number): boolean {
    const start = vpn - (vpn % this.#unit)
    if (this.#armed.at(start)[start & CHUNK_MASK] === 0) return false
    this.#report(start, this.#unit)
    this.#protect(start, this.#unit, 'rw')
    this.#mark(start, this.#unit, 0)
    return true
  }

  stored(): void {}

  /** Every written page was reported when it was written. */
  collect(): void {}

  rearm(): void {
    for (const { start, end } of this.#writable.ranges) this.#arm(start, end - start)
  }

  #arm(start: number, pages: number): void {
    this.#protect(start, pages, 'r')
    this.#mark(start, pages, 1)
  }

  #mark(start: number, pages: number, armed: number): void {
    for (let vpn = start, end = start + pages; vpn < end; vpn += this.#unit) this.#armed.at(vpn)[vpn & CHUNK_MASK] = armed
  }

  #protect(start: number, pages: number, prot: string): void {
    const { errno } = this.#session.perform({ op: 'mprotect', range: range('@', start, pages), prot })
    if (errno === 0) return
    const { now } = this.#session.vmas(PROCESS)
    const why = errno === ENOMEM ? `: the process has ${now} mappings, and vm.max_map_count allows no more` : ''
    throw new UnsupportedError(
      `mprotect of ${pages} ${pages === 1 ? 'page' : 'pages'} by the tracker of ${this.#design.name} gives ${errnoName(errno)}${why}`,
    )
  }
}
