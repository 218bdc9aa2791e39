import { PROT_READ, PROT_WRITE } from '@faultline/mm-types'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { PGT_READ, PGT_WRITE, type Pgtrace, PgtraceBuilder } from '../trace/pgtrace.ts'
import type { SyntheticProgram, SyntheticStep, Touch } from './program.ts'
import { happens, type Random, visitPages } from './touch-order.ts'

/** MAP_PRIVATE | MAP_ANONYMOUS, as a recorder would have seen it. */
const PRIVATE_ANONYMOUS = 0x22
const MREMAP_MAYMOVE = 1

/**
 * Makes a pgtrace of a description instead of a recording, so that every workload can run on it: one phenomenon at a time, at a
 * rate that is chosen. The same description gives the same trace.
 *
 * @throws RangeError for a touch of no pages or a step outside a 48-bit address space
 *
 * @example
 * ```ts
 * const heap = { start: 0x100000, pages: 4096 }
 * const trace = syntheticTrace({
 *   name: 'a tenth of the heap an epoch', seed: 1,
 *   steps: [
 *     { do: 'map', ...heap },
 *     { do: 'touch', ...heap },
 *     ...Array.from({ length: 8 }, () => [
 *       { do: 'epoch' } as const,
 *       { do: 'touch', ...heap, count: 410, order: 'shuffled' } as const,
 *     ]).flat(),
 *   ],
 * })
 * workload.run(session, design, trace, { epochMarks: 1, reclaim: 0, unmap: 0, khugepaged: 0 })
 * ```
 */
export function syntheticTrace(program: SyntheticProgram): Pgtrace {
  const builder = new PgtraceBuilder(1024)
  const random = xoroshiro128plus(program.seed)
  const numbers = { epoch: 0, fork: 0 }
  for (const step of program.steps) {
    if (step.do === 'touch') addTouch(builder, step, random)
    else addEvent(builder, step, numbers)
  }
  return builder.finish(program.name, ['#pgtrace 1', `#program ${program.name}`, '#recorder synthetic', '#page 4096'])
}

function addTouch(builder: PgtraceBuilder, touch: Touch, random: Random): void {
  const { start, pages, writes = 1 } = touch
  if (pages <= 0 || start < 0 || start + pages > 2 ** 36) refuse(`a touch of pages ${start}+${pages}`, 'pages below 2^36, at least one')
  visitPages(touch, random, (page) => builder.access(happens(random, writes) ? PGT_WRITE : PGT_READ, start + page, 0))
}

type EventStep = Exclude<SyntheticStep, Touch>

function addEvent(builder: PgtraceBuilder, step: EventStep, numbers: { epoch: number; fork: number }): void {
  const [letter, operands] = eventOf(step, numbers)
  builder.event(letter, operands, refuse)
}

function eventOf(step: EventStep, numbers: { epoch: number; fork: number }): [letter: string, operands: number[]] {
  switch (step.do) {
    case 'map':
      return ['M', [step.start, step.pages, prot(step.writable ?? true), PRIVATE_ANONYMOUS, -1, 0]]
    case 'unmap':
      return ['U', [step.start, step.pages]]
    case 'protect':
      return ['P', [step.start, step.pages, prot(step.writable)]]
    case 'advise':
      return ['A', [step.start, step.pages, step.advice]]
    case 'remap':
      return ['V', [step.start, step.pages, step.to, step.newPages ?? step.pages, MREMAP_MAYMOVE]]
    case 'brk':
      return ['B', [step.from, step.to]]
    case 'fork':
      return ['F', [numbers.fork++]]
    case 'epoch':
      return ['t', [numbers.epoch++]]
  }
}

function prot(writable: boolean): number {
  return writable ? PROT_READ | PROT_WRITE : PROT_READ
}

function refuse(problem: string, expected: string): never {
  throw new RangeError(`a synthetic program has ${problem}; expected ${expected}`)
}
