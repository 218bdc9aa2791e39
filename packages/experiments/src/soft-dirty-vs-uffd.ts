/**
 * Experiment: which of the trackers tells of the pages that were written, and of no others, whatever happens to the mapping?
 * @module
 */
import type { Memory } from '@faultline/program'
import type { UnsupportedResult, WorkloadResult } from '@faultline/workloads'
import type { Experiment, Setting } from './experiment.ts'
import { type Chart, count, figure, knownOf, listed, type Table } from './findings.ts'
import { COMPARED, track } from './trackers/compared.ts'
import { applies, DISTURBANCES, type Disturbance, disturbedProgram, EPOCHS } from './trackers/disturbances.ts'

const MEMORY: readonly Memory[] = ['anon', 'shmem', 'shmem-private', 'hugetlb', 'hugetlb-private']
const VERDICTS = ['exact', 'spurious', 'loses', 'loses and spurious', 'cannot']

interface Run {
  readonly memory: Memory
  readonly disturbance: Disturbance
  /** One a tracker, in the order of `COMPARED`. */
  readonly results: readonly (WorkloadResult | UnsupportedResult)[]
}

async function runAll(setting: Setting): Promise<Run[]> {
  const runs: Run[] = []
  const pairs = MEMORY.flatMap((memory) =>
    DISTURBANCES.filter((each) => applies(each, memory)).map((disturbance) => ({ memory, disturbance })),
  )
  for (const { memory, disturbance } of pairs) {
    setting.progress(runs.length / pairs.length, `${disturbance.name} on ${memory}`)
    await setting.breathe()
    const trace = disturbedProgram(disturbance, memory, setting.seed)
    const options = { ...disturbance.options, memory, seed: setting.seed }
    runs.push({ memory, disturbance, results: COMPARED.map(({ design }) => track(design, trace, options).result) })
  }
  return runs
}

function verdict(result: WorkloadResult | UnsupportedResult): string {
  if ('unsupported' in result) return 'cannot'
  if (result.lost > 0) return result.spurious > 0 ? 'loses and spurious' : 'loses'
  return result.spurious > 0 ? 'spurious' : 'exact'
}

function outcomes(runs: readonly Run[]): Table {
  return {
    title: 'Lost writes and spurious reports by disturbance, memory and tracker',
    columns: [
      { key: 'memory', head: 'memory' },
      { key: 'disturbance', head: 'in the middle of each epoch' },
      { key: 'written', head: 'pages\nwritten' },
      ...COMPARED.flatMap(({ label }) => [
        { key: `${label} lost`, head: `${label}\nlost`, isFault: true },
        { key: `${label} spurious`, head: `${label}\nspurious`, isFault: true },
      ]),
    ],
    rows: runs.map(({ memory, disturbance, results }) => ({
      memory,
      disturbance: disturbance.name,
      written: figure(results.find((result) => !('unsupported' in result)) ?? results[0], (result) => result.pagesWritten),
      ...Object.fromEntries(
        COMPARED.flatMap(({ label }, i) => [
          [`${label} lost`, figure(results[i], (result) => result.lost)],
          [`${label} spurious`, figure(results[i], (result) => result.spurious)],
        ]),
      ),
    })),
    note: `A heap of 1,024 pages (32 of hugetlb) is filled in one epoch; in each of ${EPOCHS} more an eighth of it is written at random, the disturbance comes, and an eighth is written again. Pages of the memory’s own size, summed over the epochs. A dash: the tracker refuses this memory, or ends.`,
  }
}

function verdictChart(runs: readonly Run[]): Chart {
  return {
    title: 'Exact, too much, or too little',
    kind: 'heat',
    x: { key: 'tracker', title: 'tracker', names: COMPARED.map(({ label }) => label) },
    y: { key: 'disturbance', title: 'disturbance', names: DISTURBANCES.map(({ name }) => name) },
    color: { key: 'verdict', title: 'reports', names: VERDICTS },
    facet: { key: 'memory', title: 'memory', names: MEMORY },
    rows: runs.flatMap(({ memory, disturbance, results }) =>
      results.map((result, i) => ({ memory, disturbance: disturbance.name, tracker: COMPARED[i].label, verdict: verdict(result) })),
    ),
  }
}

function tally(runs: readonly Run[], i: number): string {
  const verdicts = runs.map(({ results }) => verdict(results[i]))
  const parts = VERDICTS.map((name) => [name, verdicts.filter((each) => each === name).length] as const).filter(([, n]) => n > 0)
  return `${COMPARED[i].label}: ${listed(parts.map(([name, n]) => `${name === 'cannot' ? 'unable' : name} in ${n}`))} of ${runs.length} combinations.`
}

/** `name (figure on anon, figure on shmem)` for each disturbance with a figure above 0. */
function told(runs: readonly Run[], i: number, of: (result: WorkloadResult) => number): string[] {
  const byName = new Map<string, string[]>()
  for (const { memory, disturbance, results } of runs) {
    const value = Number(figure(results[i], of) ?? 0)
    if (value > 0) byName.set(disturbance.name, [...(byName.get(disturbance.name) ?? []), `${count(value)} on ${memory}`])
  }
  return [...byName].map(([name, parts]) => `${name} (${parts.join(', ')})`)
}

function conclude(runs: readonly Run[]): string[] {
  const huge = runs.filter(({ memory }) => memory.startsWith('hugetlb'))
  const small = runs.filter((run) => !huge.includes(run))
  const sum = (some: readonly Run[], of: (result: WorkloadResult) => number) =>
    some.reduce((total, { results }) => total + Number(figure(results[0], of) ?? 0), 0)
  const spurious = told(small, 0, (result) => result.spurious)
  const lost = told(small, 0, (result) => result.lost)
  const conclusions = [
    ...COMPARED.map((_, i) => tally(runs, i)),
    `Soft-dirty reports pages that nobody wrote after: ${spurious.join('; ') || 'nothing tried here'}.`,
    `Soft-dirty loses writes to 4 KiB pages after: ${lost.join('; ') || 'nothing tried here'}.`,
    `Of ${count(sum(huge, (result) => result.pagesWritten))} writes to hugetlb pages soft-dirty loses ${count(sum(huge, (result) => result.lost))}, and the others are those to mappings that were new: no call fails, but no entry has the bit.`,
  ]
  for (const [i, { label }] of COMPARED.entries()) {
    const losses = i === 0 ? [] : told(runs, i, (result) => result.lost)
    if (losses.length > 0) conclusions.push(`The tracker by ${label} loses writes after: ${losses.join('; ')}.`)
  }
  return conclusions
}

/** What users of soft-dirty ask before they change to userfaultfd, and back. */
export const softDirtyVsUffd: Experiment = {
  name: 'soft-dirty-vs-uffd',
  title: 'Soft-dirty or userfaultfd?',
  question:
    'Which tracker tells of the pages that were written and of no others when mappings are merged, moved, zapped, forked and swapped?',
  argument: {
    text:
      'Soft-dirty bits came with Linux 3.11 for CRIU. New mappings are dirty as a whole (VM_SOFTDIRTY), and so is what they merge with; Wine’s ' +
      'GetWriteWatch could not live with pages that nobody wrote, and attempts to correct soft-dirty ended in WP_ASYNC and PAGEMAP_SCAN of Linux ' +
      '6.7, whose documentation says that merges do not affect PAGE_IS_WRITTEN. CRIU and garbage collectors ask what they would gain and lose.',
    links: [
      { title: 'CRIU: Use the PAGEMAP_SCAN ioctl when it is available', url: 'https://github.com/checkpoint-restore/criu/pull/2292' },
      { title: 'CRIU: Issue in soft dirty track', url: 'https://github.com/checkpoint-restore/criu/issues/1640' },
      { title: 'bdwgc: Inconsistent soft-dirty against mprotect dirty bits', url: 'https://github.com/bdwgc/bdwgc/issues/553' },
    ],
  },
  async run(setting) {
    const runs = await runAll(setting)
    return {
      tables: [outcomes(runs)],
      charts: [verdictChart(runs)],
      conclusions: conclude(runs),
      known: knownOf(COMPARED.map(({ design }) => design)),
    }
  },
  proves: [
    'What each tracker of this kernel reports, held against the writes that were made, for one disturbance at a time.',
    'That a tracker which is exact here is so by what the kernel keeps, as the monitors are told of every mapping when it is made, moved or taken away.',
  ],
  doesNotProve: [
    'Races: the program stands still while a monitor collects and arms again, so a write between reading pagemap and clear_refs, which soft-dirty would lose, never happens here.',
    'What is written before a mapping moves: its userfaultfd stays behind, and what was not reported by then is held against no tracker.',
    'How soft-dirty behaves on the kernel these figures stand for: it is built without it, so those rows are of the model only. That whole tables move unmarked and single entries marked, and that growth by mremap is not dirty, was seen on Linux 6.12.',
  ],
}
