/**
 * Opening, ending and describing sessions of random programs.
 */
import type { ModelSession } from '@faultline/mm'
import type { Design } from '@faultline/mm-types'
import { type Operation, printProgram, programOf, range } from '@faultline/program'
import { expect } from 'vitest'
import { createModel } from '../src/index.ts'
import type { RandomProgram } from './random-program.ts'

/** Seed of all properties: a failure is found again. */
export const SEED = 20210115

/** A session in which a program's setup has been performed. */
export function openProgram(design: Design, program: RandomProgram): ModelSession {
  const session = createModel(design).open()
  for (const operation of program.setup) {
    const { errno } = session.perform(operation)
    if (errno !== 0) throw new Error(`${operation.op}: errno ${errno}`)
  }
  return session
}

/** Ends every process and empties the file. */
export function endProgram(session: ModelSession): void {
  for (const [process, mm] of session.bindings.processes) if (mm.alive) session.perform({ op: 'exit', process })
  session.perform({ op: 'ftruncate', file: 'F', pages: 0 })
}

/** The text of a program up to an operation, for the message of a failure. */
export function textUpTo(program: RandomProgram, last: Operation): string {
  const { operations } = program
  return printProgram(programOf([...program.setup, ...operations.slice(0, operations.indexOf(last) + 1)]))
}

/** Performs an operation of a program on two sessions, which must answer, count and show the pages of region X the same. */
export function expectSame(program: RandomProgram, operation: Operation, one: ModelSession, other: ModelSession): void {
  const before = textUpTo(program, operation)
  expect(one.perform(operation), before).toEqual(other.perform(operation))
  expect(one.counters(), before).toEqual(other.counters())
  const states: Operation = { op: 'pagemap', range: range('X', 0, program.pages) }
  expect(one.perform(states), before).toEqual(other.perform(states))
}
