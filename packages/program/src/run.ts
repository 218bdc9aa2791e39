/**
 * Runs a program on a system and checks what it expects.
 * @module
 */
import { type Expectation, expectationOf, matches } from './expectation.ts'
import { printExpectation } from './expectation-text.ts'
import type { Operation } from './operations.ts'
import { printOperation } from './print.ts'
import type { Instance, Step } from './program.ts'
import { type AddressMap, Regions } from './regions.ts'
import { ExpressionError, type Outcome, type Session, type System } from './system.ts'

/** A step that went otherwise than expected. */
export interface Failure {
  /** Index of the step in the instance. */
  readonly step: number
  /** Its operation, as text. */
  readonly operation: string
  /** What was expected, as text; several alternatives are joined by ` or `. */
  readonly expected: string
  /** What happened, as text. */
  readonly got: string
}

/** What a run came to. */
export interface Run {
  /** Every step was performed, and everything expected came true. */
  readonly passed: boolean
  readonly failures: readonly Failure[]
  /** Outcomes by step; shorter than the program where a step could not be expressed. */
  readonly outcomes: readonly Outcome[]
  /** The step the system has no way to express, at which the run ended. */
  readonly inexpressible?: { readonly step: number; readonly operation: string; readonly error: ExpressionError }
  /** Where the regions lay at the end. */
  readonly regions: AddressMap
}

/** How a run is judged. */
export interface RunOptions {
  /** Steps without an expectation must succeed: neither errno, signal nor wait. They may do anything otherwise. */
  readonly strict?: boolean
}

const SUCCESS: readonly Expectation[] = [{ errno: 0 }]
const NOTHING: readonly Expectation[] = []

/** Runs a program in a session of its own, which is closed whatever happens. Errors of the system itself are thrown. */
export async function runProgram(system: System, program: Instance, options: RunOptions = {}): Promise<Run> {
  const session = await system.open()
  try {
    return await runSteps(session, program.steps, options)
  } finally {
    await session.close()
  }
}

async function runSteps(session: Session, steps: readonly Step<Operation>[], options: RunOptions): Promise<Run> {
  const outcomes: Outcome[] = []
  const failures: Failure[] = []
  const regions = new Regions()
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index]!
    const { operation } = step
    let outcome: Outcome | Promise<Outcome>
    try {
      outcome = operation.op === 'comment' ? { errno: 0 } : session.perform(operation)
      // The model answers at once: to wait for it nevertheless took longer than some operations.
      if (outcome instanceof Promise) outcome = await outcome
    } catch (error) {
      // What an operation that failed did not make is missed later: the program ends there, failed.
      if (error instanceof ReferenceError && failures.length > 0) {
        failures.push({ step: index, operation: printOperation(operation), expected: 'to be performed', got: error.message })
        return { passed: false, failures, outcomes, regions }
      }
      if (!(error instanceof ExpressionError)) throw error
      const inexpressible = { step: index, operation: printOperation(operation), error }
      return { passed: false, failures, outcomes, inexpressible, regions }
    }
    outcomes.push(outcome)
    regions.note(operation, outcome)
    const failure = check(index, step, outcome, regions, options)
    if (failure) failures.push(failure)
  }
  return { passed: failures.length === 0, failures, outcomes, regions }
}

function check(index: number, step: Step<Operation>, outcome: Outcome, map: AddressMap, options: RunOptions): Failure | undefined {
  const expect = step.expect?.length ? step.expect : options.strict ? SUCCESS : NOTHING
  if (expect.length === 0) return undefined
  for (const expectation of expect) if (matches(expectation, outcome, map)) return undefined
  return {
    step: index,
    operation: printOperation(step.operation),
    expected: expect.map(printExpectation).join(' or '),
    got: formatOutcome(outcome, map),
  }
}

/** One line for an outcome, in the words of the text format: what follows `=>` to expect exactly this. */
export function formatOutcome(outcome: Outcome, map?: AddressMap): string {
  return printExpectation(expectationOf(outcome, map))
}
