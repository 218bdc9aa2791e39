/**
 * Experiment: may khugepaged merge small pages in a mapping of which a part is write-protected?
 * @module
 */
import { blindCollapse, hugeSplitWhenArmed, linux618, neverCollapse, oldRetraction, perVmaCollapse } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import type { Experiment, Setting } from './experiment.ts'
import { type Chart, count, knownOf, listed, type Table } from './findings.ts'
import { type Case, type Measured, measure, type Pattern, type Place } from './khugepaged-sparse/measure.ts'
import { HUGE_PAGES } from './laboratory.ts'

/** 2 MiB ranges of the mapping: 128 MiB. */
const RANGES = 64

/** The last two are negative controls. */
const DESIGNS: readonly Design[] = [neverCollapse, perVmaCollapse, linux618, oldRetraction, blindCollapse]
/** For memory that is huge to begin with, where khugepaged has less to say. */
const HUGE_DESIGNS: readonly Design[] = [perVmaCollapse, linux618, hugeSplitWhenArmed]
const ARGUED: readonly Design[] = [perVmaCollapse, linux618]

const PATTERNS: readonly Pattern[] = [
  { name: 'pages of 4 KiB', pages: 1, unplugged: false },
  { name: 'database, blocks of 64 KiB', pages: 16, unplugged: false },
  { name: 'database, blocks of 2 MiB', pages: 512, unplugged: false },
  { name: 'virtio-mem, blocks of 4 MiB', pages: 1024, unplugged: true },
]
const ANON: Place = { name: 'anon', memory: 'anon', passesOther: false }
const PLACES: readonly Place[] = [
  ANON,
  { name: 'shmem', memory: 'shmem', passesOther: true },
  { name: 'shmem, pass over the watched mapping alone', memory: 'shmem', passesOther: false },
]
/** Of the memory, in the tables. */
const SPARSE = 1 / 16
/** In the chart. */
const FRACTIONS = [1 / 1024, 1 / 256, 1 / 64, 1 / 16, 1 / 4, 1 / 2, 1]

interface Run {
  readonly one: Case
  readonly protectedShare: number
  readonly found: Measured
}

function caseOf(design: Design, place: Place, pattern: Pattern, fraction: number, startsHuge: boolean): Case {
  return {
    design,
    place,
    ranges: RANGES,
    pattern,
    blocks: Math.max(1, Math.round((fraction * RANGES * HUGE_PAGES) / pattern.pages)),
    startsHuge,
  }
}

function cases(): { small: Case[]; huge: Case[]; curve: Case[] } {
  return {
    small: PLACES.flatMap((place) => PATTERNS.flatMap((pattern) => DESIGNS.map((design) => caseOf(design, place, pattern, SPARSE, false)))),
    huge: PLACES.slice(0, 2).flatMap((place) =>
      PATTERNS.flatMap((pattern) => HUGE_DESIGNS.map((design) => caseOf(design, place, pattern, SPARSE, true))),
    ),
    curve: PATTERNS.flatMap((pattern) =>
      FRACTIONS.filter((fraction) => fraction * RANGES * HUGE_PAGES >= pattern.pages).flatMap((fraction) =>
        ARGUED.map((design) => caseOf(design, ANON, pattern, fraction, false)),
      ),
    ),
  }
}

async function runAll(all: readonly Case[], setting: Setting, from: number, total: number): Promise<Run[]> {
  const runs: Run[] = []
  for (const one of all) {
    setting.progress((from + runs.length) / total, `${one.pattern.name} on ${one.place.name}: ${one.design.name}`)
    await setting.breathe()
    runs.push({ one, protectedShare: (one.blocks * one.pattern.pages) / (RANGES * HUGE_PAGES), found: measure(one, setting.seed) })
  }
  return runs
}

const WHERE = [
  { key: 'memory', head: 'memory' },
  { key: 'pattern', head: 'protected' },
  { key: 'design', head: 'design' },
]

function whereOf({ one }: Run): { memory: string; pattern: string; design: string } {
  return { memory: one.place.name, pattern: one.pattern.name, design: one.design.name }
}

function smallTable(runs: readonly Run[]): Table {
  return {
    title: `Small pages, ${share(SPARSE)} of them protected: what khugepaged makes of them`,
    columns: [
      ...WHERE,
      { key: 'free', head: 'ranges without\nprotection' },
      { key: 'after', head: 'huge after\nthe pass' },
      { key: 'other', head: 'other mapping:\nhuge' },
      { key: 'ended', head: 'huge when\nprotection ended' },
      { key: 'steps', head: 'steps of\nthe pass' },
      { key: 'written', head: 'protected\npages written' },
      { key: 'lost', head: 'lost', isFault: true },
      { key: 'spurious', head: 'spurious', isFault: true },
    ],
    rows: runs.map((run) => ({
      ...whereOf(run),
      free: run.found.free,
      after: run.found.hugeAfter,
      other: run.found.otherAfter,
      ended: run.found.hugeEnded,
      steps: run.found.steps,
      written: run.found.written,
      lost: run.found.lost,
      spurious: run.found.spurious,
    })),
    note: `Of ${RANGES} ranges of 2 MiB; “huge” are those that one entry maps, after every range was read once. The other mapping is that of a second process that watches nothing. “Ended”: all is unprotected and still registered, and khugepaged has passed again. Blocks of virtio-mem hold nothing. One page of each protected block is written; lost are those of which no message came.`,
  }
}

function hugeTable(runs: readonly Run[]): Table {
  return {
    title: `Huge pages, ${share(SPARSE)} of the memory protected: what is left of them`,
    columns: [
      ...WHERE,
      { key: 'before', head: 'huge' },
      { key: 'protected', head: 'huge when\nprotected' },
      { key: 'after', head: 'after\nthe pass' },
      { key: 'written', head: 'after the\nwrites' },
      { key: 'ended', head: 'when protection\nended' },
      { key: 'lost', head: 'lost', isFault: true },
    ],
    rows: runs.map((run) => ({
      ...whereOf(run),
      before: run.found.hugeBefore,
      protected: run.found.hugeProtected,
      after: run.found.hugeAfter,
      written: run.found.hugeWritten,
      ended: run.found.hugeEnded,
      lost: run.found.lost,
    })),
    note: `Of ${RANGES} ranges of 2 MiB. Protecting a part of a huge page splits it; protecting all of an anonymous one need not.`,
  }
}

function curveChart(runs: readonly Run[]): Chart {
  return {
    title: 'Anonymous memory that khugepaged makes huge, by the part that is protected',
    kind: 'lines',
    x: { key: 'share', title: 'protected (% of memory)', log: true },
    y: { key: 'huge', title: 'huge (% of memory)' },
    color: { key: 'design', title: 'design', names: ARGUED.map((design) => design.name) },
    facet: { key: 'pattern', title: 'protected', names: PATTERNS.map((pattern) => pattern.name) },
    rows: runs.map((run) => ({ ...whereOf(run), share: run.protectedShare * 100, huge: (run.found.hugeAfter / RANGES) * 100 })),
  }
}

function lossChart(runs: readonly Run[]): Chart {
  return {
    title: 'Lost writes by design, of all that were written to protected pages',
    kind: 'bars',
    x: { key: 'lost', title: 'lost (% of writes)' },
    y: { key: 'design', title: 'design', names: DESIGNS.map((design) => design.name) },
    facet: { key: 'memory', title: 'memory', names: ['anon', 'shmem'] },
    rows: DESIGNS.flatMap((design) =>
      (['anon', 'shmem'] as const).map((memory) => {
        const those = runs.filter(({ one }) => one.design === design && one.place.memory === memory)
        return { design: design.name, memory, lost: (100 * sum(those, 'lost')) / sum(those, 'written') }
      }),
    ),
  }
}

function sum(runs: readonly Run[], key: 'lost' | 'written' | 'hugeAfter' | 'steps' | 'free' | 'spurious' | 'hugeEnded'): number {
  return runs.reduce((total, run) => total + run.found[key], 0)
}

function share(fraction: number): string {
  return `${Number((fraction * 100).toPrecision(2))} %`
}

function of(runs: readonly Run[], design: Design, place: Place): Run[] {
  return runs.filter(({ one }) => one.design === design && one.place === place)
}

/** Huge ranges of those that could be, by pattern. */
function byPattern(runs: readonly Run[]): string {
  const somewhere = runs.filter(({ found }) => found.free > 0)
  return listed(somewhere.map(({ one, found }) => `${found.hugeAfter} of ${found.free} (${one.pattern.name})`))
}

function conclude(small: readonly Run[], huge: readonly Run[], curve: readonly Run[]): string[] {
  const [, both, alone] = PLACES
  const nacked = of(small, perVmaCollapse, ANON)
  const linux = of(small, linux618, ANON)
  const others = (design: Design, place: Place) => of(small, design, place).reduce((total, { found }) => total + (found.otherAfter ?? 0), 0)
  const possible = PATTERNS.length * RANGES
  return [
    `Anonymous memory, ${share(SPARSE)} protected: where entries are looked at, khugepaged makes huge ${byPattern(linux)} of the ranges that hold nothing protected; where watched mappings are left out, ${count(sum(nacked, 'hugeAfter'))}. ` +
      `When protection has ended and the mapping is still registered, ${count(sum(linux, 'hugeEnded'))} and ${count(sum(nacked, 'hugeEnded'))} of ${count(possible)} are huge.`,
    ...halfLives(curve),
    `The passes over anonymous memory take ${count(sum(nacked, 'steps'))} steps where watched mappings are left out, and ${count(sum(linux, 'steps'))} where entries are looked at, in which ${count(sum(linux, 'hugeAfter'))} huge pages are made.`,
    `Shared memory: of the watched mapping itself ${count(sum(of(small, linux618, both), 'hugeAfter'))} of ${count(possible)} ranges become huge under ${linux618.name} and ${count(sum(of(small, perVmaCollapse, both), 'hugeAfter'))} under ${perVmaCollapse.name}, those without protection included: a watched mapping keeps all its tables. ` +
      `The other mapping has ${count(others(linux618, both))} and ${count(others(perVmaCollapse, both))}. Where khugepaged passes over the watched mapping alone, the other has ${count(others(linux618, alone))} under ${linux618.name} and ${count(others(perVmaCollapse, alone))} under ${perVmaCollapse.name}.`,
    hugeSentence(huge),
    ...lossSentences(small, huge, curve),
  ]
}

/** Where the per-pte check stops to be of use. */
function halfLives(curve: readonly Run[]): string[] {
  const words = PATTERNS.map((pattern) => {
    const those = curve.filter(({ one }) => one.pattern === pattern && one.design === linux618)
    const first = those.find(({ found }) => found.hugeAfter < RANGES / 2)
    return first === undefined ? `never (${pattern.name})` : `from ${share(first.protectedShare)} on (${pattern.name})`
  })
  return [`Less than half of anonymous memory can become huge under ${linux618.name}, at the fractions measured, ${listed(words)}.`]
}

function hugeSentence(huge: readonly Run[]): string {
  const anon = (design: Design) => huge.filter(({ one }) => one.design === design && one.place === ANON)
  const kept = (design: Design) => anon(design).reduce((total, { found }) => total + found.hugeProtected, 0)
  const before = anon(linux618).reduce((total, { found }) => total + found.hugeBefore, 0)
  return `Of ${count(before)} anonymous huge pages ${count(kept(linux618))} stay huge when ${share(SPARSE)} of the memory is protected under ${linux618.name}, ${count(kept(perVmaCollapse))} under ${perVmaCollapse.name}, and ${count(kept(hugeSplitWhenArmed))} where arming splits.`
}

function lossSentences(...all: readonly (readonly Run[])[]): string[] {
  const runs = all.flat()
  const controls = [oldRetraction, blindCollapse]
  const honest = runs.filter(({ one }) => !controls.includes(one.design))
  const words = controls.map((design) => {
    const those = runs.filter(({ one }) => one.design === design)
    return `${design.name} ${count(sum(those, 'lost'))} of ${count(sum(those, 'written'))}`
  })
  return [
    `Of the writes to protected pages, the negative controls lose: ${listed(words)}. The other designs lose ${count(sum(honest, 'lost'))} of ${count(sum(honest, 'written'))} and report ${count(sum(honest, 'spurious'))} pages that were not protected.`,
  ]
}

/** Seed 2: the patch that its author withdrew. */
export const khugepagedSparse: Experiment = {
  name: 'khugepaged-sparse',
  title: 'khugepaged in sparsely protected mappings',
  question: 'What do huge pages gain when khugepaged looks for protected entries instead of leaving out every mapping that is watched?',
  argument: {
    text:
      'In September 2021 Peter Xu proposed that khugepaged leave out every mapping registered for write-protection or minor faults, instead of ' +
      'looking for protected entries. David Hildenbrand thought of those who protect a small part of a gigantic mapping, or whole blocks of it: ' +
      'databases, and memory that virtio-mem has unplugged. Peter Xu then saw that for shared memory nothing is lost anyway, as a collapse of ' +
      'the file leaves markers and lets other mappings be huge, and withdrew the patch. Nobody counted.',
    links: [
      {
        title: 'Re: [PATCH] mm/khugepaged: Detecting uffd-wp vma more efficiently',
        url: 'https://lkml.iu.edu/hypermail/linux/kernel/2109.2/08929.html',
      },
    ],
  },
  async run(setting) {
    const { small, huge, curve } = cases()
    const total = small.length + huge.length + curve.length
    const smallRuns = await runAll(small, setting, 0, total)
    const hugeRuns = await runAll(huge, setting, small.length, total)
    const curveRuns = await runAll(curve, setting, small.length + huge.length, total)
    return {
      tables: [smallTable(smallRuns), hugeTable(hugeRuns)],
      charts: [curveChart(curveRuns), lossChart(smallRuns)],
      conclusions: conclude(smallRuns, hugeRuns, curveRuns),
      known: knownOf([...DESIGNS, hugeSplitWhenArmed]),
    }
  },
  proves: [
    'What each rule lets khugepaged merge, and what becomes of the protection, for blocks of these sizes scattered at random.',
    'That the two negative controls lose writes, so that this judge would see it if the others did.',
    'What Linux 6.18 does, as far as single ranges go: which of them end huge was seen on a running kernel too (packages/designs/src/collapse-rules.test.ts).',
  ],
  doesNotProve: [
    'How much faster a program is with more huge pages: TLB misses of real hardware are not counted here.',
    'What khugepaged does in an hour: here it passes once over ranges that it is shown, and memory is never too fragmented for a huge page.',
    'Anything about the designs that no kernel has on a real machine; their rows are of the model only.',
  ],
}
