/**
 * Many processes that map one hugetlb file, some of which track their own writes.
 * @module
 */
import { createModel } from '@faultline/designs'
import {
  type Design,
  PAGE_IS_WRITTEN,
  PM_SCAN_CHECK_WPASYNC,
  PM_SCAN_WP_MATCHING,
  UFFD_FEATURE_WP_ASYNC,
  UFFDIO_WRITEPROTECT_MODE_WP,
} from '@faultline/mm-types'
import { ACCESS_BLOCKED, ACCESS_DONE, ACCESS_STUCK, range, type SyncSession } from '@faultline/program'
import { Truth } from '@faultline/workloads'
import { Dice, HUGE_PAGES, must, serve, watch } from '../laboratory.ts'

/** Huge pages of 2 MiB in a GiB: what one table of pmds maps. */
const PER_GIB = 512
const TABLE_BYTES = 4096
/** Messages answered for one write before it counts as stuck. */
const MOST_ANSWERS = 6

/** One run. */
export interface Case {
  readonly design: Design
  readonly processes: number
  /** How many of them track their writes. */
  readonly tracking: number
  /** How: a message for each first write, or a scan in the end. */
  readonly tracker: 'messages' | 'scan'
  /** Length of the mapping. */
  readonly gibs: number
  /** Huge pages in use of each GiB; the others are holes. */
  readonly used: number
}

/** What came out; pages are huge pages. */
export interface Measured {
  /** Bytes of all page tables there are, when all processes have read all pages. */
  readonly tableBytes: number
  /** The same when the trackers have registered and everybody has written. */
  readonly tableBytesTracked: number
  /** What VmPTE and VmPMD of all processes say then, who each count a shared table as theirs. */
  readonly chargedBytes: number
  /** Faults until all had read all. */
  readonly faultsToRead: number
  /** Faults from there on. */
  readonly faultsTracked: number
  /** Protected pages that a tracking process wrote. */
  readonly written: number
  /** Of those, not reported to its tracker. */
  readonly lost: number
  /** Pages reported to a tracker that its process had not protected, or not written. */
  readonly wrong: number
  /** Writes that never end. */
  readonly stuck: number
}

interface Process {
  readonly name: string
  /** Null when it does not track. */
  readonly truth: Truth | null
}

/** Runs a case on a kernel of its own. */
export function measure(one: Case, seed: number): Measured {
  const session = createModel(one.design).open()
  const dice = new Dice(seed)
  const first = mapFile(session, one)
  const processes = startProcesses(session, one)
  const pages = usedPages(one, dice).map((page) => first + page * HUGE_PAGES)
  for (const { name } of processes) for (const vpn of pages) session.access(name, vpn, false, 0)
  const { tables } = session.composed.kernel.machine
  const tableBytes = tables.nrTables() * TABLE_BYTES
  const faultsToRead = session.counters().faults
  for (const process of processes) if (process.truth !== null) track(session, one, process, process.truth, pages, dice)
  const stuck = write(session, processes, pages, dice)
  if (one.tracker === 'scan') for (const { name, truth } of processes) if (truth !== null) scan(session, one, name, truth)
  const tableBytesTracked = tables.nrTables() * TABLE_BYTES
  const chargedBytes = processes.reduce((sum, { name }) => sum + session.tableBytes(name), 0)
  const faultsTracked = session.counters().faults - faultsToRead
  session.close()
  return { tableBytes, tableBytesTracked, chargedBytes, faultsToRead, faultsTracked, stuck, ...verdict(processes) }
}

/** Maps the file in the first process. @returns the first page of 4 KiB */
function mapFile(session: SyncSession, { gibs }: Case): number {
  const pages = gibs * PER_GIB
  must(session, { op: 'file', file: 'F', pages, hugeShift: 21 })
  const { address } = must(session, { op: 'mmap', region: 'A', pages, memory: 'hugetlb', file: 'F', prot: 'rw', noreserve: true })
  return (address as number) / 4096
}

/** The first process and its children, who inherit the mapping at the same address, where tables can be shared. */
function startProcesses(session: SyncSession, { processes, tracking }: Case): Process[] {
  return Array.from({ length: processes }, (_, i) => {
    const name = i === 0 ? 'main' : `p${i}`
    if (i > 0) must(session, { op: 'fork', child: name })
    return { name, truth: i < tracking ? new Truth(HUGE_PAGES) : null }
  })
}

/** Huge pages of the file that are in use. */
function usedPages({ gibs, used }: Case, dice: Dice): number[] {
  return Array.from({ length: gibs }, (_, gib) => dice.numbers(used, PER_GIB).map((page) => gib * PER_GIB + page)).flat()
}

/** One half of the pages, picked for each process anew, is protected; with a scan all are. */
function track(session: SyncSession, { gibs, tracker }: Case, { name }: Process, truth: Truth, pages: readonly number[], dice: Dice): void {
  const uffd = `of-${name}`
  const mapping = range('A', 0, gibs * PER_GIB)
  const isScan = tracker === 'scan'
  watch(session, name, uffd, mapping, isScan ? UFFD_FEATURE_WP_ASYNC : 0)
  const armed = isScan ? pages : dice.numbers(pages.length / 2, pages.length).map((i) => pages[i])
  for (const vpn of armed) {
    must(session, { op: 'writeprotect', process: name, uffd, range: range('@', vpn, HUGE_PAGES), mode: UFFDIO_WRITEPROTECT_MODE_WP })
    truth.arm(vpn, HUGE_PAGES, () => 0)
  }
}

/** Each process writes one half of the pages, in turns. @returns writes that do not end */
function write(session: SyncSession, processes: readonly Process[], pages: readonly number[], dice: Dice): number {
  const plans = processes.map(() => dice.numbers(pages.length / 2, pages.length))
  let stuck = 0
  for (let turn = 0; turn < pages.length / 2; turn++) {
    for (const [i, { name, truth }] of processes.entries()) {
      const vpn = pages[plans[i][turn]]
      const report = (page: number) => truth?.report(page, HUGE_PAGES)
      let result = session.access(name, vpn, true, i + 1)
      for (let tries = 0; result === ACCESS_BLOCKED && tries < MOST_ANSWERS; tries++) {
        serve(session, name, `of-${name}`, HUGE_PAGES, report)
        result = session.access(name, vpn, true, i + 1)
      }
      if (result === ACCESS_DONE) truth?.store(vpn)
      else if (result === ACCESS_STUCK || result === ACCESS_BLOCKED) stuck++
      else throw new Error(`a write of ${name} ended with ${result}`)
    }
  }
  return stuck
}

function scan(session: SyncSession, { gibs }: Case, process: string, truth: Truth): void {
  const { regions } = must(session, {
    op: 'scan',
    process,
    range: range('A', 0, gibs * PER_GIB),
    flags: PM_SCAN_WP_MATCHING | PM_SCAN_CHECK_WPASYNC,
    inverted: 0,
    mask: PAGE_IS_WRITTEN,
    anyof: 0,
    returned: PAGE_IS_WRITTEN,
    maxPages: 0,
    vecLen: gibs * PER_GIB,
  })
  for (const { start, end } of regions ?? []) truth.report(start / 4096, (end - start) / 4096)
}

function verdict(processes: readonly Process[]): Pick<Measured, 'written' | 'lost' | 'wrong'> {
  let [written, lost, wrong] = [0, 0, 0]
  for (const { truth } of processes) {
    if (truth === null) continue
    truth.judge()
    const judged = truth.verdict()
    written += judged.pagesWritten
    lost += judged.lost
    wrong += judged.spurious
  }
  return { written, lost, wrong }
}
