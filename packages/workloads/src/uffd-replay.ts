/**
 * Replays a recorded userfaultfd stream on a session, and explains each fault message by the state of its page.
 * @module
 */

import { ERRNO, errnoName, UFFD_PAGEFAULT_FLAG_WP, UFFD_PAGEFAULT_FLAG_WRITE, UFFDIO_REGISTER_MODE_WP } from '@faultline/mm-types'
import { ACCESS_BLOCKED, type Operation, type Outcome, type SyncSession } from '@faultline/program'
import { PROCESS, UnsupportedError } from './calls.ts'
import type { Progress } from './options.ts'
import type { UffdFault, UffdRecord, UffdTouch } from './trace/uffd-record.ts'
import type { Uffdtrace } from './trace/uffdtrace.ts'
import { effectOperation, handshakeOperation, type UffdHandshake } from './uffd-operations.ts'
import {
  isEffect,
  messagesBefore,
  mostWaiting,
  overlaps,
  PageRecords,
  startOf,
  stateAfter,
  stateOfMessage,
  type UffdEffect,
  wakes,
} from './uffd-placement.ts'
import { type UffdPageState, UffdRegion } from './uffd-region.ts'
import { ReplayTally, type UffdReplayCounts } from './uffd-tally.ts'

/** Pending calls on a page that are looked at; recorded streams have at most three. */
const PENDING_LIMIT = 8

/** Calls that one message may need placed before it. */
const MOST_EARLY_CALLS = 3

/**
 * One replay. Calls take effect where their lines stand, unless a message shows that one took effect earlier; a message is
 * explained when an access, performed on the session, yields it:
 *
 * - directly, at its line;
 * - after calls that ran at the same time as its read() are given their effect before it;
 * - before an earlier line, when nothing that happened from there to its read() woke the thread it belongs to, and no more
 *   messages were read in between than threads could wait at once.
 */
export class UffdReplay {
  readonly #session: SyncSession
  readonly #records: readonly UffdRecord[]
  readonly #region: UffdRegion
  readonly #pageRecords: PageRecords
  readonly #tally = new ReplayTally()
  /** Records whose effect was placed before their line. */
  readonly #placed: Uint8Array
  /** Messages whose access was performed before their line, for the case that nothing else explains them. */
  readonly #queued = new Set<number>()
  /** Fault messages before each record, and how many may be in the queue at once. */
  readonly #messagesBefore: Int32Array
  readonly #mostWaiting: number
  #uffd = ''
  #nrUffds = 0
  #stamp = 0

  constructor(session: SyncSession, trace: Uffdtrace) {
    this.#session = session
    this.#records = trace.records
    this.#region = new UffdRegion(session, trace)
    this.#pageRecords = new PageRecords(trace.records, this.#region)
    this.#placed = new Uint8Array(trace.records.length)
    this.#messagesBefore = messagesBefore(trace.records)
    this.#mostWaiting = mostWaiting(trace.records, this.#region)
  }

  /**
   * @param reclaims how often, evenly through the stream, the kernel reclaims the region's pages
   * @throws UnsupportedError when the system refuses the stream's handshake or registration
   */
  run(progress: Progress, reclaims: number): UffdReplayCounts {
    const records = this.#records
    const stride = Math.max(1, Math.floor(records.length / 100))
    const quiet = Math.ceil(records.length / (reclaims + 1))
    for (let i = 0; i < records.length; i++) {
      this.#replay(i, records[i])
      if ((i + 1) % quiet === 0) this.#region.reclaimAndRead()
      if (i % stride === 0) progress(i / records.length, `line ${records[i].line}`)
    }
    progress(1, 'done')
    return this.#tally.counts()
  }

  #replay(index: number, record: UffdRecord): void {
    if (isEffect(record)) {
      if (this.#placed[index] === 0) this.#effect(index, record)
      return
    }
    switch (record.kind) {
      case 'F':
        this.#fault(index, record)
        break
      case 'H':
      case 'S':
        this.#read(record)
        break
      case 'E':
        this.#tally.otherMessage()
        break
      case 'n':
        break
      default:
        this.#handshake(record)
    }
  }

  #handshake(record: UffdHandshake): void {
    if (record.kind === 'O') {
      // A client that opens another one has closed the last: probes for features do so.
      if (this.#uffd !== '') this.#session.perform({ op: 'close', uffd: this.#uffd })
      this.#uffd = `uffd${++this.#nrUffds}`
    }
    const outcome = this.#perform(record, handshakeOperation(record, this.#uffd, this.#region))
    if (outcome.errno !== 0 && record.error === undefined) {
      throw new UnsupportedError(`line ${record.line}: the stream's ${CALL_NAMES[record.kind]} gives ${errnoName(outcome.errno)}`)
    }
    this.#compareAnswer(record, outcome)
    // A client that asks for no missing messages fills its memory unseen: QEMU reads all of it before it protects it.
    if (record.kind === 'G' && record.mode === UFFDIO_REGISTER_MODE_WP) this.#region.populate()
  }

  /** Holds features and ioctls against those recorded, in bits that fit an integer. */
  #compareAnswer(record: UffdHandshake, outcome: Outcome): void {
    if (record.kind === 'A' && outcome.features !== record.features) {
      const text = `offers features 0x${(outcome.features ?? 0).toString(16)}, recorded were 0x${record.features.toString(16)}`
      this.#tally.difference(record.line, `${CALL_NAMES.A} ${text}`)
    } else if (record.kind === 'G') {
      const recorded = record.ioctls.reduce((mask, bit) => (bit < 31 ? mask | (1 << bit) : mask), 0)
      const text = `offers ioctls 0x${(outcome.result ?? 0).toString(16)}, recorded were 0x${recorded.toString(16)}`
      if (outcome.result !== recorded) this.#tally.difference(record.line, `${CALL_NAMES.G} ${text}`)
    }
  }

  /** pwrite() from a page: the kernel reads it. */
  #read(record: UffdTouch): void {
    const page = this.#region.page(record)
    for (let i = 0; i < record.count; i++) {
      if (this.#region.state(page + i) === 'absent') this.#tally.difference(record.line, 'pwrite() reads a page that is absent')
      else this.#session.access(PROCESS, this.#region.vpn(page + i), false, 0)
    }
  }

  #effect(index: number, record: UffdEffect): void {
    const first = this.#region.page(record)
    if (record.count === 1) {
      if (record.error === undefined) this.#makeRoom(index, record, first)
      this.#lookAhead(index, record, first)
    }
    this.#apply(record)
  }

  /** A call that succeeded in the recording and would fail here needs a call that ran at the same time to come first. */
  #makeRoom(index: number, record: UffdEffect, page: number): void {
    const state = this.#region.state(page)
    if (stateAfter(state, record) !== undefined) return
    for (const at of this.#pageRecords.after(page, index, PENDING_LIMIT)) {
      const other = this.#records[at]
      if (!isEffect(other) || this.#placed[at] !== 0 || !overlaps(record, other)) continue
      const after = stateAfter(state, other)
      if (after === undefined || stateAfter(after, record) === undefined) continue
      this.#place(at, other)
      return
    }
  }

  /**
   * Before a call changes a page: when the page's next message fits the state before the call and not the one after, its
   * fault may have been queued here. The access is performed now, and counts if nothing else explains the message.
   */
  #lookAhead(index: number, record: UffdEffect, page: number): void {
    let earliestWake = wakes(record) ? record.call : Number.POSITIVE_INFINITY
    for (const at of this.#pageRecords.after(page, index, PENDING_LIMIT)) {
      const next = this.#records[at]
      if (next.kind !== 'F') {
        if (isEffect(next) && wakes(next)) earliestWake = Math.min(earliestWake, next.call)
        continue
      }
      // Its read() must have begun before the first wake ended, or the message would have left the queue unread.
      if (startOf(next) > earliestWake) return
      // Messages are read in the order they were queued in: those read before it waited at the same time.
      if (this.#messagesBefore[at] - this.#messagesBefore[index] >= this.#mostWaiting) return
      const state = this.#region.state(page)
      const wanted = stateOfMessage(next)
      if (state !== wanted || stateAfter(state, record) === wanted) return
      if (this.#yields(next, page) === undefined) this.#queued.add(at)
      return
    }
  }

  #fault(index: number, record: UffdFault): void {
    const page = this.#region.page(record)
    if (page < 0) {
      this.#tally.unexplained(record, 'the page lies outside the region')
      return
    }
    const wanted = stateOfMessage(record)
    const state = this.#region.state(page)
    const early = state === wanted ? [] : this.#earlyCalls(index, record, page, state, wanted)
    if (early === undefined) {
      if (this.#queued.has(index)) this.#tally.queuedBefore()
      else this.#tally.unexplained(record, `the page is ${state}, and no call that ran at the same time makes it ${wanted}`)
      return
    }
    for (const at of early) this.#place(at, this.#records[at] as UffdEffect)
    const problem = this.#yields(record, page)
    if (problem !== undefined) this.#tally.unexplained(record, problem)
    else if (early.length === 0) this.#tally.direct()
    else this.#tally.early(early.map((at) => this.#records[at].kind))
  }

  /** The fewest pending calls that bring the page from `state` to `wanted`, in the order of their effects. */
  #earlyCalls(index: number, fault: UffdFault, page: number, state: UffdPageState, wanted: UffdPageState): number[] | undefined {
    const pending = this.#pageRecords.after(page, index, PENDING_LIMIT).filter((at) => {
      const record = this.#records[at]
      return isEffect(record) && record.error === undefined && this.#placed[at] === 0 && overlaps(fault, record)
    })
    for (let length = 1; length <= Math.min(MOST_EARLY_CALLS, pending.length); length++) {
      const found = this.#sequence(pending, state, wanted, length)
      if (found !== undefined) return found
    }
    return undefined
  }

  #sequence(pending: readonly number[], state: UffdPageState, wanted: UffdPageState, length: number): number[] | undefined {
    if (length === 0) return state === wanted ? [] : undefined
    for (const at of pending) {
      const after = stateAfter(state, this.#records[at] as UffdEffect)
      if (after === undefined) continue
      const rest = this.#sequence(
        pending.filter((other) => other !== at),
        after,
        wanted,
        length - 1,
      )
      if (rest !== undefined) return [at, ...rest]
    }
    return undefined
  }

  /** Gives a call its effect before its line. */
  #place(index: number, record: UffdEffect): void {
    this.#placed[index] = 1
    this.#tally.placed()
    this.#apply(record)
  }

  #apply(record: UffdEffect): void {
    const first = this.#region.page(record)
    if (record.kind === 'H') this.#compare(record, this.#region.punch(first, record.count))
    else this.#perform(record, effectOperation(record, this.#uffd, this.#region.range(first, record.count), ++this.#stamp))
  }

  #perform(record: UffdRecord, operation: Operation): Outcome {
    const outcome = this.#session.perform(operation)
    this.#compare(record, outcome)
    return outcome
  }

  /** Holds a call's outcome against the recorded one. */
  #compare(record: UffdRecord, outcome: Outcome): void {
    this.#tally.call()
    const recorded = record.error === undefined ? 0 : (ERRNO[record.error] ?? -1)
    if (outcome.errno !== recorded) {
      const was = record.error ?? 'success'
      this.#tally.difference(record.line, `${CALL_NAMES[record.kind]} gives ${errnoName(outcome.errno)}, recorded was ${was}`)
    }
  }

  /** Performs the access that a message tells of. @returns what is wrong, or undefined when it yields the message */
  #yields(fault: UffdFault, page: number): string | undefined {
    const vpn = this.#region.vpn(page)
    const code = this.#session.access(PROCESS, vpn, fault.access !== 'm', ++this.#stamp)
    if (code !== ACCESS_BLOCKED) return 'the access does not wait for a message'
    const message = this.#session.perform({ op: 'receive', uffd: this.#uffd }).messages?.[0]
    if (message === undefined) return 'the access waits, but there is no message'
    const flags = message.flags ?? 0
    const access = flags & UFFD_PAGEFAULT_FLAG_WP ? 'w' : flags & UFFD_PAGEFAULT_FLAG_WRITE ? 'M' : 'm'
    if (access !== fault.access) return `the access gives message ${access}`
    const got = Math.floor(message.address / 4096)
    return got >= vpn && got < vpn + this.#region.unit ? undefined : `the message is about page 0x${got.toString(16)}`
  }
}

const CALL_NAMES: Readonly<Record<UffdRecord['kind'], string>> = {
  O: 'userfaultfd()',
  A: 'UFFDIO_API',
  G: 'UFFDIO_REGISTER',
  U: 'UFFDIO_UNREGISTER',
  F: 'read()',
  E: 'read()',
  n: 'read()',
  C: 'UFFDIO_COPY',
  K: 'UFFDIO_COPY with MODE_WP',
  P: 'UFFDIO_WRITEPROTECT',
  N: 'UFFDIO_WRITEPROTECT to clear',
  Z: 'UFFDIO_ZEROPAGE',
  D: 'madvise()',
  H: 'fallocate()',
  S: 'pwrite()',
}
