/**
 * What steps that run all the time allocate.
 * @module
 */
import { getHeapStatistics } from 'node:v8'
import { createModel, findDesign } from '@faultline/designs'
import { PAGE_IS_WRITTEN, UFFD_FEATURE_WP_ASYNC, UFFD_FEATURE_WP_UNPOPULATED } from '@faultline/mm-types'
import { Stage } from './stage.ts'

const PAGES = 8192
const WARM = 30

/** Times that each step is repeated, so that together they are more than 10 million operations. */
const STEPS: readonly (readonly [name: string, repeat: number, before: (stage: Stage) => void, step: (stage: Stage) => void])[] = [
  ['access through the TLB', 400, (stage) => stage.touch(512), (stage) => hit(stage)],
  ['first touch', 120, (stage) => dontneed(stage), (stage) => stage.touch()],
  ['MADV_DONTNEED', 120, (stage) => stage.touch(), (stage) => dontneed(stage)],
  ['write-protect', 120, (stage) => stage.touch(), (stage) => stage.protect(true)],
  ['WP_ASYNC fault', 120, (stage) => protectAll(stage), (stage) => stage.touch()],
  ['WP_ASYNC fault in random order', 120, (stage) => protectAll(stage), (stage) => stage.touchInOrder(stage.order)],
  ['arming what is empty', 60, (stage) => dontneed(stage), (stage) => stage.protect(true)],
  ['first load of a marker', 60, (stage) => armEmpty(stage), (stage) => stage.load()],
  ['first store to a marker', 60, (stage) => armEmpty(stage), (stage) => stage.touch()],
  ['PAGEMAP_SCAN', 120, (stage) => protectAll(stage), (stage) => scan(stage)],
  ['fork', 40, (stage) => stage.touch(), (stage) => fork(stage)],
]

/** Bytes an operation that the heap has grown by. A collection hides one step of many. */
function bytesOf(stage: Stage, [, repeat, before, step]: (typeof STEPS)[number]): number {
  let bytes = 0
  for (let i = -WARM; i < repeat; i++) {
    before(stage)
    const was = getHeapStatistics().used_heap_size
    step(stage)
    const grown = getHeapStatistics().used_heap_size - was
    if (i >= 0 && grown > 0) bytes += grown
  }
  return bytes / (repeat * PAGES)
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
  const stage = new Stage(createModel(design).open(), design, PAGES)
  stage.map()
  stage.do({ op: 'madvise', range: stage.first(), advice: 'nohugepage' })
  stage.watch(UFFD_FEATURE_WP_UNPOPULATED | UFFD_FEATURE_WP_ASYNC)
  const bytes = Object.fromEntries(STEPS.map((step) => [step[0], bytesOf(stage, step)]))
  const kept: object[] = []
  const planted = bytesOf(stage, ['planted', 40, () => {}, () => plant(kept)])
  return { operations: STEPS.reduce((sum, [, repeat]) => sum + repeat * PAGES, 0), bytes, planted }
}
