/**
 * One size of address space, measured in a process of its own.
 * @module
 */
import { createModel, findDesign } from '@faultline/designs'
import { UFFD_FEATURE_WP_ASYNC, UFFD_FEATURE_WP_UNPOPULATED } from '@faultline/mm-types'
import { onCpu, onCpuApart } from './clock.ts'
import { touchNewMemory } from './new-memory.ts'
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
  /** Of `touchNew` what the operating system took: it maps and zeroes memory. */
  readonly system: number
  /** What V8 takes for as many bytes of new buffers without any model, the operating system left out. */
  readonly buffers: number
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
const BYTES_PER_TABLE = 4096
const BYTES_PER_FRAME = 32
/** Small sizes are repeated until so many pages were touched. */
const LEAST_PAGES = 2 ** 17
/** Small and often, so that the compiler has seen it all. */
const WARM_GIB = 1 / 16
const WARM_MS = 1500
const FEATURES = UFFD_FEATURE_WP_UNPOPULATED | UFFD_FEATURE_WP_ASYNC

/** Measures one size, after a small one has warmed the code. */
export function measureScale(order: ScaleOrder, warmMs = WARM_MS, leastPages = LEAST_PAGES): ScaleFigures {
  const shapes = (['sparse', 'full'] as const).map((shape): ScaleOrder => ({ ...order, gib: WARM_GIB, shape }))
  // They stay open: what is compiled for objects of which a collection finds none left is thrown away, and the next session starts slowly.
  const open = shapes.map((each) => playScale(each, false).session)
  for (const shape of shapes) warm(shape, warmMs)
  const rounds = Math.max(1, Math.ceil(leastPages / pagesOf(order)))
  const figures = Array.from({ length: rounds }, () => playScale(order).figures)
  for (const session of open) session.close()
  const middle = (name: keyof ScaleFigures): number => median(figures.map((each) => each[name]))
  const { pages, tableBytes, tableBuffers } = figures[0]
  return {
    pages,
    touchNew: middle('touchNew'),
    touchAgain: middle('touchAgain'),
    system: middle('system'),
    buffers: middle('buffers'),
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

function playScale(order: ScaleOrder, close = true): { figures: ScaleFigures; session: { close(): void } } {
  const design = findDesign(order.design)!
  const span = order.gib * PAGES_PER_GIB
  const pages = pagesOf(order)
  const others: (readonly Int32Array[])[] = []
  const alone = onCpuApart(() => others.push(touchNewMemory((span / PAGES_PER_TABLE) * BYTES_PER_TABLE + pages * BYTES_PER_FRAME)))
  const before = memory()
  const session = createModel(design).open()
  const stage = new Stage(session, design, PAGES_PER_TABLE)
  const stride = span / pages
  const first = stage.first(span)
  stage.map(span)
  stage.do({ op: 'madvise', range: first, advice: 'nohugepage' })
  const fresh = onCpuApart(stage.touching(pages, stride))
  const bytes = memory() - before
  others.length = 0
  const tableBytes = session.tableBytes('main')
  const tableBuffers = session.composed.kernel.machine.tables.bufferBytes()
  stage.watch(FEATURES, span)
  const arm = onCpu(() => stage.protect(true, span)) / span
  const armAgain = onCpu(() => stage.protect(true, span)) / span
  const scan = onCpu(() => stage.scanWritten(span, 64))
  const munmap = onCpu(() => stage.unmap(span)) / pages
  stage.map(span)
  const touchAgain = onCpu(stage.touching(pages, stride)) / pages
  if (close) session.close()
  const figures: ScaleFigures = {
    pages,
    touchNew: fresh.ns / pages,
    touchAgain,
    system: fresh.system / pages,
    buffers: (alone.ns - alone.system) / pages,
    arm,
    armAgain,
    scan: scan / span,
    munmap,
    tableBytes,
    tableBuffers,
    bytesPerPage: (bytes - tableBuffers) / pages,
  }
  return { figures, session }
}

function memory(): number {
  // What the first frees of buffers, the second takes from the count.
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
