/**
 * Runs programs on two systems: on the first one an operation at a time, on the second the script that came of it.
 * @module
 */
import { EOPNOTSUPP } from '@faultline/mm-types'
import { ExpressionError, type Operation, type Outcome, type Session, type System } from '@faultline/program'
import { Names } from './names.ts'
import { finalObservations, observationsAfter } from './observe.ts'

/** What performing an operation came to; a system that fails in itself says how. */
export type Answer = Outcome | { readonly inexpressible: string } | { readonly crash: string }

/** A system that takes many programs at once. A list shorter than its program ends before what could not be performed. */
export interface BatchSystem extends System {
  /** Runs the programs, each in a session of its own. @returns the outcomes of each, in order */
  runMany(programs: Iterable<readonly Operation[]>): AsyncIterable<readonly Outcome[]>
}

/** A program as it was performed: observations included, what could not be performed left out. */
export interface Script {
  readonly operations: readonly Operation[]
  /** For each operation, where it stands in the program it comes from; -1 for observations. */
  readonly origins: readonly number[]
  readonly answers: readonly Answer[]
}

/** Told of each operation of a program before it is performed. */
export interface Watcher {
  before(session: Session, names: Names, operation: Operation): void
  after(operation: Operation, outcome: Outcome): void
}

/** Tells an outcome from the error that came instead of one. */
export function isOutcome(answer: Answer): answer is Outcome {
  return !('inexpressible' in answer) && !('crash' in answer)
}

/** Runs a program on the first system. It ends early where the system cannot express an operation, or fails. */
export async function runFirst(system: System, program: readonly Operation[], watcher?: Watcher): Promise<Script> {
  const session = await system.open()
  const names = new Names()
  const operations: Operation[] = []
  const origins: number[] = []
  const answers: Answer[] = []
  const perform = (operation: Operation, origin: number): Answer | Promise<Answer> => {
    operations.push(operation)
    origins.push(origin)
    return attempt(session, operation)
  }
  /** @returns false when the run ends here */
  const step = async (operation: Operation, origin: number): Promise<boolean> => {
    const admitted = names.admit(operation)
    if (admitted === undefined) return true
    if (origin >= 0) watcher?.before(session, names, admitted)
    const pending = perform(admitted, origin)
    const answer = pending instanceof Promise ? await pending : pending
    answers.push(answer)
    if (!isOutcome(answer)) return false
    names.note(admitted, answer)
    if (origin < 0) return true
    watcher?.after(admitted, answer)
    for (const observation of observationsAfter(admitted, names)) if (!(await step(observation, -1))) return false
    return true
  }
  const run = async (): Promise<void> => {
    for (const [index, operation] of program.entries()) if (!(await step(operation, index))) return
    for (const observation of finalObservations(names)) if (!(await step(observation, -1))) return
  }
  await run()
  await close(session, answers)
  return { operations, origins, answers }
}

/** Runs scripts on the second system, which performs what it is told. */
export async function runScripts(system: System, scripts: readonly Script[]): Promise<readonly (readonly Answer[])[]> {
  const results: Answer[][] = []
  if ('runMany' in system) {
    try {
      for await (const outcomes of (system as BatchSystem).runMany(scripts.map((script) => script.operations))) {
        const { operations } = scripts[results.length]!
        const short = outcomes.length < operations.length
        results.push(
          short
            ? [...outcomes, { inexpressible: `${system.name} cannot perform '${operations[outcomes.length]!.op}' here` }]
            : [...outcomes],
        )
      }
    } catch {
      // Whose fault it was is found below, where each program has a session of its own.
    }
  }
  for (const script of scripts.slice(results.length)) results.push(await runScript(system, script.operations))
  return results
}

/** Runs operations in a session of their own, up to the first that the system cannot express, or fails at. */
export async function runScript(system: System, operations: readonly Operation[]): Promise<Answer[]> {
  const session = await system.open()
  const answers: Answer[] = []
  for (const operation of operations) {
    const pending = attempt(session, operation)
    const answer = pending instanceof Promise ? await pending : pending
    answers.push(answer)
    if (!isOutcome(answer)) break
  }
  await close(session, answers)
  return answers
}

/** Ends a session. What fails only then is the fault of some operation before: the last one is blamed. */
async function close(session: Session, answers: Answer[]): Promise<void> {
  try {
    await session.close()
  } catch (error) {
    const last = answers[answers.length - 1]
    if (last === undefined || isOutcome(last)) answers.splice(-1, 1, failure(error))
  }
}

function attempt(session: Session, operation: Operation): Answer | Promise<Answer> {
  try {
    const outcome = session.perform(operation)
    return outcome instanceof Promise ? outcome.then(expressed, failure) : expressed(outcome)
  } catch (error) {
    return failure(error)
  }
}

/** A design whose erased ptes have no room for what advice asks says EOPNOTSUPP, which Linux never does here. */
function expressed(outcome: Outcome): Answer {
  return outcome.errno === EOPNOTSUPP ? { inexpressible: 'the design has no encoding for it (EOPNOTSUPP)' } : outcome
}

function failure(error: unknown): Answer {
  if (error instanceof ExpressionError) return { inexpressible: error.message }
  return { crash: error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 4).join(' ') : String(error) }
}
