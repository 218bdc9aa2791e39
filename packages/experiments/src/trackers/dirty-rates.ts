/**
 * Synthetic programs that write a share of a heap in each epoch, and what an epoch of them costs a tracker.
 * @module
 */
import { oracle } from '@faultline/designs'
import type { Memory } from '@faultline/program'
import { type Pgtrace, type SyntheticStep, syntheticTrace } from '@faultline/workloads'
import { COMPARED, type TrackedRun, track } from './compared.ts'

/** How the pages of an epoch lie. */
export type Pattern = 'sequential' | 'scattered'
export const PATTERNS: readonly Pattern[] = ['sequential', 'scattered']

/** Percent of the heap written in an epoch. */
export const RATES = [0.1, 0.3, 1, 3, 10, 30, 100]

/** Memory, and the pages of its own size in the heap. */
export const HEAPS: readonly { readonly memory: Memory; readonly pages: number }[] = [
  { memory: 'anon', pages: 8192 },
  { memory: 'shmem', pages: 8192 },
  { memory: 'hugetlb', pages: 256 },
]

/** Epochs that are measured, after one that fills the heap. */
export const MEASURED = 4

const START = 0x200000

/** A program that fills a heap and then writes `dirty` of its pages in each epoch. */
export function dirtyingProgram(
  memory: Memory,
  pages: number,
  dirty: number,
  pattern: Pattern,
  seed: number,
  fill: 'sequential' | 'shuffled',
): Pgtrace {
  const grain = memory.startsWith('hugetlb') ? 512 : 1
  const heap = { start: START, pages: pages * grain }
  const steps: SyntheticStep[] = [{ do: 'map', ...heap }, { do: 'touch', ...heap, grain, order: fill }, { do: 'epoch' }]
  for (let epoch = 0; epoch < MEASURED; epoch++) {
    if (pattern === 'sequential') steps.push({ do: 'touch', ...heap, grain, count: dirty, offset: (epoch * dirty) % pages })
    else steps.push({ do: 'touch', ...heap, grain, count: dirty, order: 'shuffled' })
    steps.push({ do: 'epoch' })
  }
  return syntheticTrace({ name: `${dirty} of ${pages} pages an epoch, ${pattern}`, seed, steps })
}

/** What one epoch costs, beside what the program itself does. */
interface EpochCost {
  readonly steps: number
  readonly counters: Readonly<Record<string, number>>
  readonly lost: number
  readonly spurious: number
  readonly peakVmas: number
}

/** Costs of one combination, a tracker each in the order of `COMPARED`; null where it cannot. */
export interface RateRun {
  readonly memory: Memory
  readonly pattern: Pattern
  readonly percent: number
  readonly dirty: number
  readonly costs: readonly (EpochCost | null)[]
}

/** Pages written in an epoch at a rate; 0 when it is less than one. */
export function dirtyPages(pages: number, percent: number): number {
  return Math.floor((pages * percent) / 100)
}

/** Measures every tracker on one combination. */
export function measure(memory: Memory, pages: number, percent: number, pattern: Pattern, seed: number): RateRun {
  const dirty = dirtyPages(pages, percent)
  const trace = dirtyingProgram(memory, pages, dirty, pattern, seed, 'sequential')
  const bare = perEpoch(track(oracle, trace, { memory }))
  const costs = COMPARED.map(({ design }) => costOf(track(design, trace, { memory }), bare))
  return { memory, pattern, percent, dirty, costs }
}

function costOf(run: TrackedRun, bare: Readonly<Record<string, number>>): EpochCost | null {
  const { result } = run
  if ('unsupported' in result) return null
  const counters = perEpoch(run)
  const beside: Record<string, number> = {}
  for (const [name, value] of Object.entries(counters)) beside[name] = value - (bare[name] ?? 0)
  return { steps: beside.steps, counters: beside, lost: result.lost, spurious: result.spurious, peakVmas: result.peakVmas }
}

/** Counters of a measured epoch, on average: the first epoch, which fills the heap, is left out. */
function perEpoch({ afterEpoch }: TrackedRun): Record<string, number> {
  const [first, last] = [afterEpoch[0], afterEpoch[MEASURED]]
  return Object.fromEntries(Object.keys(last ?? {}).map((name) => [name, (last[name] - first[name]) / MEASURED]))
}
