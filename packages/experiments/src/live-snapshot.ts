/**
 * Experiment: must memory be populated before a live snapshot?
 * @module
 */
import { linux57, linux64, linux519, oracle, pmdMarker, pudMarker, wpZeropageV1 } from '@faultline/designs'
import { type Design, MADV_HUGEPAGE, MADV_POPULATE_READ } from '@faultline/mm-types'
import type { Memory } from '@faultline/program'
import {
  type Pgfault,
  type Pgtrace,
  type SyntheticStep,
  syntheticTrace,
  type Uffdtrace,
  type UnsupportedResult,
  type WorkloadResult,
} from '@faultline/workloads'
import type { Experiment, Setting } from './experiment.ts'
import { type Chart, count, knownOf, listed, type Table, type Value } from './findings.ts'
import { runWorkload } from './run-workload.ts'

/** A guest of 256 MiB while QEMU took a background snapshot of it: its faults, and QEMU's calls. Both traces are of one run. */
const FAULTS = 'pgfault/qemu-bgsnap-light'
const CALLS = 'uffd/qemu-bgsnap-light'
const GUEST_PAGES = 0x10000
const HUGE_PAGES = 512
/** Where the guest's memory is mapped. */
const START = 0x7f0000000
/** Flags of an x86 page fault: a write to a page that is there. */
const ERROR_PRESENT_WRITE = 3

/** What is done before memory is protected. */
const PREPARATIONS = ['nothing', 'read each page', 'MADV_POPULATE_READ'] as const
type Preparation = (typeof PREPARATIONS)[number]

/** Backing of the guest. */
const BACKINGS = ['anon', 'anon THP', 'shmem'] as const
type Backing = (typeof BACKINGS)[number]

/** Each answer to memory that is not there, with and without help from user space. */
const CASES: readonly { readonly design: Design; readonly prepare: Preparation }[] = [
  ...PREPARATIONS.map((prepare) => ({ design: linux57, prepare })),
  ...PREPARATIONS.map((prepare) => ({ design: linux519, prepare })),
  { design: wpZeropageV1, prepare: 'nothing' },
  { design: linux64, prepare: 'nothing' },
  { design: pmdMarker, prepare: 'nothing' },
  { design: pudMarker, prepare: 'nothing' },
]

/** Pages the copier releases for one entry of the trace, which stands for the time it takes. */
const PAGES_A_TICK = 8

/** When the guest writes: at the recorded points of the copier's walk, or all while it has copied a twentieth (a copier that is held up). */
const PACES = ['as recorded', 'slow copier'] as const
type Pace = (typeof PACES)[number]

/** What the recording says of the guest. */
interface Guest {
  /** Ranges of 2 MiB in which nothing was before QEMU read them, by their first page. */
  readonly holes: ReadonlySet<number>
  /** Pages written during the snapshot, in order. */
  readonly writes: readonly number[]
  /** How many pages the copier had released at each of these writes. */
  readonly released: readonly number[]
}

type Result = WorkloadResult | UnsupportedResult

interface Variant {
  readonly backing: Backing
  readonly prepare: Preparation
  readonly pace: Pace
}

interface Run {
  readonly backing: Backing
  readonly design: Design
  readonly prepare: Preparation
  readonly result: Result
  /** The same with a slow copier. */
  readonly slow: Result
  readonly ideal: WorkloadResult
}

/** QEMU protects right after its last read, which is where the two traces' clocks meet. */
function guestOf(faults: Pgfault, calls: Uffdtrace): Guest {
  const holes = new Set<number>()
  const writes: { readonly page: number; readonly time: number }[] = []
  let time = 0
  let armed = 0
  for (const record of faults.records) {
    time += record.dt
    if (record.kind !== 'fault') continue
    if ((record.errorCode & ERROR_PRESENT_WRITE) === ERROR_PRESENT_WRITE) writes.push({ page: record.page, time })
    else {
      holes.add(record.page - (record.page % HUGE_PAGES))
      armed = time
    }
  }
  const protectedAt = calls.records.find((record) => record.kind === 'P')?.time ?? 0
  const releases = calls.records.filter((record) => record.kind === 'N').map((record) => record.time - protectedAt)
  const released = writes.map(({ time }) => releases.filter((at) => at <= time - armed).length)
  return { holes, writes: writes.map(({ page }) => page), released }
}

/** What the guest does, and how far the copier is, during the snapshot. A tick reads a page that is there. */
function writesAndTicks(guest: Guest, pace: Pace): SyntheticStep[] {
  const idle: SyntheticStep = { do: 'touch', start: START, pages: 1, writes: 0 }
  const steps: SyntheticStep[] = []
  let ticks = 0
  for (const [i, page] of guest.writes.entries()) {
    const due = pace === 'slow copier' ? 0 : Math.floor(guest.released[i] / PAGES_A_TICK)
    for (; ticks < due; ticks++) steps.push(idle)
    steps.push({ do: 'touch', start: START + page, pages: 1 })
  }
  for (; ticks < GUEST_PAGES / PAGES_A_TICK; ticks++) steps.push(idle)
  return steps
}

/** The guest from its start to the end of the snapshot, and the share of it at which the snapshot begins. */
function guestTrace(guest: Guest, { backing, prepare, pace }: Variant, seed: number): { trace: Pgtrace; start: number } {
  const all = { start: START, pages: GUEST_PAGES }
  const before: SyntheticStep[] = [{ do: 'map', ...all }]
  if (backing === 'anon THP') before.push({ do: 'advise', ...all, advice: MADV_HUGEPAGE })
  for (let page = 0; page < GUEST_PAGES; page += HUGE_PAGES) {
    if (!guest.holes.has(page)) before.push({ do: 'touch', start: START + page, pages: HUGE_PAGES })
  }
  if (prepare === 'read each page') before.push({ do: 'touch', ...all, writes: 0 })
  if (prepare === 'MADV_POPULATE_READ') before.push({ do: 'advise', ...all, advice: MADV_POPULATE_READ })
  const during = writesAndTicks(guest, pace)
  const trace = syntheticTrace({ name: 'guest', seed, steps: [...before, ...during] })
  return { trace, start: (trace.length - during.length + 0.5) / trace.length }
}

function memoryOf(backing: Backing): Memory {
  return backing === 'shmem' ? 'shmem' : 'anon'
}

function snapshot(guest: Guest, variant: Variant, design: Design, seed: number): Result {
  const { trace, start } = guestTrace(guest, variant, seed)
  const options = { memory: memoryOf(variant.backing), seed, start, span: 1, reclaim: 0, unmap: 0, khugepaged: 0 }
  return runWorkload('live-snapshot', design, trace, options)
}

async function runAll(setting: Setting): Promise<Run[]> {
  const guest = guestOf(await setting.pgfault(FAULTS), await setting.uffdtrace(CALLS))
  const { seed } = setting
  const runs: Run[] = []
  for (const backing of BACKINGS) {
    const ideal = snapshot(guest, { backing, prepare: 'nothing', pace: 'as recorded' }, oracle, seed)
    if ('unsupported' in ideal) throw new Error(`the oracle cannot run this: ${ideal.unsupported}`)
    for (const { design, prepare } of CASES) {
      setting.progress(runs.length / (BACKINGS.length * CASES.length), `${design.name} on ${backing}, ${prepare} first`)
      await setting.breathe()
      const [result, slow] = PACES.map((pace) => snapshot(guest, { backing, prepare, pace }, design, seed))
      runs.push({ backing, design, prepare, result, slow, ideal })
    }
  }
  return runs
}

/** Copies of a page that was not there when it was protected, and that show what was written later. */
function rubbish(result: Result): number {
  if ('unsupported' in result) return 0
  return Object.entries(result.lostByCause).reduce((sum, [cause, lost]) => (cause.includes('unpopulated') ? sum + lost : sum), 0)
}

function otherWrong(result: Result): number {
  return 'unsupported' in result ? 0 : result.lost - rubbish(result)
}

function beyond(run: Run): number | null {
  return 'unsupported' in run.result ? null : run.result.steps - run.ideal.steps
}

function table(runs: readonly Run[]): Table {
  return {
    title: 'A snapshot of a guest of 256 MiB while it writes',
    columns: [
      { key: 'memory', head: 'guest memory' },
      { key: 'design', head: 'design' },
      { key: 'prepare', head: 'done first' },
      { key: 'rubbish', head: 'holes with\nrubbish', isFault: true },
      { key: 'slow', head: 'the same,\nslow copier', isFault: true },
      { key: 'lost', head: 'other pages\nwrong', isFault: true },
      { key: 'before', head: 'copied\nbefore a write' },
      { key: 'messages', head: 'messages' },
      { key: 'faults', head: 'faults' },
      { key: 'tables', head: 'tables\nKiB' },
      { key: 'beyond', head: 'steps beyond\nthe oracle’s' },
    ],
    rows: runs.map((run): Record<string, Value> => {
      const { backing, design, prepare, result, slow } = run
      const base = { memory: backing, design: design.name, prepare }
      if ('unsupported' in result)
        return { ...base, rubbish: null, slow: null, lost: null, before: null, messages: null, faults: null, tables: null, beyond: null }
      return {
        ...base,
        rubbish: rubbish(result),
        slow: rubbish(slow),
        lost: otherWrong(result) + otherWrong(slow),
        before: result.copiedBeforeWrite ?? 0,
        messages: result.messages,
        faults: result.faults.total,
        tables: result.pageTableBytes / 1024,
        beyond: beyond(run),
      }
    }),
    note: 'Which ranges were empty, and which pages were written at which point of the copier’s walk, is as recorded in QEMU; the slow copier has copied a twentieth when the last write comes. Costs are those of the recorded walk. A hole with rubbish: a page that was not there when memory was protected, and whose copy shows what was written later instead of zeros. A dash: this memory cannot be protected.',
  }
}

function chart(runs: readonly Run[]): Chart {
  const label = ({ design, prepare }: Run) => (prepare === 'nothing' ? design.name : `${design.name}, ${prepare}`)
  return {
    title: 'Steps beyond the oracle’s',
    kind: 'bars',
    x: { key: 'steps', title: 'steps' },
    y: { key: 'case', title: 'case', names: [...new Set(runs.map(label))] },
    facet: { key: 'memory', title: 'guest memory', names: BACKINGS },
    rows: runs.flatMap((run) =>
      beyond(run) === null ? [] : [{ case: label(run), memory: run.backing, steps: Math.max(0, beyond(run) ?? 0) }],
    ),
  }
}

function conclude(runs: readonly Run[]): string[] {
  const served = runs.filter((run) => !('unsupported' in run.result)) as readonly (Run & { readonly result: WorkloadResult })[]
  const wrong = (run: Run) => rubbish(run.result) + rubbish(run.slow) + otherWrong(run.result) + otherWrong(run.slow) > 0
  const now = served.filter((run) => rubbish(run.result) > 0)
  const late = served.filter((run) => rubbish(run.slow) > 0)
  const name = ({ design, backing, prepare }: Run) => `${design.name} on ${backing}${prepare === 'nothing' ? '' : ` after ${prepare}`}`
  return [
    now.length === 0
      ? 'At the recorded pace no snapshot holds rubbish: this guest wrote into what had been empty only after the copier had passed.'
      : `At the recorded pace holes hold rubbish under ${listed(now.map((run) => `${name(run)} (${count(rubbish(run.result))})`))}.`,
    late.length === 0
      ? 'With a slow copier none does either.'
      : `With a slow copier, holes hold rubbish under ${listed(late.map((run) => `${name(run)} (${count(rubbish(run.slow))})`))}; in the other ${served.length - late.length} snapshots every page is as it was.`,
    ...BACKINGS.map((backing) =>
      cheapest(
        backing,
        served.filter((run) => run.backing === backing && !wrong(run)),
      ),
    ),
  ]
}

function cheapest(backing: Backing, right: readonly Run[]): string {
  const ordered = [...right].sort((a, b) => (beyond(a) ?? 0) - (beyond(b) ?? 0))
  const say = (run: Run) => `${run.design.name}${run.prepare === 'nothing' ? '' : ` after ${run.prepare}`} (${count(beyond(run) ?? 0)})`
  return `Of the right snapshots on ${backing}, the fewest steps beyond the oracle's are those of ${say(ordered[0])}, the most those of ${say(ordered[ordered.length - 1])}.`
}

/** Seeds 0 and 1: QEMU's background snapshot. */
export const liveSnapshot: Experiment = {
  name: 'live-snapshot',
  title: 'A live snapshot of memory that is not there yet',
  question: 'Must a virtual machine’s memory be populated before it is write-protected, and what does each way of doing without cost?',
  argument: {
    text:
      'Before Linux 6.4, UFFDIO_WRITEPROTECT passed over anonymous pages that were not there; a guest that wrote one during a background ' +
      'snapshot had the new content saved in place of zeros. QEMU therefore reads all memory first. WP_ZEROPAGE, then WP_UNPOPULATED were to ' +
      'make that unnecessary; David Hildenbrand asked why the knowledge that nothing is there should need page tables at all.',
    links: [
      { title: 'mm/uffd: UFFD_FEATURE_WP_ZEROPAGE', url: 'https://lore.kernel.org/linux-mm/20230215210257.224243-1-peterx@redhat.com/' },
    ],
  },
  async run(setting) {
    const runs = await runAll(setting)
    const took = [...new Map(CASES.map(({ design }) => [design.name, design])).values(), oracle]
    return { tables: [table(runs)], charts: [chart(runs)], conclusions: conclude(runs), known: knownOf(took) }
  },
  proves: [
    'Which designs save wrong content for this guest, whose empty ranges and writes were recorded, and in how many pages.',
    'How many steps each way takes for it, preparation included.',
  ],
  doesNotProve: [
    'Time: a step is a count of work. What a guest pauses for, and what a message costs a busy monitor, is not in it.',
    'Other guests: this one was nearly idle. Which pages had been written before the snapshot was not recorded; all but the empty ranges are taken to have been.',
  ],
}
