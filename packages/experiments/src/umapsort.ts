/**
 * Experiment: does a pager in user space notice which design it stands on?
 * @module
 */
import { createModel, hughSwpType, linux57, linux64, linux519, linux618, noPersistence, rfc202101 } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import { replayUffdtrace, type UffdReplayResult, type UnsupportedReplay } from '@faultline/workloads'
import type { Experiment, Setting } from './experiment.ts'
import { type Chart, count, figure, knownOf, listed, type Table, type Value } from './findings.ts'

const STREAMS = ['umapsort-anon-1t', 'umapsort-shmem-2t', 'umapsort-hugetlb-private']
/** Of the region's pages, in one replay. */
const RECLAIMS = 16
/** Where marks live, and how memory that is not there is armed: what differs among these. */
const DESIGNS: readonly Design[] = [linux57, noPersistence, rfc202101, hughSwpType, linux519, linux64, linux618]

type Result = UffdReplayResult | UnsupportedReplay

interface Run {
  readonly stream: string
  readonly design: Design
  readonly calm: Result
  readonly pressed: Result
}

async function runAll(setting: Setting): Promise<Run[]> {
  const runs: Run[] = []
  for (const stream of STREAMS) {
    const trace = await setting.uffdtrace(`uffd/${stream}`)
    for (const design of DESIGNS) {
      setting.progress(runs.length / (STREAMS.length * DESIGNS.length), `${stream} on ${design.name}`)
      const results: Result[] = []
      for (const reclaims of [0, RECLAIMS]) {
        await setting.breathe()
        const session = createModel(design).open()
        try {
          results.push(replayUffdtrace(session, design, trace, undefined, reclaims))
        } finally {
          session.close()
        }
      }
      runs.push({ stream, design, calm: results[0], pressed: results[1] })
    }
  }
  return runs
}

function rowOf({ stream, design, calm, pressed }: Run): Readonly<Record<string, Value>> {
  return {
    stream,
    design: design.name,
    messages: figure(calm, (result) => result.recordedMessages),
    unexplained: figure(calm, (result) => result.unexplained),
    pressed: figure(pressed, (result) => result.unexplained),
    faults: figure(calm, (result) => result.faults.total),
    flushes: figure(calm, (result) => result.tlbFlushes),
    steps: figure(calm, (result) => result.steps),
    perMessage: figure(calm, (result) => Math.round((100 * result.steps) / result.recordedMessages) / 100),
  }
}

/** One row for all designs of a stream whose figures are the same. */
function merged(rows: readonly Readonly<Record<string, Value>>[]): Readonly<Record<string, Value>>[] {
  const byFigures = new Map<string, Record<string, Value>>()
  for (const row of rows) {
    const figures = JSON.stringify({ ...row, design: '' })
    const first = byFigures.get(figures)
    if (first === undefined) byFigures.set(figures, { ...row })
    else first.design = `${first.design}, ${row.design}`
  }
  return [...byFigures.values()]
}

function outcomes(runs: readonly Run[]): Table {
  return {
    title: 'Recorded messages that the design does not send',
    columns: [
      { key: 'stream', head: 'stream' },
      { key: 'design', head: 'designs' },
      { key: 'messages', head: 'messages\nrecorded' },
      { key: 'unexplained', head: 'missing', isFault: true },
      { key: 'pressed', head: 'missing under\nmemory pressure', isFault: true },
      { key: 'faults', head: 'faults' },
      { key: 'flushes', head: 'TLB\nflushes' },
      { key: 'steps', head: 'steps' },
      { key: 'perMessage', head: 'steps a\nmessage' },
    ],
    rows: merged(runs.map(rowOf)),
    note: `Streams: every userfaultfd call and message of UMap's umapsort, recorded on Linux 6.18. Memory pressure: ${RECLAIMS} times, evenly through the stream, the kernel reclaims all pages of the region that are there, and they are read again; hugetlb pages are never reclaimed. A dash: the design cannot register this memory. Faults, flushes and steps are those without pressure; steps of the replay include looking at page states.`,
  }
}

function chart(runs: readonly Run[]): Chart {
  return {
    title: 'Messages missing under memory pressure',
    kind: 'bars',
    x: { key: 'missing', title: 'messages missing' },
    y: { key: 'design', title: 'design', names: DESIGNS.map((design) => design.name) },
    color: { key: 'stream', title: 'stream', names: STREAMS },
    rows: runs.flatMap(({ stream, design, pressed }) =>
      'unsupported' in pressed ? [] : [{ stream, design: design.name, missing: pressed.unexplained }],
    ),
  }
}

function conclude(runs: readonly Run[]): string[] {
  const served = runs.filter((run) => !('unsupported' in run.calm))
  const calm = served.filter(({ calm }) => !('unsupported' in calm) && calm.unexplained > 0)
  const pressed = served.flatMap(({ stream, design, pressed }) =>
    'unsupported' in pressed || pressed.unexplained === 0 ? [] : [`${design.name} (${count(pressed.unexplained)} on ${stream})`],
  )
  const refused = runs.filter((run) => 'unsupported' in run.calm).map(({ stream, design }) => `${design.name} (${stream})`)
  return [
    calm.length === 0
      ? `As recorded, all ${served.length} replays send every message: while the pager alone takes pages away, it does not notice how its marks are kept.`
      : `As recorded, ${calm.length} of ${served.length} replays lack messages.`,
    pressed.length === 0
      ? 'Under memory pressure, too, every message comes.'
      : `Once the kernel takes pages away, messages are missing under ${listed(pressed)}: each is a page the program wrote and the pager would not write back.`,
    ...(refused.length === 0 ? [] : [`Not possible at all: ${listed(refused)}.`]),
    ...STREAMS.map((stream) => costSentence(stream, served)),
  ]
}

function costSentence(stream: string, served: readonly Run[]): string {
  const steps = served.flatMap(({ stream: of, design, calm }) =>
    of !== stream || 'unsupported' in calm ? [] : [{ design, steps: calm.steps }],
  )
  steps.sort((a, b) => a.steps - b.steps)
  const [least, most] = [steps[0], steps[steps.length - 1]]
  if (least.steps === most.steps) return `${stream}: the same ${count(least.steps)} steps under every design that can run it.`
  const excess = Math.round((most.steps / least.steps - 1) * 1000) / 10
  return `${stream}: from ${count(least.steps)} steps (${least.design.name}) to ${count(most.steps)} (${most.design.name}), ${excess} % more.`
}

/** The streams of a real pager, on all designs. */
export const umapsort: Experiment = {
  name: 'umapsort',
  title: 'A pager in user space on every design',
  question: 'Does a pager that write-protects its own pages notice how the kernel keeps the marks, on anon, shmem and hugetlb memory?',
  argument: {
    text:
      'UMap pages files into memory by userfaultfd: missing messages fill pages, write-protect messages mark them dirty, and it evicts pages ' +
      'itself. It was the program that write protection for shmem and hugetlbfs was tried with: sorting with umapsort worked on all three kinds of memory. ' +
      'Left open was whether that shows anything of what happens when the kernel, not the pager, takes a page away.',
    links: [
      {
        title: 'userfaultfd-wp: Support shmem and hugetlbfs, RFC',
        url: 'https://lore.kernel.org/lkml/20210115170907.24498-1-peterx@redhat.com/',
      },
      { title: 'UMap', url: 'https://github.com/LLNL/umap' },
    ],
  },
  async run(setting) {
    const runs = await runAll(setting)
    return { tables: [outcomes(runs)], charts: [chart(runs)], conclusions: conclude(runs), known: knownOf(DESIGNS) }
  },
  proves: [
    'Whether each design sends the messages that Linux 6.18 sent to this pager, in an order that the recorded calls allow.',
    'Whether the same holds when pages are reclaimed in between, which the recording did not have.',
  ],
  doesNotProve: [
    'How long a message takes: steps are counted, not timed.',
    'What UMap itself would do after a missing message; the replay goes on as recorded.',
  ],
}
