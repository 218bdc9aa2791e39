/**
 * Plays the accesses and events of a pgtrace on a session.
 * @module
 */
import { ACCESS_BLOCKED, ACCESS_DONE, ACCESS_SIGSEGV, type SyncSession } from '@faultline/program'
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
  /** A store is about to happen. Left out where nobody watches stores. */
  beforeStore?: ((vpn: number) => void) | undefined
  /** A store was done. */
  stored(vpn: number): void
}

/** Times an access is tried after the monitor has served it. */
const MOST_TRIES = 16

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
  #stamp = 0

  constructor(trace: Pgtrace, session: SyncSession, layout: TraceLayout, shadow: PageShadow, hooks: ReplayHooks) {
    this.#trace = trace
    this.#session = session
    this.#layout = layout
    this.#shadow = shadow
    this.#hooks = hooks
  }

  /** Plays entries [from, to). */
  run(from: number, to: number): void {
    const { ops, pages, runs, events } = this.#trace
    for (let i = from; i < to; i++) {
      const op = ops[i]
      const first = pages[i]
      if (op === PGT_EVENT) {
        this.#layout.apply(events[first])
        continue
      }
      const last = first + runs[i]
      if (op === PGT_WRITE || op === PGT_KERNEL_WRITE) for (let vpn = first; vpn <= last; vpn++) this.#store(vpn)
      else for (let vpn = first; vpn <= last; vpn++) this.load(vpn)
    }
  }

  /** Loads a page, and tells whether it saw the last store. */
  load(vpn: number): boolean {
    const code = this.#session.access(PROCESS, vpn, false, 0)
    if (code !== ACCESS_DONE && !this.#retry(code, vpn, false, 0)) return false
    if (this.#shadow.load(vpn, this.#session.loaded)) return true
    this.corrupted++
    return false
  }

  #store(vpn: number): void {
    const stamp = ++this.#stamp
    this.#hooks.beforeStore?.(vpn)
    const code = this.#session.access(PROCESS, vpn, true, stamp)
    if (code !== ACCESS_DONE && !this.#retry(code, vpn, true, stamp)) return
    this.#shadow.store(vpn, stamp)
    this.#hooks.stored(vpn)
  }

  /** Serves an access that gave `code`, until it is done. */
  #retry(code: number, vpn: number, write: boolean, stamp: number): boolean {
    let hasAdmitted = false
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      if (code === ACCESS_BLOCKED) this.#hooks.answer()
      else if (code === ACCESS_SIGSEGV && write && this.#hooks.signalled?.(vpn)) {
        // Its handler has made the store possible.
      } else if (code === ACCESS_SIGSEGV && !hasAdmitted) {
        hasAdmitted = true
        this.#layout.admit(vpn)
      } else break
      code = this.#session.access(PROCESS, vpn, write, stamp)
      if (code === ACCESS_DONE) return true
    }
    this.stuck++
    return false
  }
}
