/**
 * What suites do with a whole design: run short programs that say what must happen, and random ones.
 * @module
 */

import type { InterfaceName } from '@faultline/designs'
import { createModel, interfaceMismatch } from '@faultline/designs'
import { type Design, LEVEL_PTE } from '@faultline/mm-types'
import {
  ExpressionError,
  instantiate,
  MEMORY_TYPES,
  type Memory,
  type Operation,
  parseProgram,
  printShort,
  runProgram,
} from '@faultline/program'
import { fuzz } from '../fuzz/fuzz.ts'
import { generateProgram } from '../fuzz/generate.ts'
import { programSeed } from '../fuzz/random.ts'
import { shrink } from '../fuzz/shrink.ts'
import { type Case, hold } from './case.ts'

const SEED = 20210115
const OPERATIONS = 30
const PROGRAMS = 25

/** The case that every suite begins with: each field is there and of the right type. */
export function interfaceCase(make: () => unknown, of: InterfaceName): Case {
  return {
    name: 'interface',
    law: 'every field of the interface is there, and of its type',
    run() {
      const found = interfaceMismatch(make(), of)
      hold(found === undefined, found === undefined ? '' : `${found.seam || 'it'}: expected ${found.expected}; found ${found.found}`)
    },
  }
}

/** Runs the lines of a program. @throws LawBroken when one of them does something else than it says */
export async function holdProgram(design: Design, lines: readonly string[], memory: Memory = 'anon'): Promise<void> {
  const program = parseProgram(`faultline-program 1\nmemory ${memory}\n${lines.join('\n')}\n`)
  const run = await runProgram(createModel(design), instantiate(program, memory))
  hold(run.inexpressible === undefined, `${memory}: ${run.inexpressible?.operation}: ${run.inexpressible?.error.message}`)
  const [failure] = run.failures
  hold(failure === undefined, `${memory}: ${failure?.operation}: expected ${failure?.expected}; got ${failure?.got}\n${lines.join('\n')}`)
}

/** Copy on write after a fork: neither process sees what the other writes. */
export const FORK_PROGRAM: readonly string[] = [
  'mmap A 4 anon rw',
  'write A 1',
  'fork c',
  'c: write A 2',
  'read A => value 1',
  'write A 3',
  'c: read A => value 2',
]

/** What two designs may differ in, and on what they are compared. */
export interface Likeness {
  readonly features: number
  readonly memories?: readonly Memory[]
  readonly ignored?: readonly string[]
  readonly wholeLevel?: number
}

/** @throws LawBroken with the shortest random program that tells two designs apart */
export async function holdSame(a: Design, b: Design, likeness: Likeness): Promise<void> {
  const { features, memories = MEMORY_TYPES, ignored = ['table-bytes'], wholeLevel = LEVEL_PTE } = likeness
  const pair = { a: createModel(a), b: createModel(b), ignored: new Set(ignored) }
  const limits = { programs: PROGRAMS, totalOperations: 1e9, milliseconds: 60_000, differences: 1, batch: PROGRAMS }
  const { found } = await fuzz(pair, { seed: SEED, memories, operations: OPERATIONS, features, wholeLevel, ...limits })
  const [first] = found
  if (first === undefined) return
  const { program, difference } = await shrink(pair, first.program, first.difference, { most: 300 })
  const { field, operation } = difference
  const text = printShort(program.map((each) => ({ operation: each }))).join('\n')
  hold(false, `a program can tell: ${operation.op}: ${field.field} is ${field.a}, should be ${field.b}\n${text}`)
}

/** @throws LawBroken when something is in use after random programs whose processes have ended and whose files are empty */
export function holdNothingLeft(design: Design, memories: readonly Memory[] = MEMORY_TYPES): void {
  const options = { memories, operations: OPERATIONS, features: design.uffd.features }
  for (let index = 0, performed = 0; performed < PROGRAMS; index++) {
    const program = generateProgram(programSeed(SEED, index), options)
    // Files without a name cannot be emptied in the end.
    if (program.some((operation) => operation.op === 'mmap' && operation.memory !== 'anon' && operation.file === undefined)) continue
    performed++
    const left = leftBy(design, program)
    hold(left === NOTHING, `random program ${index}: ${left} are left in the end`)
  }
}

/** @throws LawBroken when a random program makes one of two designs count what the other does not */
export function holdSameCounts(a: Design, b: Design, memories: readonly Memory[]): void {
  for (let index = 0; index < PROGRAMS; index++) {
    const program = generateProgram(programSeed(SEED, index), { memories, operations: OPERATIONS, features: a.uffd.features })
    const [one, other] = [a, b].map((design) => performed(design, program).counters())
    const differing = Object.keys(one!).find((name) => one![name] !== other![name])
    const text = printShort(program.map((operation) => ({ operation }))).join('\n')
    hold(differing === undefined, `random program ${index}: ${differing} is ${one![differing!]}, should be ${other![differing!]}\n${text}`)
  }
}

const NOTHING = '0 frames, 0 swap slots and 0 tables'

/** A session after what it can perform of a program. */
function performed(design: Design, program: readonly Operation[]) {
  const session = createModel(design).open()
  for (const operation of program) {
    try {
      session.perform(operation)
    } catch (error) {
      // What follows cannot be said of this design, or names what an operation that failed did not make.
      if (!(error instanceof ExpressionError || error instanceof ReferenceError)) throw error
      break
    }
  }
  return session
}

function leftBy(design: Design, program: readonly Operation[]): string {
  const session = performed(design, program)
  for (const [process, mm] of session.bindings.processes) if (mm.alive) session.perform({ op: 'exit', process })
  for (const file of session.bindings.files.keys()) session.perform({ op: 'ftruncate', file, pages: 0 })
  const { frames, swap, tables } = session.composed.kernel.machine
  return `${frames.nrUsed()} frames, ${swap.nrUsed()} swap slots and ${tables.nrTables()} tables`
}
