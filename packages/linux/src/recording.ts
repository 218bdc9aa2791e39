/**
 * Recordings: what a running kernel did with a program, to be replayed where no kernel can be asked.
 * @module
 */
import { release } from 'node:os'
import {
  ExpressionError,
  type Instance,
  instantiate,
  MEMORY_TYPES,
  type Memory,
  type Operation,
  type Outcome,
  parseProgram,
  printOperation,
  printProgram,
  programOf,
  type Session,
  type System,
} from '@faultline/program'
import { currentValue, THP } from './settings.ts'

/** One program and what a kernel did with it. Everything in it is JSON. */
export interface Recording {
  readonly format: typeof FORMAT
  readonly version: 1
  readonly name?: string
  readonly memory?: Memory
  /** The operations as text, memory types settled. */
  readonly program: string
  /** One for each operation; comments are not recorded. */
  readonly outcomes: readonly Outcome[]
  /** As uname tells it. */
  readonly kernel: string
  /** Settings of the machine that matter, by their path. */
  readonly config: Readonly<Record<string, string>>
  /** ISO 8601. */
  readonly date: string
}

const FORMAT = 'faultline-recording'
const CONFIG = [
  `${THP}/enabled`,
  `${THP}/shmem_enabled`,
  `${THP}/khugepaged/max_ptes_none`,
  '/sys/kernel/mm/ksm/run',
  '/proc/sys/vm/overcommit_memory',
]

/**
 * Runs a program on a system and records what it did.
 * @throws ExpressionError when the system cannot perform one of its operations
 */
export async function record(system: System, { name, memory, steps }: Instance): Promise<Recording> {
  const operations = performed(steps.map(({ operation }) => operation))
  const session = await system.open()
  const outcomes: Outcome[] = []
  try {
    for (const operation of operations) outcomes.push(await session.perform(operation))
  } finally {
    await session.close()
  }
  return {
    format: FORMAT,
    version: 1,
    ...(name === undefined ? {} : { name }),
    ...(memory === undefined ? {} : { memory }),
    program: printProgram(programOf(operations)),
    outcomes,
    kernel: release(),
    config: Object.fromEntries(CONFIG.flatMap((path) => (currentValue(path) === undefined ? [] : [[path, currentValue(path)!]]))),
    date: new Date().toISOString(),
  }
}

function performed(operations: readonly Operation[]): Operation[] {
  return operations.filter(({ op }) => op !== 'comment')
}

/**
 * Reads a recording.
 * @param file - its name, for messages
 * @throws Error that says what is wrong with it
 */
export function parseRecording(text: string, file = 'recording'): Recording {
  const wrong = (what: string): Error => new Error(`${file}: ${what}; record it again with 'faultline record'`)
  let read: Partial<Recording> | null
  try {
    read = JSON.parse(text) as Partial<Recording> | null
  } catch (error) {
    throw wrong(`no JSON (${(error as Error).message})`)
  }
  if (typeof read !== 'object' || read === null || read.format !== FORMAT) throw wrong(`no recording ("format" is not "${FORMAT}")`)
  if (read.version !== 1) throw wrong(`unknown version ${JSON.stringify(read.version)} (1 is known)`)
  if (typeof read.program !== 'string' || !Array.isArray(read.outcomes)) throw wrong('"program" or "outcomes" is missing')
  if (read.memory !== undefined && !MEMORY_TYPES.includes(read.memory)) throw wrong(`unknown memory type ${JSON.stringify(read.memory)}`)
  const recording = { config: {}, kernel: 'unknown', date: '', ...read } as Recording
  const steps = operationsOf(recording).length
  if (steps !== recording.outcomes.length) throw wrong(`${recording.outcomes.length} outcomes for ${steps} operations`)
  return recording
}

/** The recorded operations. */
function operationsOf({ program }: Recording): Operation[] {
  return performed(instantiate(parseProgram(program)).steps.map(({ operation }) => operation))
}

/** One recorded program: its operations as text, and what came of each. */
interface Track {
  readonly lines: readonly string[]
  readonly outcomes: readonly Outcome[]
}

/** A system that answers from recordings, and knows nothing else. */
export function recordedSystem(recordings: readonly Recording[], name = nameOf(recordings)): System {
  const tracks = recordings.map((recording) => ({ lines: operationsOf(recording).map(printOperation), outcomes: recording.outcomes }))
  return { name, kind: 'recorded', open: () => new RecordedSession(name, tracks) }
}

function nameOf(recordings: readonly Recording[]): string {
  const kernels = [...new Set(recordings.map(({ kernel }) => kernel))]
  return `linux-${kernels.join(', ') || 'none'} (recorded)`
}

/** Follows those recordings that began with the same operations. */
class RecordedSession implements Session {
  readonly #system: string
  #tracks: readonly Track[]
  #at = 0

  constructor(system: string, tracks: readonly Track[]) {
    this.#system = system
    this.#tracks = tracks
  }

  perform(operation: Operation): Outcome {
    if (operation.op === 'comment') return { errno: 0 }
    const line = printOperation(operation)
    const going = this.#tracks.filter(({ lines }) => lines[this.#at] === line)
    if (going.length === 0) {
      const what = `'${line}' as operation ${this.#at + 1} of this program`
      throw new ExpressionError(this.#system, 'recording', what, "record the program on a kernel with 'faultline record'")
    }
    this.#tracks = going
    return going[0]!.outcomes[this.#at++]!
  }

  close(): void {}
}
