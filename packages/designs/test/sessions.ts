/**
 * Opening, ending and describing sessions of random programs.
 */
import type { ModelSession } from '@faultline/mm'
import type { Design } from '@faultline/mm-types'
import { type Operation, printProgram, programOf } from '@faultline/program'
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
