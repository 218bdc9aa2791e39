/**
 * Plays the accesses and events of a pgtrace on a session.
 * @module
 */
import { ACCESS_BLOCKED, ACCESS_DONE, ACCESS_SIGSEGV, type AccessBatch, type SyncSession } from '@faultline/program'
import { PROCESS } from './calls.ts'
import type { TraceLayout } from './layout.ts'
import type { PageShadow } from './shadow.ts'
import { PGT_EVENT, PGT_KERNEL_WRITE, PGT_WRITE, type Pgtrace } from './trace/pgtrace.ts'

/** What a workload adds to the plain replay of a trace. */
export interface ReplayHooks {
  /** A thread waits: the monitor serves it. */
  answer(): void
  /** A store ended in SIGSEGV. Left out where no monitor causes that. @returns whether the monitor has seen to it */
  signalled?: ((vpn: number) => boolean) | undefined
  /** A store is about to happen. Left out where nobody watches stores: then accesses are handed to the session in batches. */
  beforeStore?: ((vpn: number) => void) | undefined
  /** A store was done, and perhaps others after it that needed no answer. Left out where nobody counts stores. */
  stored?: ((vpn: number) => void) | undefined
}

/** Times an access is tried after the monitor has served it. */
const MOST_TRIES = 16

/** Accesses in a batch: what stays in the cache beside the TLB. */
const BATCH = 1024

/** 1 for the codes of stores. */
const IS_STORE = Uint8Array.from({ length: 8 }, (_, op) => (op === PGT_WRITE || op === PGT_KERNEL_WRITE ? 1 : 0))

/**
 * Replays accesses: each store writes a stamp that was never used before, each load is held against the last store.
 */
export class Replayer {
  /** Loads that saw something else than the last store: 0 in every sane system. */
  corrupted = 0
  /** Accesses that could not be done, however often the monitor answered. */
  stuck = 0
  readonly #trace: Pgtrace
  readonly #session: SyncSession
  readonly #layout: TraceLayout
  readonly #shadow: PageShadow
  readonly #hooks: ReplayHooks
  readonly #batch: AccessBatch
  #filled = 0
  #stamp = 0

  constructor(trace: Pgtrace, session: SyncSession, layout: TraceLayout, shadow: PageShadow, hooks: ReplayHooks) {
    this.#trace = trace
    this.#session = session
    this.#layout = layout
    this.#shadow = shadow
    this.#hooks = hooks
    this.#batch = { vpns: new Float64Array(BATCH), writes: new Uint8Array(BATCH), stamps: new Int32Array(BATCH) }
  }

  /** Plays entries [from, to). */
  run(from: number, to: number): void {
    const { pages, events } = this.#trace
    for (let i = from; i < to; i++) {
      i = this.#gather(i, to)
      this.#play()
      if (i < to) this.#layout.apply(events[pages[i]])
    }
  }

  /** Puts the accesses of entries [from, to) up to the first event into batches, and plays all but the last. @returns index of the event, or `to` */
  #gather(from: number, to: number): number {
    const { ops, pages, runs } = this.#trace
    const { vpns, writes, stamps } = this.#batch
    let filled = this.#filled
    let stamp = this.#stamp
    let i = from
    for (; i < to; i++) {
      const op = ops[i]
      if (op === PGT_EVENT) break
      const isStore = IS_STORE[op]
      const first = pages[i]
      for (let vpn = first, last = first + runs[i]; vpn <= last; vpn++) {
        if (filled === BATCH) {
          this.#filled = filled
          this.#play()
          filled = 0
        }
        vpns[filled] = vpn
        writes[filled] = isStore
        stamp += isStore
        stamps[filled] = stamp
        filled++
      }
    }
    this.#filled = filled
    this.#stamp = stamp
    return i
  }

  /** Plays the batch. */
  #play(): void {
    const { beforeStore } = this.#hooks
    const { vpns, writes } = this.#batch
    const filled = this.#filled
    for (let i = 0; i < filled; i++) {
      if (beforeStore !== undefined && writes[i] !== 0) beforeStore(vpns[i])
      const to = beforeStore === undefined ? filled : i + 1
      const done = this.#session.accessMany(PROCESS, this.#batch, i, to)
      this.#follow(i, done)
      if (done < to && this.#retry(done)) this.#follow(done, done + 1)
      i = done < to ? done : to - 1
    }
    this.#filled = 0
  }

  /** Accesses [from, to) of the batch were done. */
  #follow(from: number, to: number): void {
    this.corrupted += this.#shadow.follow(this.#batch, from, to)
    const { stored } = this.#hooks
    if (stored === undefined) return
    const { vpns, writes } = this.#batch
    for (let i = from; i < to; i++) if (writes[i] !== 0) stored(vpns[i])
  }

  /** Serves the access of the batch at which the session has stopped, until it is done. */
  #retry(i: number): boolean {
    const { vpns, writes, stamps } = this.#batch
    const vpn = vpns[i]
    const write = writes[i] !== 0
    let code = this.#session.stopped
    let hasAdmitted = false
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      if (code === ACCESS_BLOCKED) this.#hooks.answer()
      else if (code === ACCESS_SIGSEGV && write && this.#hooks.signalled?.(vpn)) {
        // Its handler has made the store possible.
      } else if (code === ACCESS_SIGSEGV && !hasAdmitted) {
        hasAdmitted = true
        this.#layout.admit(vpn)
      } else break
      code = this.#session.access(PROCESS, vpn, write, stamps[i])
      if (code !== ACCESS_DONE) continue
      if (!write) stamps[i] = this.#session.loaded
      return true
    }
    this.stuck++
    return false
  }
}
