/**
 * `faultline speed --scale`: does a page cost the same in a large address space as in a small one?
 * @module
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { freemem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { type Column, printGrid } from '../report/grid.ts'
import { measureReference, type ReferenceScale } from './scale-reference.ts'
import type { ScaleFigures, ScaleOrder } from './scale-side.ts'
import { digits } from './targets.ts'

const BIN = fileURLToPath(new URL('../../bin/faultline.mjs', import.meta.url))

/** The sizes, smallest first, in each shape. */
const SIZES: readonly Omit<ScaleOrder, 'design'>[] = [
  { gib: 1, shape: 'sparse' },
  { gib: 64, shape: 'sparse' },
  { gib: 1024, shape: 'sparse' },
  { gib: 1, shape: 'full' },
  { gib: 64, shape: 'full' },
]

/** Wanted: cost of a page, largest to smallest; tables to Linux's; bytes a page. */
const MOST_GROWTH = 1.5
const MOST_TABLES = 1.1
const MOST_BYTES = 40

/** Bytes of memory that a page touched needs at most: its table where it has one for itself, what stands for the page, and as much once more. */
const NEEDED = { sparse: 10_000, full: 128 }
const PAGES_PER_GIB = { sparse: 512, full: 2 ** 18 }

/** One size, measured or left out. */
export interface ScaleRow {
  readonly size: Omit<ScaleOrder, 'design'>
  readonly figures?: ScaleFigures
  readonly reference?: ReferenceScale
  readonly missing?: string
}

/** Measures every size that memory allows, up to `most` GiB, each in a process of its own. */
export function measureSizes(design: string, most: number, step: (label: string) => void): ScaleRow[] {
  return SIZES.filter(({ gib }) => gib <= most).map((size) => {
    step(nameOf(size))
    const needed = size.gib * PAGES_PER_GIB[size.shape] * NEEDED[size.shape]
    const free = availableMemory()
    if (needed > free * 0.7) return { size, missing: `needs ${gibs(needed)} of memory, of which ${gibs(free)} are free` }
    const order: ScaleOrder = { design, ...size }
    const { status, stdout, signal } = spawnSync(process.execPath, ['--expose-gc', BIN, 'speed', '--serve-scale', JSON.stringify(order)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    if (status !== 0) return { size, missing: `its process ended with ${signal ?? `exit code ${status}`}` }
    const figures = JSON.parse(stdout) as ScaleFigures
    return { size, figures, ...(size.shape === 'sparse' && { reference: measureReference(figures.pages) }) }
  })
}

function availableMemory(): number {
  try {
    const kib = /MemAvailable:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1]
    if (kib !== undefined) return Number(kib) * 1024
  } catch {
    // Not Linux.
  }
  return freemem()
}

function gibs(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`
}

/** Sizes of one shape are compared with each other. */
function nameOf({ gib, shape }: Omit<ScaleOrder, 'design'>): string {
  return `${gib >= 1024 ? `${gib / 1024} TiB` : `${gib} GiB`} ${shape}`
}

/** What a page costs, or a pte. The model's own part is what is compared between sizes. */
const COSTS: readonly (readonly [head: string, cost: (figures: ScaleFigures) => number, own?: (figures: ScaleFigures) => number])[] = [
  ['first touch,\nnew tables', ({ touchNew }) => touchNew, ({ touchNew, system, buffers }) => touchNew - system - buffers],
  ['first touch,\nused tables', ({ touchAgain }) => touchAgain],
  ['munmap', ({ munmap }) => munmap],
  ['arm\n(a pte)', ({ arm }) => arm],
  ['arm again\n(a pte)', ({ armAgain }) => armAgain],
  ['scan\n(a pte)', ({ scan }) => scan],
]

/** The table and what it comes to. */
export function printScale(rows: readonly ScaleRow[]): string {
  const right = (head: string): Column => ({ head, align: 'right' })
  const columns = [
    { head: 'address space' },
    right('pages\ntouched'),
    ...COSTS.map(([head]) => right(head)),
    right('of new:\nsystem'),
    right('V8, bare\nbuffers'),
    right('buffers\n/ Linux'),
    right('bytes\na page'),
  ]
  const cells = rows.map(({ size, figures }) => {
    if (figures === undefined) return [nameOf(size), ...columns.slice(1).map(() => '–')]
    const { pages, tableBytes, tableBuffers, bytesPerPage } = figures
    return [
      nameOf(size),
      pages.toLocaleString('en-US'),
      ...COSTS.map(([, cost]) => digits(cost(figures))),
      digits(figures.system),
      digits(figures.buffers),
      (tableBuffers / tableBytes).toFixed(2),
      bytesPerPage.toFixed(1),
    ]
  })
  const missing = rows.flatMap(({ size, missing: why }) => (why === undefined ? [] : [`Left out: ${nameOf(size)}: ${why}.`]))
  return `${printGrid(columns, cells)}\n${[...references(rows), ...growth(rows), ...lines(rows), ...memory(rows), ...missing].join('\n')}\n`
}

function measured(rows: readonly ScaleRow[], shape: ScaleOrder['shape']): ScaleRow[] {
  return rows.filter(({ size, figures }) => size.shape === shape && figures !== undefined)
}

function growth(rows: readonly ScaleRow[]): string[] {
  return (['sparse', 'full'] as const).flatMap((shape) => {
    const found = measured(rows, shape)
    if (found.length < 2) return []
    const [smallest, largest] = [found[0], found.at(-1)!]
    const parts = COSTS.map(([head, cost, own = cost]) => {
      const ratio = own(largest.figures!) / own(smallest.figures!)
      const name = head.replace('\n', ' ') + (own === cost ? '' : ' without system and buffers')
      return `${name} ${ratio.toFixed(2)}${ratio > MOST_GROWTH ? ' (missed)' : ''}`
    })
    return [`${nameOf(largest.size)} to ${nameOf(smallest.size)} (wanted: at most ${MOST_GROWTH}): ${parts.join('; ')}.`]
  })
}

/** The same touches in C. */
function references(rows: readonly ScaleRow[]): string[] {
  return rows.flatMap(({ size, reference }) => {
    if (reference === undefined) return []
    const { new: fresh, system, again } = reference
    return `C, ${nameOf(size)}: first touch on new tables ${digits(fresh)}, the system's part ${digits(system)}; on used tables ${digits(again)}.`
  })
}

/** What every further page takes, and what a machine has before its first one: bytes of two sizes lie on a line. */
function lines(rows: readonly ScaleRow[]): string[] {
  return (['sparse', 'full'] as const).flatMap((shape) => {
    const found = measured(rows, shape)
    return found.slice(1).map((larger, i) => {
      const [few, many] = [found[i].figures!, larger.figures!]
      const slope = (many.bytesPerPage * many.pages - few.bytesPerPage * few.pages) / (many.pages - few.pages)
      const own = (few.bytesPerPage - slope) * few.pages
      const verdict = slope > MOST_BYTES ? ' (missed)' : ''
      return `${nameOf(found[i].size)} to ${nameOf(larger.size)}: ${slope.toFixed(1)} bytes for each page${verdict}, and ${digits(own / 1024)} KiB of the machine itself.`
    })
  })
}

function memory(rows: readonly ScaleRow[]): string[] {
  const found = rows.filter(({ figures }) => figures !== undefined)
  const tables = found.filter(({ figures }) => figures!.tableBuffers > figures!.tableBytes * MOST_TABLES)
  const bytes = found.filter(({ figures }) => figures!.bytesPerPage > MOST_BYTES)
  const names = (some: readonly ScaleRow[]): string => (some.length === 0 ? 'none' : some.map(({ size }) => nameOf(size)).join(', '))
  return [
    `Table buffers beyond ${MOST_TABLES} of Linux's: ${names(tables)}. More than ${MOST_BYTES} bytes a page beyond its tables: ${names(bytes)}.`,
  ]
}
