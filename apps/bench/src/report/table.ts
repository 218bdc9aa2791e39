import type { Terminal } from '../terminal.ts'
import { type Cell, type Column, count, printGrid } from './grid.ts'
import type { Comparison, Row, ServedRow } from './schema.ts'
import { wrap } from './wrap.ts'

type Colors = Terminal['colors']

/** A column of figures: head, and the figure of a row. */
interface Figure {
  readonly head: string
  readonly of: (row: ServedRow) => number
  /** Figures above 0 are bad news. */
  readonly isFault?: boolean
}

/** The comparison as text: a title, one row per design, the oracle, and a sentence a row on why. */
export function printComparison(comparison: Comparison, colors: Colors): string {
  const rows = withIdeal(comparison)
  const lines = [
    `${comparison.workload} on ${comparison.memory}, trace ${comparison.trace}, seed ${comparison.options.seed}`,
    '',
    printFigures(rows, colors),
    ...rows.map((row, i) => wrap(`${row.design}: ${reason(rows, i)}`).replace(row.design, colors.bold(row.design))),
    '',
    statusNote(comparison.rows),
  ]
  return `${lines.join('\n')}\n`
}

/** The sentence on a row; a reference to the first row with the very same one. */
function reason(rows: readonly Row[], at: number): string {
  const first = rows.find((row) => row.why === rows[at].why)!
  return first === rows[at] ? first.why : `as ${first.design}.`
}

/** All rows to print; the oracle comes last unless it was asked for. */
export function withIdeal(comparison: Comparison): readonly Row[] {
  const isListed = comparison.rows.some((row) => row.design === comparison.ideal.design)
  return isListed ? comparison.rows : [...comparison.rows, comparison.ideal]
}

function printFigures(rows: readonly Row[], colors: Colors): string {
  const served = rows.filter((row) => row.status === 'ok')
  const figures = figuresOf(served)
  const columns: Column[] = [{ head: 'design' }, ...figures.map(({ head }) => ({ head, align: 'right' as const }))]
  const cells = rows.map((row): Cell[] => {
    if (row.status === 'unsupported')
      return [row.design, { content: colors.dim('not supported, see below'), colSpan: figures.length, hAlign: 'left' }]
    return [row.design, ...figures.map((figure) => cell(figure, row, colors))]
  })
  return printGrid(columns, cells)
}

function cell(figure: Figure, row: ServedRow, colors: Colors): string {
  const value = figure.of(row)
  return figure.isFault && value > 0 ? colors.red(count(value)) : count(value)
}

/** The columns worth printing: kinds of faults and corruption only where there was any. */
export function figuresOf(served: readonly ServedRow[]): readonly Figure[] {
  const whereAny = (head: string, of: Figure['of']) => (served.some((row) => of(row) > 0) ? [{ head, of, isFault: true }] : [])
  const whereDiffers = (head: string, of: Figure['of']) => (served.some((row) => of(row) !== of(served[0])) ? [{ head, of }] : [])
  return [
    { head: 'lost\nwrites', of: (row) => row.lost, isFault: true },
    { head: 'spurious\nreports', of: (row) => row.spurious, isFault: true },
    ...whereAny('corrupted\npages', (row) => row.corrupted),
    ...whereAny('stuck\naccesses', (row) => row.stuck),
    { head: 'discarded\npages', of: (row) => row.discarded },
    { head: 'faults\n(all)', of: (row) => row.faults.total ?? 0 },
    ...faultKinds(served).map((kind) => ({ head: `${words(kind)}\nfaults`, of: (row: ServedRow) => row.faults[kind] ?? 0 })),
    { head: 'uffd\nmessages', of: (row) => row.messages },
    ...whereDiffers('signals', (row) => row.signals),
    ...whereDiffers('peak\nvmas', (row) => row.peakVmas),
    { head: 'tables\nKiB', of: (row) => Math.ceil(row.pageTableBytes / 1024) },
    { head: 'TLB\nflushes', of: (row) => row.tlbFlushes },
    { head: '\nsteps', of: (row) => row.steps },
  ]
}

/** The kinds of faults that happened in any row, in the order in which rows name them; without their sum. */
export function faultKinds(served: readonly ServedRow[]): readonly string[] {
  const kinds = new Set(served.flatMap((row) => Object.keys(row.faults).filter((kind) => kind !== 'total' && row.faults[kind] > 0)))
  return [...kinds]
}

/** `swapIn` as people write it: `swap-in`. */
export function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** Names the rows that are known in another way than most. */
function statusNote(rows: readonly Row[]): string {
  const byStatus = new Map<string, string[]>()
  for (const row of rows) byStatus.set(row.known, [...(byStatus.get(row.known) ?? []), row.design])
  const [[usual], ...others] = [...byStatus].sort((a, b) => b[1].length - a[1].length)
  if (others.length === 0) return `How these are known: every row is ${usual}.`
  return `How these are known: ${others.map(([known, names]) => `${names.join(', ')}: ${known}`).join('; ')}; all others: ${usual}.`
}
