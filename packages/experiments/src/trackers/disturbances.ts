/**
 * Synthetic programs that write some of a heap in each epoch, and suffer one kind of disturbance in the middle of it.
 * @module
 */
import { MADV_COLLAPSE, MADV_DONTNEED, MADV_REMOVE } from '@faultline/mm-types'
import type { Memory } from '@faultline/program'
import { type Pgtrace, type SyntheticStep, syntheticTrace, type WorkloadOptions } from '@faultline/workloads'

/** Epochs that are disturbed. The one before them fills the heap. */
export const EPOCHS = 4

const START = 0x200000
/** Far enough away for nothing to be joined with it. */
const ELSEWHERE = 0x280000

/** What the program works on. */
interface Heap {
  readonly start: number
  readonly pages: number
  /** Pages of 4 KiB in one page of the memory. */
  readonly grain: number
}

/** One kind of disturbance. */
export interface Disturbance {
  readonly name: string
  /** Left out where the program cannot do it to every memory type. */
  readonly memory?: readonly Memory[]
  readonly options?: WorkloadOptions
  /** The heap is made by brk, so that what is added later is of the same file. */
  readonly byBrk?: boolean
  /** What happens in an epoch (from 1), half of its writes done; and the heap afterwards, where it is another one. */
  readonly steps?: (heap: Heap, epoch: number) => readonly SyntheticStep[]
  readonly after?: (heap: Heap, epoch: number) => Heap
}

const SMALL_PAGES: readonly Memory[] = ['anon', 'shmem', 'shmem-private']
/** Pages of the memory that a neighbour or growth adds. */
const ADDED = 64
const ADDED_HUGE = 2

function quarter({ start, pages }: Heap): { start: number; pages: number } {
  return { start: start + pages / 4, pages: pages / 4 }
}

function added({ grain }: Heap): number {
  return grain === 1 ? ADDED : ADDED_HUGE * grain
}

const longer = (heap: Heap): Heap => ({ ...heap, pages: heap.pages + added(heap) })

/** To another place in one epoch, and back in the next. Tables are handed over whole between places aligned to 2 MiB. */
function moving(name: string, elsewhere: number): Disturbance {
  const place = (epoch: number) => (epoch % 2 === 1 ? elsewhere : START)
  return {
    name,
    memory: SMALL_PAGES,
    steps: ({ start, pages }, epoch) => [{ do: 'remap', start, pages, to: place(epoch) }],
    after: (heap, epoch) => ({ ...heap, start: place(epoch) }),
  }
}

/** In the order tables show them. */
export const DISTURBANCES: readonly Disturbance[] = [
  { name: 'nothing' },
  {
    name: 'a mapping beside it',
    steps: (heap, epoch) => [{ do: 'map', start: heap.start + heap.pages + (epoch - 1) * added(heap), pages: added(heap) }],
  },
  {
    name: 'brk grows it',
    byBrk: true,
    steps: (heap) => [{ do: 'brk', from: heap.start + heap.pages, to: heap.start + heap.pages + added(heap) }],
    after: longer,
  },
  {
    name: 'mremap grows it',
    memory: SMALL_PAGES,
    steps: ({ start, pages, grain }) => [{ do: 'remap', start, pages, to: start, newPages: pages + added({ start, pages, grain }) }],
    after: longer,
  },
  moving('mremap moves whole tables', ELSEWHERE),
  moving('mremap moves it by odd pages', ELSEWHERE + 37),
  { name: 'MADV_DONTNEED of a quarter', steps: (heap) => [{ do: 'advise', ...quarter(heap), advice: MADV_DONTNEED }] },
  {
    name: 'MADV_REMOVE of a quarter',
    memory: ['shmem'],
    steps: (heap) => [{ do: 'advise', ...quarter(heap), advice: MADV_REMOVE }],
  },
  {
    name: 'a quarter mapped anew',
    steps: (heap) => [
      { do: 'unmap', ...quarter(heap) },
      { do: 'map', ...quarter(heap) },
    ],
  },
  {
    name: 'half read-only for a while',
    memory: SMALL_PAGES,
    steps: ({ start, pages }) => [
      { do: 'protect', start, pages: pages / 2, writable: false },
      { do: 'protect', start, pages: pages / 2, writable: true },
    ],
  },
  { name: 'fork', steps: () => [{ do: 'fork' }] },
  { name: 'swap-out of a quarter', memory: SMALL_PAGES, options: { reclaim: 0.25 } },
  {
    name: 'MADV_COLLAPSE',
    memory: SMALL_PAGES,
    steps: ({ start, pages }) => [{ do: 'advise', start, pages, advice: MADV_COLLAPSE }],
  },
]

/** The heap of a memory type: 1024 small pages, or 32 huge ones. */
function heapOf(memory: Memory): Heap {
  const grain = memory.startsWith('hugetlb') ? 512 : 1
  return { start: START, pages: grain === 1 ? 1024 : 32 * grain, grain }
}

/** Whether this memory can be disturbed so. */
export function applies(disturbance: Disturbance, memory: Memory): boolean {
  return disturbance.memory === undefined || disturbance.memory.includes(memory)
}

/** The program: fills the heap, then writes an eighth of it before and after each disturbance. */
export function disturbedProgram(disturbance: Disturbance, memory: Memory, seed: number): Pgtrace {
  let heap = heapOf(memory)
  const end = heap.start + heap.pages
  const steps: SyntheticStep[] = [disturbance.byBrk ? { do: 'brk', from: heap.start, to: end } : { do: 'map', ...rangeOf(heap) }]
  const touch = (count: number): SyntheticStep => ({ do: 'touch', ...rangeOf(heap), grain: heap.grain, count, order: 'shuffled' })
  const eighth = heap.pages / heap.grain / 8
  steps.push({ do: 'touch', ...rangeOf(heap), grain: heap.grain }, { do: 'epoch' })
  for (let epoch = 1; epoch <= EPOCHS; epoch++) {
    steps.push(touch(eighth), ...(disturbance.steps?.(heap, epoch) ?? []))
    heap = disturbance.after?.(heap, epoch) ?? heap
    steps.push(touch(eighth), { do: 'epoch' })
  }
  return syntheticTrace({ name: disturbance.name, seed, steps })
}

function rangeOf({ start, pages }: Heap): { start: number; pages: number } {
  return { start, pages }
}
