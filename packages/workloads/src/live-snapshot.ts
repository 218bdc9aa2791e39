/**
 * The workload `live-snapshot`: the memory as it is at one moment, copied while the program goes on writing.
 * @module
 */
import { ACCESS_DONE, type SyncSession } from '@faultline/program'
import { PROCESS, unitOf } from './calls.ts'
import { epochEnds } from './epochs.ts'
import { EVENT_FORKED, EVENT_PROTECTED, EVENT_UNMAPPED } from './history.ts'
import type { LayoutListener, TraceLayout } from './layout.ts'
import { createPrepare, type Prepare } from './monitor/prepare.ts'
import { createSnapshotter, type Snapshotter } from './monitor/snapshotter.ts'
import type { TrackedDesign } from './monitor/tracker.ts'
import type { LiveSnapshotOptions, Progress } from './options.ts'
import { Pressure } from './pressure.ts'
import { type PageRange, RangeSet } from './range-set.ts'
import { Replayer } from './replayer.ts'
import { sessionCosts, type WorkloadResult } from './result.ts'
import { PageShadow, WHERE_UNMAPPED } from './shadow.ts'
import { SnapshotBook } from './snapshot-book.ts'
import type { Pgtrace } from './trace/pgtrace.ts'
import { createTraceLayout, inheritedRanges } from './trace-layout.ts'
import { Truth } from './truth.ts'

/** Parts an epoch is cut into; disturbances come between them. */
const SLICES = 8

/**
 * One run of the workload: the program, the monitor that copies, and the content that each copy must show.
 *
 * Only writable mappings are copied: the others cannot change.
 */
export class LiveSnapshot implements LayoutListener {
  readonly #session: SyncSession
  readonly #design: TrackedDesign
  readonly #trace: Pgtrace
  readonly #options: LiveSnapshotOptions
  readonly #unit: number
  readonly #shadow: PageShadow
  /** Follows what happens to armed pages, to explain a loss. */
  readonly #truth: Truth
  readonly #book: SnapshotBook
  readonly #writable = new RangeSet(false)
  readonly #layout: TraceLayout
  readonly #replayer: Replayer
  readonly #pressure: Pressure
  readonly #snapshotter: Snapshotter
  readonly #prepare: Prepare
  /** The content at the moment of arming; `undefined` before it. */
  #frozen: PageShadow | undefined
  #ranges: readonly PageRange[] = []
  #range = 0
  #next = 0
  #corrupted = 0
  #pageTableBytes = 0

  /** @throws UnsupportedError when the design cannot protect this memory */
  constructor(session: SyncSession, design: TrackedDesign, trace: Pgtrace, options: LiveSnapshotOptions) {
    this.#session = session
    this.#design = design
    this.#trace = trace
    this.#options = options
    const { memory, seed } = options
    this.#unit = unitOf(memory)
    this.#shadow = new PageShadow(this.#unit)
    const truth = new Truth(this.#unit)
    this.#truth = truth
    const book = new SnapshotBook(this.#unit)
    this.#book = book
    const copyFirst = (start: number) => this.#copyBeforeWrite(start)
    const snapshotter = createSnapshotter(design, session, memory, copyFirst)
    this.#snapshotter = snapshotter
    this.#prepare = createPrepare(design, session, options.prepare)
    this.#layout = createTraceLayout(session, memory, this)
    this.#replayer = new Replayer(trace, session, this.#layout, this.#shadow, {
      answer: () => snapshotter.answer(),
      beforeStore: snapshotter.watchesStores ? (vpn) => snapshotter.aboutToStore(vpn) : undefined,
      stored: (vpn) => {
        truth.store(vpn)
        book.store(vpn)
      },
    })
    this.#pressure = new Pressure(session, memory, this.#shadow, options, seed, (start, pages, event) => truth.note(start, pages, event))
  }

  run(progress: Progress): WorkloadResult {
    const { length } = this.#trace
    const begin = Math.floor(length * this.#options.start)
    this.#layout.inherit(inheritedRanges(this.#trace))
    let from = 0
    let step = 0
    for (const end of this.#sliceEnds()) {
      if (this.#frozen === undefined && end >= begin) {
        this.#replayer.run(from, begin)
        this.#begin()
        from = begin
        step = this.#copyEvery(length - begin)
      }
      if (this.#frozen === undefined) this.#replayer.run(from, end)
      else this.#runAndCopy(from, end, step)
      this.#pressure.apply(this.#writable.ranges, 1 / SLICES)
      this.#pageTableBytes = Math.max(this.#pageTableBytes, this.#session.tableBytes(PROCESS))
      from = end
      progress(end / length, `${this.#book.copied} pages copied`)
    }
    while (this.#copyNext());
    return this.#result()
  }

  mapped(start: number, pages: number, writable: boolean): void {
    this.#shadow.clear(start, pages)
    if (writable) this.#writable.add(start, start + pages)
  }

  unmapped(start: number, pages: number): void {
    this.#writable.remove(start, start + pages)
    this.discarded(start, pages)
  }

  discarded(start: number, pages: number): void {
    this.#book.discard(start, pages)
    this.#truth.discard(start, pages)
    this.#shadow.clear(start, pages)
  }

  dropped(start: number, pages: number): void {
    this.#truth.note(start, pages, EVENT_UNMAPPED)
    this.#shadow.send(start, pages, WHERE_UNMAPPED)
  }

  moved(from: number, pages: number, to: number): void {
    const wasWritable = this.#writable.within(from, from + pages)
    this.#writable.remove(from, from + pages)
    this.#book.discard(from, pages)
    this.#truth.discard(from, pages)
    this.#shadow.move(from, pages, to)
    for (const { start, end } of wasWritable) this.#writable.add(start - from + to, end - from + to)
  }

  reprotected(start: number, pages: number, writable: boolean): void {
    this.#truth.note(start, pages, EVENT_PROTECTED)
    this.#writable.remove(start, start + pages)
    if (writable) this.#writable.add(start, start + pages)
  }

  forked(): void {
    for (const { start, end } of this.#ranges) this.#truth.note(start, end - start, EVENT_FORKED)
  }

  #sliceEnds(): number[] {
    const ends: number[] = []
    let from = 0
    for (const end of epochEnds(this.#trace, this.#options.epochMarks)) {
      for (let slice = 1; slice <= SLICES; slice++) ends.push(from + Math.floor(((end - from) * slice) / SLICES))
      from = end
    }
    return ends
  }

  /** The moment of the snapshot: everything is armed. */
  #begin(): void {
    this.#frozen = this.#shadow.freeze()
    this.#ranges = [...this.#writable.ranges]
    for (const { start, end } of this.#ranges) {
      this.#prepare(start, end - start)
      this.#snapshotter.arm(start, end - start)
      this.#truth.arm(start, end - start, (vpn) => this.#shadow.where(vpn))
      this.#book.add(start, end - start)
    }
    this.#next = this.#ranges[0]?.start ?? 0
  }

  /** Entries of the trace for each page the copier copies; below 1, it copies several for each entry. */
  #copyEvery(entries: number): number {
    const pages = this.#ranges.reduce((sum, { start, end }) => sum + (end - start) / this.#unit, 0)
    return pages === 0 ? entries + 1 : (entries * this.#options.span) / pages
  }

  #runAndCopy(from: number, end: number, every: number): void {
    const stride = Math.max(1, Math.round(every))
    const copies = every < 1 ? Math.ceil(1 / Math.max(every, 1e-6)) : 1
    for (let at = from; at < end; at += stride) {
      this.#replayer.run(at, Math.min(end, at + stride))
      for (let i = 0; i < copies && this.#copyNext(); i++);
    }
  }

  /** Copies the next page in order of address that still needs it. @returns false when there is none */
  #copyNext(): boolean {
    while (this.#range < this.#ranges.length) {
      const { end } = this.#ranges[this.#range]
      while (this.#next < end) {
        const start = this.#next
        this.#next += this.#unit
        if (!this.#book.isPending(start)) continue
        this.#copy(start)
        this.#snapshotter.release(start)
        return true
      }
      this.#range++
      this.#next = this.#ranges[this.#range]?.start ?? 0
    }
    return false
  }

  #copyBeforeWrite(start: number): void {
    if (!this.#book.isPending(start)) {
      // The oracle is called for every store; a message about a page that was released is one too many.
      if (!this.#snapshotter.watchesStores) this.#book.spurious++
      return
    }
    this.#book.copiedBeforeWrite++
    this.#copy(start)
  }

  /** Reads a page into the snapshot and holds it against the content when it was armed. */
  #copy(start: number): void {
    const frozen = this.#frozen
    if (frozen === undefined) return
    let isGood = true
    for (let vpn = start, end = start + this.#unit; vpn < end; vpn++) {
      if (this.#session.access(PROCESS, vpn, false, 0) !== ACCESS_DONE || !this.#shadow.load(vpn, this.#session.loaded)) this.#corrupted++
      if (this.#session.loaded !== frozen.stamp(vpn)) isGood = false
    }
    this.#book.copy(start, isGood, this.#truth.history(start))
  }

  #result(): WorkloadResult {
    const book = this.#book
    return {
      workload: 'live-snapshot',
      design: this.#design.name,
      memory: this.#options.memory,
      seed: this.#options.seed,
      lost: book.lost,
      spurious: book.spurious,
      discarded: book.discarded,
      pagesWritten: book.pagesWritten,
      reported: book.copiedBeforeWrite,
      lostByCause: book.lostByCause(),
      lostPages: book.lostPages,
      corrupted: this.#corrupted + this.#replayer.corrupted,
      stuck: this.#replayer.stuck,
      epochs: 1,
      pageTableBytes: this.#pageTableBytes,
      ...sessionCosts(this.#session),
      copied: book.copied,
      copiedBeforeWrite: book.copiedBeforeWrite,
    }
  }
}
