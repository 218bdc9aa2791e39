/**
 * Experiment: how should memory be write-protected that is not there?
 * @module
 */
import type { Thp, Way } from './arming-empty/measure.ts'
import {
  type Counts,
  DEFAULT,
  measure,
  POPULATE,
  PTE_MARKER,
  plus,
  RIVALS,
  type Scene,
  THP,
  TWO_MARKERS,
  total,
  WAYS,
} from './arming-empty/measure.ts'
import { PUBLISHED } from './arming-empty/published.ts'
import type { Experiment, Setting } from './experiment.ts'
import { type Chart, count, knownOf, listed, type Table, type Value } from './findings.ts'
import { Dice, HUGE_PAGES } from './laboratory.ts'

/** Sizes of the two parts; tests take smaller ones. */
export interface Extent {
  /** Pages of the empty memory of the tables that were published: 10 GiB. */
  readonly empty: number
  /** Pages of the memory that is used: 1 GiB, what one pud entry covers. */
  readonly used: number
}

const EXTENT: Extent = { empty: 10 * 262144, used: 262144 }
/** Writes to the empty memory, to see that they are reported and what the dearest costs. */
const SAMPLE = 64
/** Shares of ranges that are there, of pages read, and of pages written. */
const POPULATED = [0, 0.5, 0.9] as const
const READ = [0, 1] as const
const WRITTEN = [0, 0.0001, 0.001, 0.01, 0.1] as const

interface Armed {
  readonly way: Way
  readonly thp: Thp
  readonly counts: Counts
}

interface Field {
  readonly thp: Thp
  readonly populated: number
  readonly read: number
  readonly written: number
  /** Steps of each rival, in their order, and of the two-marker scheme. */
  readonly steps: readonly number[]
  readonly twoMarkers: number
}

function percent(share: number): string {
  return `${share * 100} %`
}

function armAll(extent: Extent, seed: number): Scene[] {
  const writes = new Dice(seed).numbers(SAMPLE, extent.empty / HUGE_PAGES).map((i) => i * HUGE_PAGES + 7)
  return THP.map((thp) => ({ pages: extent.empty, thp, populated: [], reads: [], writes }))
}

async function runEmpty(extent: Extent, setting: Setting): Promise<Armed[]> {
  const runs: Armed[] = []
  const scenes = armAll(extent, setting.seed)
  for (const scene of scenes) {
    for (const way of WAYS) {
      setting.progress((runs.length / (scenes.length * WAYS.length)) * 0.4, `empty memory, THP ${scene.thp}: ${way.name}`)
      await setting.breathe()
      runs.push({ way, thp: scene.thp, counts: measure(way, scene) })
    }
  }
  return runs
}

async function runFields(extent: Extent, setting: Setting): Promise<Field[]> {
  const pages = extent.used
  const dice = new Dice(setting.seed)
  const populated = POPULATED.map((share) => dice.numbers(Math.round((pages / HUGE_PAGES) * share), pages / HUGE_PAGES))
  const reads = READ.map((share) => dice.numbers(Math.round(pages * share), pages))
  const writes = WRITTEN.map((share) => dice.numbers(Math.round(pages * share), pages))
  const fields: Field[] = []
  const all = THP.length * READ.length * POPULATED.length * WRITTEN.length
  for (const thp of THP) {
    for (const [r, read] of READ.entries()) {
      for (const [p, share] of POPULATED.entries()) {
        for (const [w, written] of WRITTEN.entries()) {
          setting.progress(0.4 + (0.6 * fields.length) / all, `${percent(share)} populated, THP ${thp}, ${percent(written)} written`)
          await setting.breathe()
          const scene: Scene = { pages, thp, populated: populated[p], reads: reads[r], writes: writes[w] }
          const steps = RIVALS.map((way) => total(measure(way, scene)))
          fields.push({ thp, populated: share, read, written, steps, twoMarkers: total(measure(TWO_MARKERS, scene)) })
        }
      }
    }
  }
  return fields
}

function emptyTable(runs: readonly Armed[], extent: Extent): Table {
  return {
    title: `Steps to protect ${extent.empty / 262144} GiB of empty anonymous memory`,
    columns: [
      { key: 'thp', head: 'THP' },
      { key: 'way', head: 'way' },
      { key: 'design', head: 'design' },
      { key: 'prepare', head: 'steps before:\npopulating' },
      { key: 'arm', head: 'steps of\nprotecting' },
      { key: 'sum', head: 'both' },
      { key: 'faults', head: 'faults' },
      { key: 'entries', head: 'entries\nvisited' },
      { key: 'tables', head: 'tables\nKiB' },
      { key: 'lost', head: `unseen of\n${SAMPLE} writes`, isFault: true },
      { key: 'worst', head: 'dearest\nwrite' },
      { key: 'end', head: 'steps of\nits end' },
    ],
    rows: runs.map(({ way, thp, counts }) => {
      const both = plus(counts.prepare, counts.arm)
      return {
        thp,
        way: way.name,
        design: way.design.name,
        prepare: counts.prepare.steps,
        arm: counts.arm.steps,
        sum: both.steps,
        faults: both.faults,
        entries: both.entries,
        tables: counts.tableBytes / 1024,
        lost: counts.lost,
        worst: counts.worstWrite,
        end: counts.end.steps,
      }
    }),
    note:
      'A step is an entry visited, a table or page allocated, a fault, a message, a flush or a call. Loads that need no fault are not counted, so that ' +
      'reading each page through a huge zero page costs no more here than MADV_POPULATE_READ. The dearest write includes its message and the answer.',
  }
}

/** The way with the fewest steps; of equals, the one that comes first. */
function winner({ steps }: Field): string {
  return RIVALS[steps.indexOf(Math.min(...steps))].name
}

function crossoverTable(fields: readonly Field[], extent: Extent): Table {
  const rows = fields.filter((field) => field.written === WRITTEN[0])
  return {
    title: `Fewest steps in all, ${extent.used / 262144} GiB: populate, protect, read, write, unregister`,
    columns: [
      { key: 'thp', head: 'THP' },
      { key: 'read', head: 'pages\nread' },
      { key: 'populated', head: 'there\nbefore' },
      ...WRITTEN.map((written) => ({ key: String(written), head: `${percent(written)}\nwritten` })),
    ],
    rows: rows.map(({ thp, read, populated }) => {
      const row = fields.filter((field) => field.thp === thp && field.read === read && field.populated === populated)
      const cells = row.map((field): [string, Value] => [String(field.written), `${winner(field)} (${count(Math.min(...field.steps))})`])
      return { thp, read: percent(read), populated: percent(populated), ...Object.fromEntries(cells) }
    }),
    note: 'Populated memory is whole ranges of 2 MiB at random; reads come before writes, both are spread over all pages at random, and each page is written once and answered by itself. Of equals the first is named, in the order of the table above. The two-marker scheme is not among the rivals.',
  }
}

function crossoverChart(fields: readonly Field[]): Chart {
  const situation = ({ thp, read }: Field): string => `THP ${thp}, ${percent(read)} read`
  return {
    title: 'Which way takes the fewest steps',
    kind: 'heat',
    x: { key: 'written', title: 'pages written', names: WRITTEN.map(percent) },
    y: { key: 'populated', title: 'there before', names: POPULATED.map(percent) },
    color: { key: 'winner', title: 'way', names: [...new Set(fields.map(winner))] },
    facet: { key: 'situation', title: 'situation', names: [...new Set(fields.map(situation))] },
    rows: fields.map((field) => ({
      written: percent(field.written),
      populated: percent(field.populated),
      winner: winner(field),
      situation: situation(field),
    })),
  }
}

function writesChart(fields: readonly Field[]): Chart {
  const empty = fields.filter(({ populated, read, written }) => populated === 0 && read === 0 && written > 0)
  return {
    title: 'Steps in all of empty memory that nobody reads, by pages written',
    kind: 'lines',
    x: { key: 'written', title: 'share of pages written', log: true },
    y: { key: 'steps', title: 'steps', log: true },
    color: { key: 'way', title: 'way', names: [...RIVALS, TWO_MARKERS].map((way) => way.name) },
    facet: { key: 'thp', title: 'THP', names: THP },
    rows: empty.flatMap(({ thp, written, steps, twoMarkers }) =>
      [...steps, twoMarkers].map((sum, i) => ({ thp, written, steps: sum, way: (RIVALS[i] ?? TWO_MARKERS).name })),
    ),
  }
}

/** Steps of populating and protecting. */
function costOf(runs: readonly Armed[], way: Way, thp: Thp) {
  const run = runs.find((each) => each.way === way && each.thp === thp) as Armed
  return { ...plus(run.counts.prepare, run.counts.arm), worst: run.counts.worstWrite, lost: run.counts.lost }
}

function inversion(runs: readonly Armed[]): string[] {
  const [off, on] = THP.map((thp) => ({ populate: costOf(runs, POPULATE, thp), marker: costOf(runs, PTE_MARKER, thp) }))
  const inverts = off.populate.steps > off.marker.steps && on.populate.steps < on.marker.steps
  const times = (more: number, less: number): string => `${(more / less).toPrecision(3)} times`
  const first = inverts
    ? `The order inverts with huge pages: without them populating takes ${times(off.populate.steps, off.marker.steps)} the steps of pte markers, with them pte markers take ${times(on.marker.steps, on.populate.steps)} the steps of populating.`
    : `The order does not invert: populating takes ${count(off.populate.steps)} steps against ${count(off.marker.steps)} of pte markers without huge pages, and ${count(on.populate.steps)} against ${count(on.marker.steps)} with them.`
  const per = (pages: number, faults: number): string =>
    faults === 0 ? 'none' : `one fault for ${count(Math.round(pages / faults))} pages`
  const pages = off.marker.entries
  return [
    first,
    `The reason is in the counts. Populating faults ${count(off.populate.faults)} times without huge pages and ${count(on.populate.faults)} times with them (${per(pages, on.populate.faults)}), and visits ${count(off.populate.entries)} and ${count(on.populate.entries)} entries; pte markers fault ${count(on.marker.faults)} times, but write ${count(off.marker.entries)} and ${count(on.marker.entries)} entries, because a marker stands at the pte level, huge pages or not. The tables are ${count(on.populate.tables)} and ${count(on.marker.tables)} with huge pages: each huge zero page keeps one in store.`,
  ]
}

function armingOrder(runs: readonly Armed[]): string[] {
  return THP.map((thp) => {
    const order = RIVALS.map((way) => ({ way, ...costOf(runs, way, thp) })).sort((a, b) => a.steps - b.steps)
    return `To populate and protect, THP ${thp}, from the fewest steps to the most: ${listed(order.map(({ way, steps, worst }) => `${way.name} ${count(steps)} (dearest write afterwards ${count(worst)})`))}.`
  })
}

function crossings(fields: readonly Field[]): string[] {
  return THP.map((thp) => {
    const here = fields.filter((field) => field.thp === thp)
    const won = new Map<string, number>()
    for (const field of here) won.set(winner(field), (won.get(winner(field)) ?? 0) + 1)
    const ranked = [...won].sort((a, b) => b[1] - a[1])
    return `Of ${here.length} mixtures of populated, read and written memory with THP ${thp}, the fewest steps in all are taken by ${listed(ranked.map(([name, nr]) => `${name} in ${nr}`))}.`
  })
}

/** What one entry for many saves against pte markers, where least and where most is written. */
function savings(fields: readonly Field[]): string[] {
  const marker = RIVALS.indexOf(PTE_MARKER)
  const others = RIVALS.flatMap((way, i) => (way.name === 'pmd marker' || way.name === 'huge zero page' ? [{ way, i }] : []))
  return others.map(({ way, i }) => {
    const line = fields.filter(({ thp, populated, read }) => thp === 'always' && populated === 0 && read === 0)
    const at = line.map(({ written, steps }) => `${Math.round((1 - steps[i] / steps[marker]) * 100)} % at ${percent(written)} written`)
    return `Of empty memory that nobody reads, THP always, the ${way.name} saves of the pte marker’s steps ${listed(at)}.`
  })
}

/** Whether the quoted times have the same order. */
function asPublished(): string[] {
  return PUBLISHED.rows.flatMap(({ thp, populate, unpopulated }) => {
    if (thp === null) return []
    const faster = Number(populate) < Number(unpopulated) ? 'populating' : 'WP_UNPOPULATED'
    return [
      `In the times quoted from the commit message, THP ${thp}, populating takes ${count(Number(populate))} µs and WP_UNPOPULATED ${count(Number(unpopulated))} µs: ${faster} is the faster.`,
    ]
  })
}

function unseenWrites(runs: readonly Armed[]): string {
  const ways = WAYS.flatMap((way) => {
    const unseen = runs.filter((run) => run.way === way && run.counts.lost > 0)
    return unseen.length === 0 ? [] : [`${way.name} (${unseen.map(({ thp, counts }) => `${counts.lost} with THP ${thp}`).join(', ')})`]
  })
  if (ways.length === 0) return `All ${SAMPLE} writes to memory that was not there are reported, whichever way it was protected.`
  return `Of ${SAMPLE} writes to memory that was not there, some go unseen with ${listed(ways)}; with the other ${WAYS.length - ways.length} ways each is reported.`
}

function conclude(runs: readonly Armed[], fields: readonly Field[]): string[] {
  const cheaper = fields.filter((field) => field.twoMarkers < Math.min(...field.steps)).length
  return [
    ...inversion(runs),
    ...asPublished(),
    unseenWrites(runs),
    ...armingOrder(runs),
    ...crossings(fields),
    ...savings(fields),
    `The two-marker scheme, for which none means armed, takes fewer steps than all of them in ${cheaper} of ${fields.length} mixtures; what it costs to end a protection of empty memory page by page is not among them.`,
  ]
}

/** Both parts, in any size. */
export async function armingEmptyFindings(extent: Extent, setting: Setting) {
  const runs = await runEmpty(extent, setting)
  const fields = await runFields(extent, setting)
  return {
    tables: [emptyTable(runs, extent), PUBLISHED, crossoverTable(fields, extent)],
    charts: [crossoverChart(fields), writesChart(fields)],
    conclusions: conclude(runs, fields),
    known: knownOf([DEFAULT, ...RIVALS, TWO_MARKERS].map((way) => way.design)),
  }
}

/** Seeds 0 and 1: populate first, a zero page, or a marker, and at which level. */
export const armingEmpty: Experiment = {
  name: 'arming-empty',
  title: 'How to write-protect what is not there',
  question:
    'Is memory that is not there best protected by populating it first, by zero pages, or by markers, and at which level of the page tables?',
  argument: {
    text:
      'QEMU reads guest memory before it protects it, because none ptes could not be protected. Peter Xu proposed in February 2023 to map a protected zero page ' +
      'there. David Hildenbrand preferred markers: they serve hugetlb and memory where the zero page is forbidden, and could stand at the pmd or pud level. Peter Xu ' +
      'answered that a marker above the ptes moves the cost into the fault that must spread it, and took pte markers: WP_UNPOPULATED of Linux 6.4. The published times ' +
      'contradict each other at first sight: with huge pages, populating first is faster than the feature that was to replace it.',
    links: [
      { title: 'mm/uffd: UFFD_FEATURE_WP_ZEROPAGE, v1', url: 'https://lore.kernel.org/r/20230215210257.224243-1-peterx@redhat.com' },
      {
        title: 'mm/uffd: UFFD_FEATURE_WP_UNPOPULATED, v4, with the times',
        url: 'https://lore.kernel.org/r/20230309223711.823547-2-peterx@redhat.com',
      },
    ],
  },
  run: (setting) => armingEmptyFindings(EXTENT, setting),
  proves: [
    'That counted entries, faults and tables are enough to explain the order of the published times, and its inversion.',
    'Which way takes the fewest steps for each mixture, where a step is a step, and which of them leave writes unseen.',
  ],
  doesNotProve: [
    'Times: a fault costs more than an entry visited, by a factor that depends on the machine, and steps have no weights.',
    'What pmd and pud markers would cost in code: every place that takes an empty pmd for empty memory would have to know them.',
    'Anything about latency but the dearest write: how often a thread waits for a table to be filled is not looked at.',
  ],
}
