/**
 * Experiment: which tracker costs least, by how much of the memory is written in an epoch?
 * @module
 */
import type { Memory } from '@faultline/program'
import type { Experiment, Setting } from './experiment.ts'
import { type Chart, count, knownOf, listed, type Table, type Value } from './findings.ts'
import { COMPARED } from './trackers/compared.ts'
import { dirtyPages, HEAPS, measure, PATTERNS, RATES, type RateRun } from './trackers/dirty-rates.ts'
import { type MappingRun, mappingsTable, measureMappings } from './trackers/mappings.ts'

const LABELS = COMPARED.map(({ label }) => label)
/** The rate at which costs are taken apart. */
const TAKEN_APART = 10

async function runAll(setting: Setting): Promise<RateRun[]> {
  const wanted = HEAPS.flatMap(({ memory, pages }) =>
    PATTERNS.flatMap((pattern) =>
      RATES.filter((rate) => dirtyPages(pages, rate) > 0).map((percent) => ({ memory, pages, pattern, percent })),
    ),
  )
  const runs: RateRun[] = []
  for (const { memory, pages, pattern, percent } of wanted) {
    setting.progress((0.9 * runs.length) / wanted.length, `${percent} % of ${memory}, ${pattern}`)
    await setting.breathe()
    runs.push(measure(memory, pages, percent, pattern, setting.seed))
  }
  return runs
}

/** Which of the trackers that tell the truth takes the fewest steps; -1 when none can. */
function cheapest({ costs }: RateRun): number {
  let best = -1
  for (const [i, cost] of costs.entries()) {
    if (cost === null || cost.lost + cost.spurious > 0) continue
    const least = best < 0 ? null : costs[best]
    if (least === null || cost.steps < least.steps) best = i
  }
  return best
}

function stepsTable(runs: readonly RateRun[]): Table {
  return {
    title: 'Steps an epoch, beside the program’s own',
    columns: [
      { key: 'memory', head: 'memory' },
      { key: 'pattern', head: 'writes' },
      { key: 'percent', head: 'of the\nheap, %' },
      { key: 'dirty', head: 'pages\nwritten' },
      ...LABELS.map((label) => ({ key: label, head: label })),
      { key: 'least', head: 'fewest of\nthe exact' },
    ],
    rows: runs.map((run) => ({
      memory: run.memory,
      pattern: run.pattern,
      percent: run.percent,
      dirty: run.dirty,
      ...Object.fromEntries(LABELS.map((label, i) => [label, rounded(run.costs[i]?.steps)])),
      least: LABELS[cheapest(run)] ?? null,
    })),
    note: `Heaps of ${listed(HEAPS.map(({ memory, pages }) => `${count(pages)} pages (${memory})`))}, filled page by page before. Averages of the epochs after that one, less the same epochs under the oracle. A step is an entry visited, a table or page allocated, a page copied, a fault, message, signal, flush or system call, a mapping split or merged.`,
  }
}

function rounded(value: number | undefined): Value {
  return value === undefined ? null : Math.round(value)
}

function partsTable(runs: readonly RateRun[]): Table {
  const parts: readonly (readonly [string, string])[] = [
    ['faults', 'faults'],
    ['messages', 'messages'],
    ['signals', 'signals'],
    ['calls', 'system\ncalls'],
    ['ptes', 'entries\nvisited'],
    ['tlbFlushes', 'TLB\nflushes'],
    ['vmaSplits', 'mappings\nsplit'],
    ['vmaMerges', 'mappings\nmerged'],
  ]
  return {
    title: `What an epoch is made of at ${TAKEN_APART} %`,
    columns: [
      { key: 'memory', head: 'memory' },
      { key: 'pattern', head: 'writes' },
      { key: 'tracker', head: 'tracker' },
      ...parts.map(([key, head]) => ({ key, head })),
      { key: 'peakVmas', head: 'peak\nmappings' },
      { key: 'lost', head: 'lost', isFault: true },
      { key: 'spurious', head: 'spurious', isFault: true },
    ],
    rows: runs
      .filter(({ percent }) => percent === TAKEN_APART)
      .flatMap(({ memory, pattern, costs }) =>
        costs.map((cost, i) => ({
          memory,
          pattern,
          tracker: LABELS[i],
          ...Object.fromEntries(parts.map(([key]) => [key, rounded(cost?.counters[key])])),
          peakVmas: cost?.peakVmas ?? null,
          lost: cost?.lost ?? null,
          spurious: cost?.spurious ?? null,
        })),
      ),
    note: 'Mappings at their peak, lost writes and spurious reports are of the whole run. The monitor that gets messages reads until there is none, so each costs two reads and one call to let the page be written.',
  }
}

function stepsChart(runs: readonly RateRun[]): Chart {
  const facets = HEAPS.flatMap(({ memory }) => PATTERNS.map((pattern) => `${memory}, ${pattern}`))
  return {
    title: 'Steps an epoch by dirty rate',
    kind: 'lines',
    x: { key: 'percent', title: 'written in an epoch, % of the heap', log: true },
    y: { key: 'steps', title: 'steps an epoch', log: true },
    color: { key: 'tracker', title: 'tracker', names: LABELS },
    facet: { key: 'where', title: 'memory and writes', names: facets },
    rows: runs.flatMap(({ memory, pattern, percent, costs }) =>
      costs.flatMap((cost, i) => {
        const row = { where: `${memory}, ${pattern}`, percent, tracker: LABELS[i], steps: Math.max(1, Math.round(cost?.steps ?? 1)) }
        return cost === null ? [] : [row]
      }),
    ),
  }
}

function group(runs: readonly RateRun[], memory: Memory, pattern: string): RateRun[] {
  return runs.filter((run) => run.memory === memory && run.pattern === pattern)
}

/** `a up to 1 %, b from 3 % on`. */
function ranges(some: readonly RateRun[]): string {
  const spans: { label: string; from: number; to: number }[] = []
  for (const run of some) {
    const label = LABELS[cheapest(run)] ?? 'none'
    const last = spans.at(-1)
    if (last?.label === label) last.to = run.percent
    else spans.push({ label, from: run.percent, to: run.percent })
  }
  if (spans.length === 1) return `${spans[0].label} at every rate`
  return listed(
    spans.map(({ label, from, to }, i) => {
      if (i === 0) return `${label} up to ${to} %`
      return i === spans.length - 1 ? `${label} from ${from} % on` : `${label} from ${from} % to ${to} %`
    }),
  )
}

/** Where one of two trackers begins to take more steps than the other, between two rates by a straight line in both logarithms. */
function crossing(some: readonly RateRun[], a: string, b: string): string {
  const [i, j] = [LABELS.indexOf(a), LABELS.indexOf(b)]
  const points = some.flatMap(({ percent, costs }) => {
    const [one, other] = [costs[i], costs[j]]
    return one === null || other === null ? [] : [{ percent, gap: Math.log(one.steps / other.steps) }]
  })
  const at = points.findIndex(({ gap }, n) => n > 0 && points[n - 1].gap < 0 !== gap < 0)
  if (at < 0) return `${(points[0]?.gap ?? 0) < 0 ? a : b} takes fewer at every rate`
  const [before, after] = [points[at - 1], points[at]]
  const share = before.gap / (before.gap - after.gap)
  const percent = Math.exp(Math.log(before.percent) + share * Math.log(after.percent / before.percent))
  const [first, then] = before.gap < 0 ? [a, b] : [b, a]
  return `${first} takes fewer below about ${Number(percent.toPrecision(2))} % and ${then} above, so that two programs may well measure opposite signs`
}

function conclude(runs: readonly RateRun[], mappings: readonly MappingRun[]): string[] {
  const conclusions = HEAPS.flatMap(({ memory }) =>
    PATTERNS.map(
      (pattern) => `Fewest steps of the exact trackers on ${memory}, ${pattern} writes: ${ranges(group(runs, memory, pattern))}.`,
    ),
  )
  for (const pattern of PATTERNS) {
    conclusions.push(
      `Soft-dirty against mprotect on anonymous memory, ${pattern} writes: ${crossing(group(runs, 'anon', pattern), 'mprotect', 'soft-dirty')}.`,
      `Soft-dirty against asynchronous userfaultfd on the same: ${crossing(group(runs, 'anon', pattern), 'uffd async', 'soft-dirty')}.`,
    )
  }
  const wrong = LABELS.flatMap((label, i) => {
    const lost = runs.reduce((sum, { costs }) => sum + (costs[i]?.lost ?? 0), 0)
    const spurious = runs.reduce((sum, { costs }) => sum + (costs[i]?.spurious ?? 0), 0)
    const where = [
      ...new Set(runs.filter(({ costs }) => (costs[i]?.lost ?? 0) + (costs[i]?.spurious ?? 0) > 0).map(({ memory }) => memory)),
    ]
    return lost + spurious === 0 ? [] : [`${label} (${count(lost)} lost, ${count(spurious)} spurious, on ${listed(where)})`]
  })
  conclusions.push(
    wrong.length === 0 ? 'Every tracker is exact in all runs.' : `Not exact: ${listed(wrong)}; the others are exact in all runs.`,
  )
  for (const { heap, memory, result } of mappings) {
    if ('unsupported' in result)
      conclusions.push(`With ${count(heap)} pages of ${memory} the tracker by mprotect ends: ${result.unsupported}.`)
  }
  return conclusions
}

/** What garbage collectors, CRIU and monitors of virtual machines ask before they choose a write barrier. */
export const trackerChoice: Experiment = {
  name: 'tracker-choice',
  title: 'Which write barrier?',
  question: 'Which tracker costs least an epoch, by the share of memory that is written, and does it tell the truth?',
  argument: {
    text:
      'Garbage collectors, CRIU and monitors of virtual machines all need the pages written since last time, and may choose between mprotect with ' +
      'SIGSEGV, soft-dirty bits, and userfaultfd with messages or without. The Boehm collector published both signs: soft-dirty faster than ' +
      'mprotect (issue 430), and slower by a fifth to a quarter (issue 433); and mprotect that fails with ENOMEM (issue 579).',
    links: [
      { title: 'bdwgc: UFFDIO-based VDB for Linux', url: 'https://github.com/bdwgc/bdwgc/issues/430' },
      { title: 'bdwgc: Collection time increase if SOFT_VDB', url: 'https://github.com/bdwgc/bdwgc/issues/433' },
      { title: 'bdwgc: un-mprotect failed with out-of-memory error', url: 'https://github.com/bdwgc/bdwgc/issues/579' },
      { title: 'coreclr: Enable Background GC on Linux', url: 'https://github.com/dotnet/coreclr/issues/2224' },
    ],
  },
  async run(setting) {
    const runs = await runAll(setting)
    const mappings = await measureMappings(setting)
    return {
      tables: [stepsTable(runs), partsTable(runs), mappingsTable(mappings)],
      charts: [stepsChart(runs)],
      conclusions: conclude(runs, mappings),
      known: knownOf(COMPARED.map(({ design }) => design)),
    }
  },
  proves: [
    'How the number of events that a tracker causes grows with the share of memory written, all else equal, and where two such counts cross.',
    'How many mappings a tracker by mprotect makes of a heap; those counts are tested against the same calls on Linux 6.18.',
  ],
  doesNotProve: [
    'Time: a step is an event, and a signal costs more time than an entry that is visited in passing. Weighing them is left to whoever has measured them.',
    'Anything about several threads: each flush would interrupt every CPU the program runs on, and mprotect takes the lock of the address space for writing.',
    'The figures of the collectors: their heaps, epochs and writes are not those of these programs.',
  ],
}
