/**
 * What the scenes of the model run on: one session, one mapping, a clock.
 * @module
 */
import { type Design, PAGE_IS_WRITTEN } from '@faultline/mm-types'
import {
  ACCESS_BLOCKED,
  type AccessBatch,
  type Memory,
  type Operation,
  type Outcome,
  type Range,
  range,
  type SyncSession,
} from '@faultline/program'
import { onCpu } from './clock.ts'

/** Pages that scenes take whose unit costs microseconds on a kernel. */
const FEW_PAGES = 8192
/** First page of the mapping that scenes work on. */
const FIRST_VPN = 0x10000000
const REGION = 'A'
/** Accesses handed over at once, at most. */
const MOST_ROWS = 2 ** 20
const LOAD = 0
const STORE = 1

/** Nanoseconds a unit, by operation. */
export type Times = Record<string, number>

/** Which page access i goes to: `order[i]`, or without an order the one `(i & mask) * stride`. */
interface Pattern {
  readonly order: Int32Array | null
  readonly mask: number
  readonly stride: number
}

const IN_ORDER: Pattern = { order: null, mask: -1, stride: 1 }

/** One design's session with the mapping that a scene works on. */
export class Stage {
  readonly session: SyncSession
  readonly design: Design
  readonly pages: number
  readonly few: number
  /** A random order of the pages, and of the first few. */
  readonly order: Int32Array
  readonly fewOrder: Int32Array
  /** What the mapping is; warming runs the scenes on every kind. */
  memory: Memory = 'anon'
  times: Times = {}
  private stamp = 0
  private readonly batch: AccessBatch

  constructor(session: SyncSession, design: Design, pages: number) {
    this.session = session
    this.design = design
    this.pages = pages
    this.few = Math.min(pages, FEW_PAGES)
    this.order = shuffled(pages)
    this.fewOrder = shuffled(this.few)
    const rows = Math.min(pages, MOST_ROWS)
    this.batch = { vpns: new Float64Array(rows), writes: new Uint8Array(rows), stamps: new Int32Array(rows) }
  }

  /** Times a piece of work of `units` units. */
  time(operation: string, units: number, work: () => void): void {
    this.times[operation] = onCpu(work) / units
  }

  do(operation: Operation): Outcome {
    return this.session.perform(operation)
  }

  map(pages = this.pages, memory = this.memory): void {
    this.do({ op: 'mmap', region: REGION, pages: Math.ceil(pages / unitOf(memory)), memory, prot: 'rw', vpn: FIRST_VPN })
  }

  /** Pages from the start of the mapping on. */
  first(pages = this.pages, memory = this.memory): Range {
    return range(REGION, 0, Math.ceil(pages / unitOf(memory)))
  }

  unmap(pages = this.pages): void {
    this.do({ op: 'munmap', range: this.first(pages) })
  }

  /** Watches the mapping for writes. */
  watch(features: number, pages = this.pages): void {
    this.do({ op: 'userfaultfd', uffd: 'u', flags: 0 })
    this.do({ op: 'api', uffd: 'u', features: features & this.design.uffd.features, version: 0xaa })
    this.do({ op: 'register', uffd: 'u', range: this.first(pages), mode: 2 })
  }

  protect(on: boolean, pages = this.pages): void {
    this.do({ op: 'writeprotect', uffd: 'u', range: this.first(pages), mode: on ? 1 : 0 })
  }

  protectOne(page: number, on: boolean): void {
    const unit = unitOf(this.memory)
    this.session.writeprotect('u', FIRST_VPN + page * unit, unit, on ? 1 : 0)
  }

  /** One call a page. A method: what a closure loops over is compiled anew each time that the closure is made. */
  protectEach(pages: number, on: boolean): void {
    for (let page = 0; page < pages; page++) this.protectOne(page, on)
  }

  /** PAGEMAP_SCAN for written pages among the first, with room for so many regions. */
  scanWritten(pages: number, vecLen: number): void {
    const mask = PAGE_IS_WRITTEN
    this.do({ op: 'scan', range: this.first(pages), flags: 0, inverted: 0, mask, anyof: 0, returned: mask, maxPages: 0, vecLen })
  }

  close(): void {
    this.do({ op: 'close', uffd: 'u' })
  }

  /** Stores to the first pages, `stride` apart. */
  touch(count = this.pages, stride = 1): void {
    this.touching(count, stride)()
  }

  /** The same, to be called once: the accesses are written down before, so that a clock sees them alone. */
  touching(count = this.pages, stride = 1): () => void {
    return this.prepared(STORE, count, { ...IN_ORDER, stride })
  }

  /** Stores to pages in an order. */
  touchingInOrder(order: Int32Array): () => void {
    return this.prepared(STORE, order.length, { ...IN_ORDER, order })
  }

  /** Stores to the first `hot` pages, over and over. `hot` is a power of two. */
  touchingAgain(count: number, hot: number): () => void {
    return this.prepared(STORE, count, { ...IN_ORDER, mask: hot - 1 })
  }

  /** Loads from the pages in order. */
  loading(): () => void {
    return this.prepared(LOAD, this.pages, IN_ORDER)
  }

  /** Accesses that are ready to be made: more than the batch has room for are written down while it runs. */
  private prepared(write: 0 | 1, count: number, pattern: Pattern): () => void {
    const { batch } = this
    const rows = batch.vpns.length
    batch.writes.fill(write)
    batch.stamps.fill(write === STORE ? ++this.stamp : 0)
    writeDown(pattern, 0, Math.min(rows, count), batch.vpns)
    return () => {
      for (let first = 0; first < count; first += rows) {
        const here = Math.min(rows, count - first)
        if (first > 0) writeDown(pattern, first, here, batch.vpns)
        this.run(batch, here)
      }
    }
  }

  /** The accesses of a batch, as replays of traces hand them to a session. */
  private run(batch: AccessBatch, rows: number): void {
    const { session } = this
    for (let i = 0; i < rows; i++) {
      i = session.accessMany('main', batch, i, rows)
      if (i === rows) return
      if (session.stopped !== ACCESS_BLOCKED) throw new Error(`an access to page ${batch.vpns[i] - FIRST_VPN} did not succeed`)
      this.answer(batch.vpns[i], this.stamp)
    }
  }

  /** What a monitor does about a store that waits: it reads the message, ends the protection of the page, and the store is tried again. */
  private answer(vpn: number, stamp: number): void {
    const message = this.session.receive('u')
    if (message === undefined) return
    this.session.writeprotect('u', message.address / 4096, unitOf(this.memory), 0)
    this.session.access('main', vpn, true, stamp)
  }
}

function writeDown({ order, mask, stride }: Pattern, first: number, rows: number, vpns: Float64Array): void {
  if (order === null) for (let i = 0; i < rows; i++) vpns[i] = FIRST_VPN + ((first + i) & mask) * stride
  else for (let i = 0; i < rows; i++) vpns[i] = FIRST_VPN + order[first + i]
}

function unitOf(memory: Memory): number {
  return memory === 'hugetlb' || memory === 'hugetlb-private' ? 512 : 1
}

/** All numbers below n in an order that no prefetcher foresees; that of side.h too. */
export function shuffled(n: number): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i)
  let state = 88172645
  for (let i = n - 1; i > 0; i--) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    const j = (state >>> 0) % (i + 1)
    const other = order[i]
    order[i] = order[j]
    order[j] = other
  }
  return order
}
