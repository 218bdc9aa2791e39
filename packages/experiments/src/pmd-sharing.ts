/**
 * Experiment: may processes that map one hugetlb file share its page tables when some of them track their writes?
 * @module
 */
import { linux618, sharedTables, sharedTablesUntilProtected, unsharedTables } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import type { Experiment, Setting } from './experiment.ts'
import { type Chart, count, knownOf, listed, type Table, type Value } from './findings.ts'
import { type Case, type Measured, measure } from './pmd-sharing/measure.ts'

/** The last two are negative controls. */
const DESIGNS: readonly Design[] = [unsharedTables, linux618, sharedTables, sharedTablesUntilProtected]
const PROCESSES = [2, 4, 8, 16, 32, 64]
const MOST = PROCESSES[PROCESSES.length - 1]
/** Number of processes in the table of reports. */
const SEVERAL = 16
const TRACKERS = ['messages', 'scan'] as const
const GIBS = 4
/** Huge pages in use of each GiB. */
const USED = 8

/** How many of the processes track. */
interface Share {
  readonly name: string
  readonly of: (processes: number) => number
}

const NOBODY: Share = { name: 'nobody', of: () => 0 }
const ONE: Share = { name: 'one', of: () => 1 }
const ALL: Share = { name: 'all', of: (processes) => processes }
const SHARES: readonly Share[] = [NOBODY, ONE, { name: 'half', of: (processes) => processes / 2 }, ALL]

interface Run {
  readonly one: Case
  readonly share: Share
  readonly found: Measured
}

async function runAll(setting: Setting): Promise<Run[]> {
  const cases = TRACKERS.flatMap((tracker) =>
    (tracker === 'messages' ? PROCESSES : [SEVERAL]).flatMap((processes) =>
      SHARES.flatMap((share) =>
        DESIGNS.map((design) => ({
          share,
          one: { design, processes, tracking: share.of(processes), tracker, gibs: GIBS, used: USED },
        })),
      ),
    ),
  )
  const runs: Run[] = []
  for (const { one, share } of cases) {
    setting.progress(runs.length / cases.length, `${one.processes} processes, ${share.name} tracking by ${one.tracker}: ${one.design.name}`)
    await setting.breathe()
    runs.push({ one, share, found: measure(one, setting.seed) })
  }
  return runs
}

function kib(bytes: number): number {
  return bytes / 1024
}

function bytesTable(runs: readonly Run[]): Table {
  const byMessages = runs.filter(({ one }) => one.tracker === 'messages')
  return {
    title: `Page tables of all processes (KiB), each mapping the same ${GIBS} GiB`,
    columns: [
      { key: 'tracking', head: 'tracking' },
      { key: 'processes', head: 'processes' },
      ...DESIGNS.map(({ name }) => ({ key: name, head: name })),
      { key: 'charged', head: `sum of VmPTE,\n${linux618.name}` },
    ],
    rows: SHARES.flatMap((share) =>
      PROCESSES.map((processes) => {
        const those = byMessages.filter((run) => run.share === share && run.one.processes === processes)
        const linux = those.find(({ one }) => one.design === linux618)!
        return {
          tracking: share.name,
          processes,
          ...Object.fromEntries(those.map(({ one, found }) => [one.design.name, kib(found.tableBytesTracked)])),
          charged: kib(linux.found.chargedBytes),
        }
      }),
    ),
    note: `When everybody has read and written. Every table counts once, whoever shares it; the topmost table of each process is not among them, and hugetlb of 2 MiB has none of ptes. VmPTE is what /proc tells of a process: a shared table is counted in each.`,
  }
}

function reportTable(runs: readonly Run[]): Table {
  const those = runs.filter(({ one }) => one.processes === SEVERAL)
  return {
    title: `${SEVERAL} processes, each of which writes one half of the pages`,
    columns: [
      { key: 'tracker', head: 'tracked by' },
      { key: 'tracking', head: 'tracking' },
      { key: 'design', head: 'design' },
      { key: 'read', head: 'faults until\nall have read' },
      { key: 'later', head: 'faults from\nthere on' },
      { key: 'written', head: 'protected\npages written' },
      { key: 'lost', head: 'lost', isFault: true },
      { key: 'wrong', head: 'wrong\nreports', isFault: true },
      { key: 'stuck', head: 'writes that\nnever end', isFault: true },
    ],
    rows: those.map(({ one, share, found }) => ({
      tracker: one.tracker,
      tracking: share.name,
      design: one.design.name,
      read: found.faultsToRead,
      later: laterFaults(found),
      written: found.written,
      lost: found.lost,
      wrong: found.wrong,
      stuck: found.stuck,
    })),
    note: 'With messages each tracker protects one half of the pages, with a scan all. Lost: a process wrote a page that it had protected, and its tracker was not told. Wrong: a tracker was told of a page that its process had not protected, or not written. A dash: the faults of a write that never ends cannot be counted.',
  }
}

function laterFaults({ stuck, faultsTracked }: Measured): Value {
  return stuck > 0 ? null : faultsTracked
}

function bytesChart(runs: readonly Run[]): Chart {
  return {
    title: 'Page tables by the number of processes',
    kind: 'lines',
    x: { key: 'processes', title: 'processes', log: true },
    y: { key: 'kib', title: 'page tables (KiB)', log: true },
    color: { key: 'design', title: 'design', names: DESIGNS.map(({ name }) => name) },
    facet: { key: 'tracking', title: 'tracking', names: SHARES.map(({ name }) => name) },
    rows: runs
      .filter(({ one }) => one.tracker === 'messages')
      .map(({ one, share, found }) => ({
        processes: one.processes,
        kib: kib(found.tableBytesTracked),
        design: one.design.name,
        tracking: share.name,
      })),
  }
}

function faultChart(runs: readonly Run[]): Chart {
  const kinds = [
    { key: 'lost', title: 'lost' },
    { key: 'wrong', title: 'wrong reports' },
    { key: 'stuck', title: 'writes that never end' },
  ] as const
  return {
    title: 'What goes wrong, in all runs',
    kind: 'bars',
    x: { key: 'value', title: 'pages or writes' },
    y: { key: 'design', title: 'design', names: DESIGNS.map(({ name }) => name) },
    color: { key: 'what', title: 'what', names: kinds.map(({ title }) => title) },
    rows: DESIGNS.flatMap((design) =>
      kinds.map(({ key, title }) => ({ design: design.name, what: title, value: sum(ofDesign(runs, design), key) })),
    ),
  }
}

function ofDesign(runs: readonly Run[], design: Design): Run[] {
  return runs.filter(({ one }) => one.design === design)
}

function sum(runs: readonly Run[], key: keyof Measured): number {
  return runs.reduce((total, { found }) => total + found[key], 0)
}

function percent(part: number, whole: number): string {
  return `${Number(((part / whole) * 100).toPrecision(2))} %`
}

function conclude(runs: readonly Run[]): string[] {
  const at = (design: Design, share: Share, processes = MOST) =>
    runs.find(
      (run) => run.one.design === design && run.share === share && run.one.processes === processes && run.one.tracker === 'messages',
    )!.found
  const bytes = (design: Design, share: Share) => at(design, share).tableBytesTracked
  const forbidden = bytes(unsharedTables, NOBODY)
  const saved = (share: Share) => bytes(unsharedTables, share) - bytes(linux618, share)
  const perProcess = (at(unsharedTables, NOBODY).tableBytes - at(unsharedTables, NOBODY, MOST / 2).tableBytes) / (MOST / 2) / GIBS
  const sharing = (at(linux618, NOBODY).tableBytes - at(linux618, NOBODY, MOST / 2).tableBytes) / (MOST / 2) / GIBS
  return [
    `Nobody tracks, ${MOST} processes: sharing saves ${count(kib(saved(NOBODY)))} of ${count(kib(forbidden))} KiB of tables (${percent(saved(NOBODY), forbidden)}) and ${count(at(unsharedTables, NOBODY).faultsToRead - at(linux618, NOBODY).faultsToRead)} of ${count(at(unsharedTables, NOBODY).faultsToRead)} faults. ` +
      `A further process costs ${count(perProcess)} bytes for each GiB that it maps where nothing is shared, and ${count(sharing)} where tables are: its own upper table, which stands for all its ${GIBS} GiB.`,
    `Under ${linux618.name}, of the ${count(kib(saved(NOBODY)))} KiB saved ${listed(SHARES.slice(1).map((share) => `${count(kib(saved(share)))} are left when ${share.name} of the ${MOST} ${share === ONE ? 'tracks' : 'track'}`))}. ` +
      `Registering drops what was shared: when all track, ${count(at(linux618, ALL).faultsTracked)} faults follow, and ${count(at(unsharedTables, ALL).faultsTracked)} where nothing was shared.`,
    ...[sharedTables, sharedTablesUntilProtected].map((design) => controlSentence(runs, design)),
    ...[unsharedTables, linux618].map((design) => rightSentence(runs, design)),
  ]
}

function controlSentence(runs: readonly Run[], design: Design): string {
  const those = ofDesign(runs, design)
  return `Negative control ${design.name}: of ${count(sum(those, 'written'))} protected pages that were written ${count(sum(those, 'lost'))} are lost, ${count(sum(those, 'wrong'))} reports are wrong, and ${count(sum(those, 'stuck'))} writes never end.`
}

function rightSentence(runs: readonly Run[], design: Design): string {
  const those = ofDesign(runs, design)
  return `${design.name} loses ${count(sum(those, 'lost'))} of ${count(sum(those, 'written'))} protected pages that were written, and there are ${count(sum(those, 'wrong'))} wrong reports and ${count(sum(those, 'stuck'))} writes that never end.`
}

/** Of seed 4: hugetlb under write-protection. */
export const pmdSharing: Experiment = {
  name: 'pmd-sharing',
  title: 'Shared hugetlb page tables under watch',
  question:
    'What is saved when processes that map one hugetlb file share its page tables, and what goes wrong when some of them are watched?',
  argument: {
    text:
      'Shared mappings of a hugetlb file share their tables of pmds, one for each GiB. A bit that one process sets there is set for all. ' +
      'Peter Xu’s series of early 2021 therefore forbids the sharing under write-protection (later under minor faults too) and ends it at ' +
      'registration: otherwise new mappings would be protected that nobody protected, or a call that protects would let go of the shared ' +
      'table and silently protect nothing. Databases with hundreds of processes on one file are what sharing was made for.',
    links: [
      {
        title: 'hugetlb/userfaultfd: forbid huge pmd sharing when uffd enabled',
        url: 'https://lore.kernel.org/all/20210218231202.15426-1-peterx@redhat.com/',
      },
    ],
  },
  async run(setting) {
    const runs = await runAll(setting)
    return {
      tables: [bytesTable(runs), reportTable(runs)],
      charts: [bytesChart(runs), faultChart(runs)],
      conclusions: conclude(runs),
      known: knownOf(DESIGNS),
    }
  },
  proves: [
    'How many tables there are under each rule, which does not depend on what the processes do.',
    'That both ways of leaving tables shared under watch lose writes or misreport them, and that neither of the two rules that forbid it does.',
  ],
  doesNotProve: [
    'Table bytes of a real kernel: that tables are shared, and no longer when one registers, was seen on Linux 6.1 and 6.12 (packages/designs/src/pmd-sharing.test.ts); their number is the model’s.',
    'How often a program would meet the failures of the negative controls: pages and writes are picked at random, evenly.',
    'What sharing saves in time: caches hold one shared table better than many, which steps do not show.',
    'Anything about the designs that no kernel has on a real machine; their rows are of the model only.',
  ],
}
