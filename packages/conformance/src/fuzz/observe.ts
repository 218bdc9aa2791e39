/**
 * The operations that look at what other operations have done.
 * @module
 */
import { type Operation, place, range } from '@faultline/program'
import type { KnownRegion, Names } from './names.ts'
import { PAGES_PER_GIB } from './world.ts'

/** Operations that only look, or only change how a monitor will answer. */
const CHANGES_NOTHING: ReadonlySet<Operation['op']> = new Set([
  'file',
  'pagemap',
  'status',
  'comment',
  'monitor',
  'userfaultfd',
  'api',
  'receive',
  'wake',
])

/** Pages of a small region: all of them are looked at after every operation. */
const SMALL = 40
/** Parts of a large region that are looked at after every operation: its start, and the border of two tables. */
const WINDOWS: readonly (readonly [number, number])[] = [
  [0, 10],
  [506, 12],
]

/** Parts of a mapping of a GiB and more that are looked at in the end: its first tables, and about its middle and the end of the GiB. */
const WIDE_WINDOWS: readonly (readonly [number, number])[] = [
  [0, 2060],
  [PAGES_PER_GIB / 2 - 520, 1040],
  [PAGES_PER_GIB - 1030, 1560],
]

/** What to look at after an operation: the regions of the process that performed it. */
export function observationsAfter(operation: Operation, names: Names): Operation[] {
  if (CHANGES_NOTHING.has(operation.op) || operation.op === 'exit') return []
  const process = operation.process ?? 'main'
  return names.processes.has(process) ? pagemaps(process, names, false) : []
}

/** What to look at in the end: all pages of all processes, their tables, then, unwatched, what the pages contain. */
export function finalObservations(names: Names): Operation[] {
  const operations: Operation[] = []
  for (const process of names.processes) operations.push(...pagemaps(process, names, true), { op: 'status', ...actor(process) })
  for (const uffd of names.uffds) operations.push({ op: 'close', uffd, thread: 'closer' })
  for (const process of names.processes) {
    for (const [region, known] of names.regions) {
      for (const page of readPages(known)) operations.push({ op: 'read', at: place(region, page), ...actor(process), thread: 'reader' })
    }
  }
  return operations
}

function pagemaps(process: string, names: Names, whole: boolean): Operation[] {
  const operations: Operation[] = []
  for (const [region, { pages }] of names.regions) {
    const all = whole || pages <= SMALL
    const windows = all && pages >= PAGES_PER_GIB ? WIDE_WINDOWS : all ? ([[0, pages]] as const) : WINDOWS
    for (const [page, length] of windows) {
      if (page < pages) operations.push({ op: 'pagemap', range: range(region, page, Math.min(length, pages - page)), ...actor(process) })
    }
  }
  return operations
}

function readPages({ pages }: KnownRegion): number[] {
  if (pages <= 10) return Array.from({ length: pages }, (_, page) => page)
  return [0, 1, 2, 3, 4, 5, 6, 7, 15, 16, 511, 512, pages - 1].filter((page) => page < pages)
}

function actor(process: string): { readonly process?: string } {
  return process === 'main' ? {} : { process }
}
