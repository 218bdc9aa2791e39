/**
 * What `faultline race` prints: the programs, a row for each policy, the shortest interleavings that go wrong, and what none of it proves.
 * @module
 */
import type { TlbPolicy } from '@faultline/mm-types'
import type { Exploration, Race, RaceStep } from '@faultline/race'
import type { Terminal } from '../terminal.ts'
import { count, printGrid } from './grid.ts'
import { wrap } from './wrap.ts'

/** A race under one policy. */
export interface RaceRow {
  /** Of the policy, or of the design that has it. */
  readonly name: string
  readonly tlb: TlbPolicy
  /** Null where the design cannot do what the race needs. */
  readonly found: Exploration | null
  readonly unsupported: string | null
}

export interface RaceReport {
  readonly race: Race
  readonly rows: readonly RaceRow[]
}

/** A report as JSON text; equal reports give equal bytes. */
export function raceJson({ race, rows }: RaceReport): string {
  return `${JSON.stringify({ format: 'faultline-race 1', race, rows }, null, 2)}\n`
}

export function printRace({ race, rows }: RaceReport, colors: Terminal['colors']): string {
  const title = `${colors.bold(race.name)}: ${race.title}`
  const parts = [
    title,
    `${wrap(race.text.replaceAll('\n', ' '), '')}\n${wrap(`Source: ${race.source}.`)}`,
    programsText(race),
    printGrid(COLUMNS, rows.map(cells)).trimEnd(),
    ...unsupported(rows),
    ...losses(race, rows),
    wrap(verdict(rows), ''),
  ]
  return `${parts.join('\n\n')}\n`
}

function programsText({ setup, cpus, isHeld }: Race): string {
  const before = `before:  ${setup.split('\n').join('; ')}`
  const programs = cpus.map(({ program, hasEntry }, cpu) => {
    const note = hasEntry ? '   (has a writable translation of the page)' : ''
    return `CPU ${cpu}:   ${program.split('\n').join('; ')}${note}`
  })
  return [
    before,
    ...programs,
    ...(isHeld ? ['Somebody else holds a reference to the page. p is the page, pN a copy that CPU N makes.'] : []),
  ].join('\n')
}

const COLUMNS = [
  { head: '\npolicy' },
  { head: 'flushes\nthe range' },
  { head: 'end of a\nprotection' },
  { head: 'write\nfault' },
  { head: 'reuses\nby' },
  { head: 'clear_refs\nholds' },
  { head: 'inter-\nleavings', align: 'right' as const },
  { head: 'lose\na store', align: 'right' as const },
  { head: 'miss an\nevent', align: 'right' as const },
  { head: 'shortest,\nin steps', align: 'right' as const },
]

function cells({ name, tlb, found }: RaceRow): string[] {
  const policy = [
    name,
    tlb.flushes.replaceAll('-', ' '),
    tlb.unprotect.replaceAll('-', ' '),
    tlb.wpFaultFlushesIfPending ? 'flushes' : '–',
    tlb.cowReuse,
    tlb.clearRefsLock,
  ]
  if (found === null) return [...policy, '–', '–', '–', '–']
  return [...policy, count(found.interleavings), count(found.losing), count(found.unseen), String(found.shortest?.length ?? '–')]
}

function unsupported(rows: readonly RaceRow[]): string[] {
  const lines = rows.flatMap(({ name, unsupported: why }) => (why === null ? [] : [`${name}: not supported: ${why}`]))
  return lines.length === 0 ? [] : [lines.join('\n')]
}

/** The shortest interleaving of each policy that has one; policies with the same one share it. */
function losses(race: Race, rows: readonly RaceRow[]): string[] {
  const texts = new Map<string, string[]>()
  for (const { name, found } of rows) {
    if (found === null || found.shortest === null) continue
    const table = `${stepsTable(found.shortest)}${consequence(race, found.shortest)}`
    texts.set(table, [...(texts.get(table) ?? []), `${name} (${fraction(found)})`])
  }
  return [...texts].map(([table, names]) => `Goes wrong under ${names.join(', ')}; the shortest:\n\n${table}`)
}

function fraction({ losing, unseen, interleavings }: Exploration): string {
  return `${count(Math.max(losing, unseen))} of ${count(interleavings)}`
}

function stepsTable(steps: readonly RaceStep[]): string {
  const nrCpus = steps[0].tlbs.length
  const columns = [
    { head: 'step', align: 'right' as const },
    { head: 'CPU' },
    { head: 'what it does' },
    { head: 'entry' },
    ...Array.from({ length: nrCpus }, (_, cpu) => ({ head: `TLB ${cpu}` })),
    { head: 'flush\ndue', align: 'right' as const },
  ]
  return printGrid(
    columns.map((column) => (column.head.includes('\n') ? column : { ...column, head: `\n${column.head}` })),
    steps.map(({ cpu, does, pte, tlbs, flushesPending }, i) => [String(i + 1), String(cpu), does, pte, ...tlbs, String(flushesPending)]),
  )
}

function consequence(race: Race, steps: readonly RaceStep[]): string {
  const { lost, unseen, pte } = steps.at(-1)!
  const page = pte.split(' ')[0]
  if (lost) return `\nWhat CPU ${storersOf(race, lost)} stored is not in ${page}, whatever follows: lost.`
  return `\nWhat CPU ${storersOf(race, unseen)} stored went to a protected page, and nobody was told.`
}

function storersOf(race: Race, words: number): string {
  const isOne = (line: string) => line.startsWith('write ') && (Number(line.split(' ').at(-1)) & words) !== 0
  return race.cpus.flatMap(({ program }, cpu) => (program.split('\n').some(isOne) ? [cpu] : [])).join(' and ')
}

function verdict(rows: readonly RaceRow[]): string {
  const safe = rows.flatMap(({ name, found }) => (found !== null && found.losing + found.unseen === 0 ? [{ name, found }] : []))
  const limits =
    'These are all orders of the modelled steps, and no more: a kernel has steps that are not modelled, and nothing here proves that it loses nothing.'
  if (safe.length === 0) return limits
  return `No interleaving loses a store under ${safe.map(({ name, found }) => `${name} (0 of ${count(found.interleavings)})`).join(', ')}. ${limits}`
}
