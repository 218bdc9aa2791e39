/**
 * What steps that run all the time allocate.
 * @module
 */
import { getHeapStatistics } from 'node:v8'
import { createModel, findDesign } from '@faultline/designs'
import { PAGE_IS_WRITTEN, UFFD_FEATURE_WP_ASYNC, UFFD_FEATURE_WP_UNPOPULATED } from '@faultline/mm-types'
import { Stage } from './stage.ts'

const PAGES = 8192
/** Faults of huge pages: so many that what a call allocates once, some 1.8 KB, is little for each. */
const HUGE = 4096
const HUGE_PAGES = 512
const WARM = 30

const ASYNC = UFFD_FEATURE_WP_UNPOPULATED | UFFD_FEATURE_WP_ASYNC

type Step = readonly [name: string, repeat: number, before: (stage: Stage) => void, step: (stage: Stage) => void]

/** Times that each step is repeated, so that together they are more than 10 million operations. */
const STEPS: readonly Step[] = [
  ['access through the TLB', 400, (stage) => stage.touch(512), (stage) => hit(stage)],
  ['first touch', 120, (stage) => dontneed(stage), (stage) => stage.touch()],
  ['MADV_DONTNEED', 120, (stage) => stage.touch(), (stage) => dontneed(stage)],
  ['write-protect', 120, (stage) => stage.touch(), (stage) => stage.protect(true)],
  ['WP_ASYNC fault', 120, (stage) => protectAll(stage), (stage) => stage.touch()],
  ['WP_ASYNC fault in random order', 120, (stage) => protectAll(stage), (stage) => stage.touchingInOrder(stage.order)()],
  ['arming what is empty', 60, (stage) => dontneed(stage), (stage) => stage.protect(true)],
  ['first load of a marker', 60, (stage) => armEmpty(stage), (stage) => stage.loading()()],
  ['first store to a marker', 60, (stage) => armEmpty(stage), (stage) => stage.touch()],
  ['PAGEMAP_SCAN', 120, (stage) => protectAll(stage), (stage) => scan(stage)],
  ['fork', 40, (stage) => stage.touch(), (stage) => fork(stage)],
  ['swapping out', 60, (stage) => stage.touch(), (stage) => swapOut(stage)],
  ['swapping in', 60, (stage) => swappedOut(stage), (stage) => stage.touch()],
]

/** The same of faults of huge pages, each step of `HUGE` of them. */
const HUGE_STEPS: readonly Step[] = [
  ['fault of a transparent huge page', 40, (stage) => mapHuge(stage), (stage) => stage.touch(HUGE, HUGE_PAGES)],
  ['fault of a hugetlb page', 40, (stage) => mapHugetlb(stage), (stage) => stage.touch(HUGE, HUGE_PAGES)],
]

/** The same of stores that wait for a monitor. */
const SYNC_STEPS: readonly Step[] = [
  ['synchronous fault', 60, (stage) => protectAll(stage), (stage) => stage.touch()],
  ['synchronous fault in random order', 60, (stage) => protectAll(stage), (stage) => stage.touchingInOrder(stage.order)()],
]

/** Bytes an operation that the heap has grown by. A collection hides one step of many. */
function bytesOf(stage: Stage, units: number, [, repeat, before, step]: Step): number {
  let bytes = 0
  for (let i = -WARM; i < repeat; i++) {
    before(stage)
    const was = getHeapStatistics().used_heap_size
    step(stage)
    const grown = getHeapStatistics().used_heap_size - was
    if (i >= 0 && grown > 0) bytes += grown
  }
  return bytes / (repeat * units)
}

function hit({ session }: Stage): void {
  for (let i = 0; i < PAGES; i++) session.access('main', 0x10000000 + (i & 511), true, i)
}

function dontneed(stage: Stage): void {
  stage.do({ op: 'madvise', range: stage.first(), advice: 'dontneed' })
}

function protectAll(stage: Stage): void {
  stage.touch()
  stage.protect(true)
}

function armEmpty(stage: Stage): void {
  dontneed(stage)
  stage.protect(true)
}

function scan(stage: Stage): void {
  const mask = { inverted: 0, mask: PAGE_IS_WRITTEN, anyof: 0, returned: PAGE_IS_WRITTEN }
  stage.do({ op: 'scan', range: stage.first(), flags: 0, ...mask, maxPages: 0, vecLen: 64 })
}

function fork(stage: Stage): void {
  stage.do({ op: 'fork', child: 'child' })
  stage.do({ op: 'exit', process: 'child' })
}

function swapOut(stage: Stage): void {
  stage.do({ op: 'madvise', range: stage.first(), advice: 'pageout' })
}

function swappedOut(stage: Stage): void {
  stage.touch()
  swapOut(stage)
}

function mapHuge(stage: Stage): void {
  stage.unmap()
  stage.map()
  stage.do({ op: 'madvise', range: stage.first(), advice: 'hugepage' })
}

function mapHugetlb(stage: Stage): void {
  stage.memory = 'hugetlb-private'
  stage.unmap()
  stage.map()
}

/** What the measurement must see: one small object a page. */
function plant(kept: object[]): void {
  kept.length = 0
  for (let i = 0; i < PAGES; i++) kept.push({ i })
}

/** What `measureHeap` found. */
export interface HeapGrowth {
  /** Pages that all steps together went over. */
  readonly operations: number
  /** Bytes that the heap grew by for each page, by step. */
  readonly bytes: Readonly<Record<string, number>>
  /** The same of a step that allocates an object a page: were it not seen, the others would say nothing. */
  readonly planted: number
}

/** Runs the steps of a design and watches the heap. */
export function measureHeap(name: string): HeapGrowth {
  const design = findDesign(name)!
  const bytes: Record<string, number> = {}
  let operations = 0
  const measure = (stage: Stage, units: number, steps: readonly Step[]): void => {
    for (const step of steps) {
      bytes[step[0]] = bytesOf(stage, units, step)
      operations += step[1] * units
    }
  }
  const open = (pages: number): Stage => {
    const stage = new Stage(createModel(design).open(), design, pages)
    stage.map()
    return stage
  }
  const watched = (features: number): Stage => {
    const stage = open(PAGES)
    stage.do({ op: 'madvise', range: stage.first(), advice: 'nohugepage' })
    stage.watch(features)
    return stage
  }
  const stage = watched(ASYNC)
  measure(stage, PAGES, STEPS)
  measure(watched(UFFD_FEATURE_WP_UNPOPULATED), PAGES, SYNC_STEPS)
  measure(open(HUGE * HUGE_PAGES), HUGE, HUGE_STEPS)
  const kept: object[] = []
  const planted = bytesOf(stage, PAGES, ['planted', 40, () => {}, () => plant(kept)])
  return { operations, bytes, planted }
}
