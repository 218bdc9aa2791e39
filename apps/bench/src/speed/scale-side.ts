/**
 * One size of address space, measured in a process of its own.
 * @module
 */
import { createModel, findDesign } from '@faultline/designs'
import { PAGE_IS_WRITTEN, UFFD_FEATURE_WP_ASYNC, UFFD_FEATURE_WP_UNPOPULATED } from '@faultline/mm-types'
import { onCpu } from './clock.ts'
import { Stage } from './stage.ts'
import { median } from './statistics.ts'

/** A size to measure. */
export interface ScaleOrder {
  readonly design: string
  readonly gib: number
  /** `sparse`: one page in 2 MiB is touched; `full`: every page. */
  readonly shape: 'sparse' | 'full'
}

/** Nanoseconds and bytes of one size. */
export interface ScaleFigures {
  /** Pages touched. */
  readonly pages: number
  /** Tables and frames from the operating system, as a new session has to get them; and those that the session had before. */
  readonly touchNew: number
  readonly touchAgain: number
  /** Per pte of the range: arming it, arming it again, scanning it. */
  readonly arm: number
  readonly armAgain: number
  readonly scan: number
  /** Per page touched. */
  readonly munmap: number
  /** Page-table bytes as Linux counts them (VmPTE) when every page is touched, and the bytes of the buffers that hold them. */
  readonly tableBytes: number
  readonly tableBuffers: number
  /** Heap and buffers a page touched, beyond the buffers of the page tables. */
  readonly bytesPerPage: number
}

const PAGES_PER_GIB = 2 ** 18
const PAGES_PER_TABLE = 512
/** Small sizes are repeated until so many pages were touched. */
const LEAST_PAGES = 2 ** 15
/** Small and often, so that the compiler has seen it all. */
const WARM_GIB = 1 / 16
const WARM_MS = 1500
const FEATURES = UFFD_FEATURE_WP_UNPOPULATED | UFFD_FEATURE_WP_ASYNC

/** Measures one size, after a small one has warmed the code. */
export function measureScale(order: ScaleOrder, warmMs = WARM_MS, leastPages = LEAST_PAGES): ScaleFigures {
  for (const shape of ['sparse', 'full'] as const) warm({ ...order, gib: WARM_GIB, shape }, warmMs)
  const rounds = Math.max(1, Math.ceil(leastPages / pagesOf(order)))
  const figures = Array.from({ length: rounds }, () => playScale(order))
  const middle = (name: keyof ScaleFigures): number => median(figures.map((each) => each[name]))
  const { pages, tableBytes, tableBuffers } = figures[0]
  return {
    pages,
    touchNew: middle('touchNew'),
    touchAgain: middle('touchAgain'),
    arm: middle('arm'),
    armAgain: middle('armAgain'),
    scan: middle('scan'),
    munmap: middle('munmap'),
    tableBytes,
    tableBuffers,
    bytesPerPage: middle('bytesPerPage'),
  }
}

function warm(order: ScaleOrder, ms: number): void {
  const until = performance.now() + ms
  do playScale(order)
  while (performance.now() < until)
}

function pagesOf({ gib, shape }: ScaleOrder): number {
  return (gib * PAGES_PER_GIB) / (shape === 'full' ? 1 : PAGES_PER_TABLE)
}

function playScale(order: ScaleOrder): ScaleFigures {
  const design = findDesign(order.design)!
  const span = order.gib * PAGES_PER_GIB
  const pages = pagesOf(order)
  const before = memory()
  const session = createModel(design).open()
  const stage = new Stage(session, design, PAGES_PER_TABLE)
  const stride = span / pages
  const first = stage.first(span)
  stage.map(span)
  stage.do({ op: 'madvise', range: first, advice: 'nohugepage' })
  const touchNew = onCpu(() => stage.touch(pages, stride)) / pages
  const bytes = memory() - before
  const tableBytes = session.tableBytes('main')
  const tableBuffers = session.composed.kernel.machine.tables.bufferBytes()
  stage.watch(FEATURES, span)
  const arm = onCpu(() => stage.protect(true, span)) / span
  const armAgain = onCpu(() => stage.protect(true, span)) / span
  const scan = onCpu(() => {
    stage.do({
      op: 'scan',
      range: first,
      flags: 0,
      inverted: 0,
      mask: PAGE_IS_WRITTEN,
      anyof: 0,
      returned: PAGE_IS_WRITTEN,
      maxPages: 0,
      vecLen: 64,
    })
  })
  const munmap = onCpu(() => stage.unmap(span)) / pages
  stage.map(span)
  const touchAgain = onCpu(() => stage.touch(pages, stride)) / pages
  session.close()
  return {
    pages,
    touchNew,
    touchAgain,
    arm,
    armAgain,
    scan: scan / span,
    munmap,
    tableBytes,
    tableBuffers,
    bytesPerPage: (bytes - tableBuffers) / pages,
  }
}

function memory(): number {
  // What the first frees of buffers, the second takes from the count.
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
