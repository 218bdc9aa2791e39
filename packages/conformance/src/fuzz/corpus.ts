/**
 * Random programs worth keeping, and what a kernel does with them, looked at as the fuzzer looks.
 * @module
 */
import type { Operation, RecordedProgram, RecordedStep, System } from '@faultline/program'
import { Coverage } from './coverage.ts'
import { generateProgram } from './generate.ts'
import type { GeneratorOptions } from './generate-setup.ts'
import { programSeed } from './random.ts'
import { isOutcome, runFirst } from './runs.ts'

/** Which programs are tried. */
export interface CorpusOptions extends GeneratorOptions {
  readonly seed: number
  /** Programs to keep at most. */
  readonly keep: number
  /** Programs to try. */
  readonly tries: number
}

/** A random program by the seed that makes it. */
export interface SeededProgram {
  readonly seed: number
  readonly program: readonly Operation[]
}

/**
 * Of many random programs those that matter: each meets an operation, a state of a page or an ending that none kept before it does.
 * @param system - answers at once: a model
 */
export async function choosePrograms(system: System, options: CorpusOptions): Promise<SeededProgram[]> {
  const coverage = new Coverage()
  const kept: SeededProgram[] = []
  for (let index = 0; index < options.tries && kept.length < options.keep; index++) {
    const seed = programSeed(options.seed, index)
    const program = generateProgram(seed, options)
    const before = sizeOf(coverage)
    await runFirst(system, program, coverage)
    if (sizeOf(coverage) > before) kept.push({ seed, program })
  }
  return kept
}

function sizeOf({ met, endings }: Coverage): number {
  let size = 0
  for (const table of [met, endings]) for (const row of table.values()) size += row.size
  return size
}

/**
 * Records what a system does with a random program: after each operation, and in the end, it is looked at as `verify` does.
 * @throws Error when the system fails in itself
 */
export async function recordRandom(system: System, { seed, program }: SeededProgram): Promise<RecordedProgram> {
  const { operations, answers } = await runFirst(system, program)
  const steps: RecordedStep[] = []
  const name = `random ${seed >>> 0}`
  for (const [index, operation] of operations.entries()) {
    const answer = answers[index]!
    if ('crash' in answer) throw new Error(`${name}: ${answer.crash}`)
    if (!isOutcome(answer)) return { program: name, steps, ended: answer.inexpressible }
    steps.push({ operation, outcome: answer })
  }
  return { program: name, steps }
}
