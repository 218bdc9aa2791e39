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
  /** Programs to choose from. */
  readonly tries: number
}

/** A random program by the seed that makes it. */
export interface SeededProgram {
  readonly seed: number
  readonly program: readonly Operation[]
}

/** A program, and what it reaches that none of those kept does. */
interface Candidate extends SeededProgram {
  readonly reached: Set<string>
}

/**
 * Of many random programs those that reach most: each of them the one that meets more operations on states of pages, and more ways to
 * end, that none kept before it does than any other would. Fewer are kept where nothing more is to be reached.
 * @param system - answers at once: a model
 */
export async function choosePrograms(system: System, options: CorpusOptions): Promise<SeededProgram[]> {
  const candidates: Candidate[] = []
  for (let index = 0; index < options.tries; index++) {
    const seed = programSeed(options.seed, index)
    const program = generateProgram(seed, options)
    candidates.push({ seed, program, reached: await reachedBy(system, program) })
  }
  const kept: SeededProgram[] = []
  while (kept.length < options.keep) {
    const best = candidates.reduce((most, each) => (each.reached.size > most.reached.size ? each : most))
    if (best.reached.size === 0) break
    kept.push({ seed: best.seed, program: best.program })
    const reached = [...best.reached]
    for (const each of candidates) for (const key of reached) each.reached.delete(key)
  }
  return kept
}

async function reachedBy(system: System, program: readonly Operation[]): Promise<Set<string>> {
  const coverage = new Coverage()
  await runFirst(system, program, coverage)
  const reached = new Set<string>()
  for (const table of [coverage.met, coverage.endings]) {
    for (const [operation, row] of table) for (const key of row.keys()) reached.add(`${operation}: ${key}`)
  }
  return reached
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
    if (!isOutcome(answer)) return { program: name, steps, ended: reasonIn(answer.inexpressible, system) }
    steps.push({ operation, outcome: answer })
  }
  return { program: name, steps }
}

/** What the message of an ExpressionError says could not be performed: the system stands at the head of a recording, and remedies are past. */
function reasonIn(message: string, system: System): string {
  return message.replace(`${system.name} cannot express `, '').replace(/ \([a-z ]+\): .*$/, '')
}
