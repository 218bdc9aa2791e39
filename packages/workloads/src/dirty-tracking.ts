/**
 * The workload `dirty-tracking`: arm, let the program run for an epoch, collect what was written, arm again.
 * @module
 */
import type { SyncSession } from '@faultline/program'
import { PROCESS, unitOf } from './calls.ts'
import { epochEnds } from './epochs.ts'
import { EVENT_FORKED, EVENT_PROTECTED, EVENT_UNMAPPED } from './history.ts'
import type { LayoutListener, TraceLayout } from './layout.ts'
import { createTracker } from './monitor/create-tracker.ts'
import { createPrepare, type Prepare } from './monitor/prepare.ts'
import type { TrackedDesign, Tracker } from './monitor/tracker.ts'
import type { DirtyTrackingOptions, Progress } from './options.ts'
import { Pressure } from './pressure.ts'
import { RangeSet } from './range-set.ts'
import { Replayer } from './replayer.ts'
import { sessionCosts, type WorkloadResult } from './result.ts'
import { PageShadow, WHERE_UNMAPPED } from './shadow.ts'
import type { Pgtrace } from './trace/pgtrace.ts'
import { createTraceLayout, inheritedRanges } from './trace-layout.ts'
import { Truth } from './truth.ts'

/** Parts an epoch is cut into; disturbances come between them. */
const SLICES = 8

/** Epochs a forked child lives. */
const CHILD_EPOCHS = 2

/** One run of the workload: the program, its tracker, and the truth about both. */
export class DirtyTracking implements LayoutListener {
  readonly #session: SyncSession
  readonly #design: TrackedDesign
  readonly #trace: Pgtrace
  readonly #options: DirtyTrackingOptions
  readonly #truth: Truth
  readonly #shadow: PageShadow
  readonly #tracked = new RangeSet(false)
  readonly #tracker: Tracker
  readonly #prepare: Prepare
  readonly #layout: TraceLayout
  readonly #replayer: Replayer
  readonly #pressure: Pressure
  readonly #where = (vpn: number) => this.#shadow.where(vpn)
  #children: { readonly name: string; readonly since: number }[] = []
  #epoch = 0
  #pageTableBytes = 0

  /** @throws UnsupportedError when the design cannot track this memory */
  constructor(session: SyncSession, design: TrackedDesign, trace: Pgtrace, options: DirtyTrackingOptions) {
    this.#session = session
    this.#design = design
    this.#trace = trace
    this.#options = options
    const { memory, seed } = options
    const truth = new Truth(unitOf(memory))
    this.#truth = truth
    this.#shadow = new PageShadow(unitOf(memory))
    const tracker = createTracker(design, session, memory, (start, pages) => truth.report(start, pages))
    this.#tracker = tracker
    this.#prepare = createPrepare(design, session, options.prepare)
    this.#layout = createTraceLayout(session, memory, this)
    this.#replayer = new Replayer(trace, session, this.#layout, this.#shadow, {
      answer: () => tracker.answer(),
      signalled: tracker.signalled && ((vpn) => tracker.signalled?.(vpn) ?? false),
      beforeStore: tracker.watchesStores ? (vpn) => tracker.stored(vpn) : undefined,
      stored: (vpn) => truth.store(vpn),
    })
    this.#pressure = new Pressure(session, memory, this.#shadow, options, seed, (start, pages, event) => truth.note(start, pages, event))
  }

  run(progress: Progress): WorkloadResult {
    this.#layout.inherit(inheritedRanges(this.#trace))
    this.#tracker.begin?.()
    const ends = epochEnds(this.#trace, this.#options.epochMarks)
    let from = 0
    for (const end of ends) {
      this.#epoch++
      this.#runEpoch(from, end)
      this.#endEpoch()
      from = end
      progress(this.#epoch / ends.length, `epoch ${this.#epoch} of ${ends.length}`)
    }
    return {
      workload: 'dirty-tracking',
      design: this.#design.name,
      memory: this.#options.memory,
      seed: this.#options.seed,
      ...this.#truth.verdict(),
      corrupted: this.#replayer.corrupted,
      stuck: this.#replayer.stuck,
      epochs: this.#epoch,
      pageTableBytes: this.#pageTableBytes,
      ...sessionCosts(this.#session),
    }
  }

  mapped(start: number, pages: number, writable: boolean): void {
    this.#shadow.clear(start, pages)
    if (writable) this.#track(start, pages)
  }

  unmapped(start: number, pages: number): void {
    this.#tracked.remove(start, start + pages)
    this.#tracker.forget?.(start, pages)
    this.#truth.discard(start, pages)
    this.#shadow.clear(start, pages)
  }

  discarded(start: number, pages: number): void {
    this.#truth.discard(start, pages)
    this.#shadow.clear(start, pages)
  }

  dropped(start: number, pages: number): void {
    this.#truth.note(start, pages, EVENT_UNMAPPED)
    this.#shadow.send(start, pages, WHERE_UNMAPPED)
  }

  moving(start: number, pages: number): void {
    this.#tracker.moving?.(start, pages)
  }

  /**
   * A moved mapping leaves its userfaultfd behind, as nobody asked for remap events: its pages are tracked anew. A tracker may tell at
   * the new place of what was written at the old one.
   */
  moved(from: number, pages: number, to: number): void {
    const unreported = this.#truth.unreported(from, pages)
    const wasTracked = this.#tracked.within(from, from + pages)
    this.#tracked.remove(from, from + pages)
    this.#tracker.forget?.(from, pages)
    this.#truth.discard(from, pages)
    this.#shadow.move(from, pages, to)
    for (const { start, end } of wasTracked) this.#track(start - from + to, end - start)
    for (const vpn of unreported) this.#truth.excuse(vpn - from + to)
  }

  reprotected(start: number, pages: number, writable: boolean): void {
    this.#truth.note(start, pages, EVENT_PROTECTED)
    // The kernel has split its mapping here; ranges that are armed in one call must not reach across.
    for (const part of this.#tracked.within(start, start + pages)) {
      this.#tracked.remove(part.start, part.end)
      this.#tracked.add(part.start, part.end)
      this.#tracker.reprotected?.(part.start, part.end - part.start, writable)
    }
    if (!writable) return
    for (const part of this.#tracked.missing(start, start + pages)) this.#track(part.start, part.end - part.start)
  }

  forked(name: string): void {
    for (const { start, end } of this.#tracked.ranges) this.#truth.note(start, end - start, EVENT_FORKED)
    this.#children.push({ name, since: this.#epoch })
  }

  #track(start: number, pages: number): void {
    this.#prepare(start, pages)
    this.#tracker.track(start, pages)
    this.#truth.arm(start, pages, this.#where)
    this.#tracked.add(start, start + pages)
  }

  #runEpoch(from: number, end: number): void {
    for (let slice = 0; slice < SLICES; slice++) {
      const first = from + Math.floor(((end - from) * slice) / SLICES)
      const last = from + Math.floor(((end - from) * (slice + 1)) / SLICES)
      this.#replayer.run(first, last)
      this.#pressure.apply(this.#tracked.ranges, 1 / SLICES)
    }
  }

  #endEpoch(): void {
    const ranges = this.#tracked.ranges
    this.#tracker.collect(ranges)
    this.#truth.judge()
    this.#pageTableBytes = Math.max(this.#pageTableBytes, this.#session.tableBytes(PROCESS))
    for (const { start, end } of ranges) this.#prepare(start, end - start)
    this.#tracker.rearm(ranges)
    for (const { start, end } of ranges) this.#truth.arm(start, end - start, this.#where)
    for (const child of this.#children) {
      if (this.#epoch - child.since >= CHILD_EPOCHS) this.#session.perform({ op: 'exit', process: child.name })
    }
    this.#children = this.#children.filter((child) => this.#epoch - child.since < CHILD_EPOCHS)
  }
}
