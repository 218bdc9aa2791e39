/**
 * One way of protecting memory that is not there, counted phase by phase on a machine of its own.
 * @module
 */
import { createModel, findDesign, hugeZeroPageArming, linux618, twoMarkersArming, wpZeropageV1 } from '@faultline/designs'
import {
  type Design,
  UFFD_API,
  UFFD_FEATURE_PAGEFAULT_FLAG_WP,
  UFFD_FEATURE_WP_UNPOPULATED,
  UFFDIO_REGISTER_MODE_WP,
  UFFDIO_WRITEPROTECT_MODE_WP,
} from '@faultline/mm-types'
import { ACCESS_BLOCKED, ACCESS_DONE, range, type SyncSession } from '@faultline/program'
import { HUGE_PAGES, must } from '../laboratory.ts'

/** What is done to memory before it is protected. */
type Preparation = 'nothing' | 'read each page' | 'MADV_POPULATE_READ'

/** A way of protecting a range with all its holes. */
export interface Way {
  readonly name: string
  readonly design: Design
  readonly prepare: Preparation
  /** The feature for unpopulated memory is asked for. */
  readonly unpopulated: boolean
}

const way = (name: string, design: Design): Way => ({ name, design, prepare: 'nothing', unpopulated: true })

/** Markers above the leaves, where the presets have them. */
function named(name: string, preset: string): Way[] {
  const design = findDesign(preset)
  return design === undefined ? [] : [way(name, design)]
}

/** Nothing that is not there is protected: what all others are held against. */
export const DEFAULT: Way = { name: 'default', design: linux618, prepare: 'nothing', unpopulated: false }
const PRE_READ: Way = { name: 'pre-read', design: linux618, prepare: 'read each page', unpopulated: false }
export const POPULATE: Way = { name: 'MADV_POPULATE_READ', design: linux618, prepare: 'MADV_POPULATE_READ', unpopulated: false }
export const PTE_MARKER: Way = way('pte marker', linux618)
export const TWO_MARKERS: Way = way('two markers', twoMarkersArming)

/** Those that the question is about: they protect everything. What can be had from a kernel comes first, then what asks least of one. */
export const RIVALS: readonly Way[] = [
  POPULATE,
  PTE_MARKER,
  way('zero page', wpZeropageV1),
  way('huge zero page', hugeZeroPageArming),
  ...named('pmd marker', 'pmd-marker'),
  ...named('pud marker', 'pud-marker'),
]

/** Every way. */
export const WAYS: readonly Way[] = [DEFAULT, PRE_READ, ...RIVALS, TWO_MARKERS]

/** /sys/kernel/mm/transparent_hugepage/enabled. */
export const THP = ['never', 'always'] as const
export type Thp = (typeof THP)[number]

/** What a phase cost. */
export interface Cost {
  readonly steps: number
  readonly faults: number
  readonly entries: number
  readonly tables: number
}

/** What is done with the memory, in pages of 4 KiB. */
export interface Scene {
  readonly pages: number
  readonly thp: Thp
  /** Ranges of 2 MiB that are there, written, before anything is counted. */
  readonly populated: readonly number[]
  /** Pages read, then pages written, once it is protected. */
  readonly reads: readonly number[]
  readonly writes: readonly number[]
}

/** All phases of one way in one scene. */
export interface Counts {
  readonly prepare: Cost
  readonly arm: Cost
  readonly use: Cost
  readonly end: Cost
  /** Page tables once all is protected, those under huge pages too. */
  readonly tableBytes: number
  /** Writes of protected pages that nobody heard of. */
  readonly lost: number
  /** Steps of the dearest of the first writes, message and answer included. */
  readonly worstWrite: number
}

/** A multiple of 1 GiB. */
const START = 0x10000000

/** Counts what happens between its calls. */
class Meter {
  readonly #session: SyncSession
  #before: Readonly<Record<string, number>>

  constructor(session: SyncSession) {
    this.#session = session
    this.#before = session.counters()
  }

  /** Since the last call. */
  read(): Cost {
    const before = this.#before
    const after = this.#session.counters()
    this.#before = after
    const since = (name: string): number => after[name] - before[name]
    return { steps: since('steps'), faults: since('faults'), entries: since('ptes'), tables: since('tablesAllocated') }
  }
}

/** Writes looked at one by one. */
const FIRST_WRITES = 64

function prepare(session: SyncSession, how: Preparation, pages: number): void {
  if (how === 'MADV_POPULATE_READ') must(session, { op: 'madvise', range: range('@', START, pages), advice: 'populate_read' })
  if (how === 'read each page') for (let i = 0; i < pages; i++) session.access('main', START + i, false, 0)
}

function arm(session: SyncSession, { design, unpopulated }: Way, pages: number): void {
  const wanted = UFFD_FEATURE_PAGEFAULT_FLAG_WP | (unpopulated ? UFFD_FEATURE_WP_UNPOPULATED : 0)
  must(session, { op: 'userfaultfd', uffd: 'u', flags: 0 })
  must(session, { op: 'api', uffd: 'u', features: wanted & design.uffd.features, version: UFFD_API })
  must(session, { op: 'register', uffd: 'u', range: range('@', START, pages), mode: UFFDIO_REGISTER_MODE_WP })
  must(session, { op: 'writeprotect', uffd: 'u', range: range('@', START, pages), mode: UFFDIO_WRITEPROTECT_MODE_WP })
}

/** Writes a page, and answers its message as a snapshot does: once per page. @returns whether there was one */
function write(session: SyncSession, vpn: number): boolean {
  const blocked = session.access('main', vpn, true, 1) === ACCESS_BLOCKED
  if (blocked) {
    must(session, { op: 'receive', uffd: 'u' })
    must(session, { op: 'writeprotect', uffd: 'u', range: range('@', vpn, 1), mode: 0 })
    if (session.access('main', vpn, true, 1) !== ACCESS_DONE) throw new Error(`page ${vpn} cannot be written after its message`)
  }
  return blocked
}

/** Runs one way through one scene. */
export function measure(way: Way, scene: Scene): Counts {
  const session = createModel(way.design, { thp: scene.thp }).open()
  const { pages, reads, writes } = scene
  must(session, { op: 'mmap', region: 'memory', pages, memory: 'anon', prot: 'rw', vpn: START })
  for (const i of scene.populated) {
    must(session, { op: 'madvise', range: range('@', START + i * HUGE_PAGES, HUGE_PAGES), advice: 'populate_write' })
  }
  const meter = new Meter(session)
  prepare(session, way.prepare, pages)
  const prepared = meter.read()
  arm(session, way, pages)
  const armed = meter.read()
  const tableBytes = session.tableBytes('main')
  for (const page of reads) session.access('main', START + page, false, 0)
  let use = meter.read()
  let lost = 0
  let worstWrite = 0
  for (const [i, page] of writes.entries()) {
    if (!write(session, START + page)) lost++
    if (i >= FIRST_WRITES) continue
    const cost = meter.read()
    worstWrite = Math.max(worstWrite, cost.steps)
    use = plus(use, cost)
  }
  use = plus(use, meter.read())
  must(session, { op: 'unregister', uffd: 'u', range: range('@', START, pages) })
  return { prepare: prepared, arm: armed, use, end: meter.read(), tableBytes, lost, worstWrite }
}

/** The sum of two costs. */
export function plus(a: Cost, b: Cost): Cost {
  return { steps: a.steps + b.steps, faults: a.faults + b.faults, entries: a.entries + b.entries, tables: a.tables + b.tables }
}

/** Steps of all phases. */
export function total({ prepare: before, arm: arming, use, end }: Counts): number {
  return before.steps + arming.steps + use.steps + end.steps
}
