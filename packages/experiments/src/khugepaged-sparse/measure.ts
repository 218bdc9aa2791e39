/**
 * One mapping of which parts are protected, khugepaged passing over it, and what is left of huge pages and of protection.
 * @module
 */
import { createModel } from '@faultline/designs'
import { type Design, UFFDIO_WRITEPROTECT_MODE_WP } from '@faultline/mm-types'
import { ACCESS_BLOCKED, ACCESS_DONE, type Advice, type Range, range, type SyncSession } from '@faultline/program'
import { Truth } from '@faultline/workloads'
import { Dice, HUGE_PAGES, hugeMapped, must, serve, watch } from '../laboratory.ts'

const UFFD = 'monitor'

/** What is protected. */
export interface Pattern {
  readonly name: string
  /** Pages of 4 KiB in a block; blocks are aligned to their size. */
  readonly pages: number
  /** The blocks hold nothing: memory that virtio-mem has taken away from the guest. */
  readonly unplugged: boolean
}

/** Whose memory it is, and over whom khugepaged passes. */
export interface Place {
  readonly name: string
  readonly memory: 'anon' | 'shmem'
  /** A second process maps the same file, unwatched, and khugepaged passes over it too. */
  readonly passesOther: boolean
}

/** One run. */
export interface Case {
  readonly design: Design
  readonly place: Place
  /** 2 MiB ranges of the mapping. */
  readonly ranges: number
  readonly pattern: Pattern
  /** Blocks that are protected, of all there are. */
  readonly blocks: number
  /** The memory is huge before it is protected; otherwise it consists of small pages. */
  readonly startsHuge: boolean
}

/** Counts of 2 MiB ranges, but where it says pages or steps. */
export interface Measured {
  /** In which nothing is protected. */
  readonly free: number
  readonly hugeBefore: number
  readonly hugeProtected: number
  /** After khugepaged's pass, and when each range was looked at. */
  readonly hugeAfter: number
  /** When the pages were written as well. */
  readonly hugeWritten: number
  /** When protection has been taken from all of it, which stays registered, and khugepaged has passed once more. */
  readonly hugeEnded: number
  /** Of the other process; null for anonymous memory. */
  readonly otherAfter: number | null
  /** Steps of the pass. */
  readonly steps: number
  /** Protected pages written afterwards, and those of which no message came. */
  readonly written: number
  readonly lost: number
  /** Messages of pages that were not protected. */
  readonly spurious: number
}

/** All of a region. */
function whole(region: 'A' | 'B', { ranges }: Case): Range {
  return range(region, 0, ranges * HUGE_PAGES)
}

/** Runs a case on a kernel of its own. */
export function measure(one: Case, seed: number): Measured {
  const session = createModel(one.design).open()
  const dice = new Dice(seed)
  const blocks = dice.numbers(one.blocks, (one.ranges * HUGE_PAGES) / one.pattern.pages)
  const huge = () => hugeMapped(session, 'main', whole('A', one))
  const start = mapMemory(session, one)
  const hugeBefore = huge()
  protect(session, one, blocks)
  const hugeProtected = huge()
  const before = session.counters().steps
  pass(session, one)
  const steps = session.counters().steps - before
  const used = rangesOf(blocks, one.pattern)
  look(session, one, start, used)
  const hugeAfter = huge()
  const otherAfter = one.place.memory === 'shmem' ? hugeMapped(session, 'other', whole('B', one)) : null
  const verdict = write(session, one, blocks, start, dice)
  const hugeWritten = huge()
  must(session, { op: 'writeprotect', uffd: UFFD, range: whole('A', one), mode: 0 })
  pass(session, one)
  look(session, one, start, used)
  const hugeEnded = huge()
  session.close()
  return { free: one.ranges - used.size, hugeBefore, hugeProtected, hugeAfter, hugeWritten, hugeEnded, otherAfter, steps, ...verdict }
}

function rangesOf(blocks: readonly number[], { pages }: Pattern): Set<number> {
  const touched = new Set<number>()
  for (const block of blocks) {
    const first = Math.floor((block * pages) / HUGE_PAGES)
    for (let i = 0; i < Math.max(1, pages / HUGE_PAGES); i++) touched.add(first + i)
  }
  return touched
}

/** Maps and fills A, and B in the other process. @returns A's first page */
function mapMemory(session: SyncSession, one: Case): number {
  const { memory } = one.place
  const pages = one.ranges * HUGE_PAGES
  const advise = (advice: Advice) => must(session, { op: 'madvise', range: whole('A', one), advice })
  if (memory === 'shmem') {
    must(session, { op: 'fork', child: 'other' })
    must(session, { op: 'file', file: 'F', pages })
    must(session, { op: 'mmap', process: 'other', region: 'B', pages, memory, file: 'F', prot: 'rw' })
  }
  const { address } = must(session, { op: 'mmap', region: 'A', pages, memory, file: memory === 'shmem' ? 'F' : undefined, prot: 'rw' })
  if (one.startsHuge) advise('hugepage')
  advise('populate_write')
  if (memory === 'shmem') {
    must(session, { op: 'madvise', process: 'other', range: whole('B', one), advice: 'populate_read' })
    if (one.startsHuge) {
      khugepaged(session, 'main', 'A', one.ranges)
      advise('populate_read')
    }
  }
  advise('hugepage')
  return (address as number) / 4096
}

function protect(session: SyncSession, one: Case, blocks: readonly number[]): void {
  const { place, pattern } = one
  const { pages } = pattern
  if (pattern.unplugged) {
    for (const block of blocks) {
      if (place.memory === 'anon') must(session, { op: 'madvise', range: range('A', block * pages, pages), advice: 'dontneed' })
      else must(session, { op: 'fallocate', file: 'F', page: block * pages, pages, punch: true })
    }
  }
  watch(session, 'main', UFFD, whole('A', one))
  for (const block of blocks)
    must(session, { op: 'writeprotect', uffd: UFFD, range: range('A', block * pages, pages), mode: UFFDIO_WRITEPROTECT_MODE_WP })
}

function pass(session: SyncSession, one: Case): void {
  khugepaged(session, 'main', 'A', one.ranges)
  if (one.place.memory === 'shmem' && one.place.passesOther) khugepaged(session, 'other', 'B', one.ranges)
}

/** One range at a time: a daemon goes on where a call would end. */
function khugepaged(session: SyncSession, process: string, region: string, ranges: number): void {
  for (let i = 0; i < ranges; i++) must(session, { op: 'khugepaged', process, range: range(region, i * HUGE_PAGES, HUGE_PAGES) })
}

/** Reads a page of each range: what a collapse has unmapped is mapped again. Ranges that were taken away are left alone. */
function look(session: SyncSession, { place, pattern, ranges }: Case, start: number, used: ReadonlySet<number>): void {
  for (let i = 0; i < ranges; i++) {
    if (pattern.unplugged && used.has(i)) continue
    session.access('main', start + i * HUGE_PAGES, false, 0)
    if (place.memory === 'shmem') must(session, { op: 'read', process: 'other', at: { region: 'B', page: i * HUGE_PAGES, byte: 0 } })
  }
}

/** Writes one page of each protected block and one that is not protected in each range, and judges what the monitor was told. */
function write(
  session: SyncSession,
  { pattern: { pages }, ranges }: Case,
  blocks: readonly number[],
  start: number,
  dice: Dice,
): Pick<Measured, 'written' | 'lost' | 'spurious'> {
  const truth = new Truth(1)
  const isProtected = new Set(blocks)
  for (const block of blocks) truth.arm(start + block * pages, pages, () => 0)
  const targets = blocks.map((block) => block * pages + dice.number(pages))
  for (let i = 0; i < ranges; i++) {
    const page = i * HUGE_PAGES + dice.number(HUGE_PAGES)
    if (!isProtected.has(Math.floor(page / pages))) targets.push(page)
  }
  for (const page of targets) {
    let result = session.access('main', start + page, true, 1)
    if (result === ACCESS_BLOCKED) {
      serve(session, 'main', UFFD, 1, (vpn) => truth.report(vpn, 1))
      result = session.access('main', start + page, true, 1)
    }
    if (result !== ACCESS_DONE) throw new Error(`a write to page ${page} did not end: ${result}`)
    truth.store(start + page)
  }
  truth.judge()
  const { pagesWritten, lost, spurious } = truth.verdict()
  return { written: pagesWritten, lost, spurious }
}
