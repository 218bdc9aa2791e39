/**
 * Recordings: what a running kernel did with programs, to be replayed where no kernel can be asked.
 * @module
 */
import type { Memory, Operation } from './operations.ts'
import { printOperation } from './print.ts'
import { ExpressionError, type Outcome, type Session, type System } from './system.ts'

/** Programs and what one kernel did with them. */
export interface Recording {
  /** The kernel's version, such as `6.18.44`. */
  readonly kernel: string
  /** When, in ISO 8601. */
  readonly date: string
  /** What of the machine and of the kernel's configuration matters, by its name or path. */
  readonly config: Readonly<Record<string, string>>
  /** How the programs were come by, where they are not written by hand. */
  readonly made?: string
  readonly programs: readonly RecordedProgram[]
}

/** One program and what a kernel did with it. */
export interface RecordedProgram {
  /** The file of the program, or what else it is known by. */
  readonly program: string
  readonly memory?: Memory
  readonly steps: readonly RecordedStep[]
  /** Why the rest of the program could not be performed. */
  readonly ended?: string
}

/** One operation and what came of it. Comments are not recorded. */
export interface RecordedStep {
  readonly operation: Operation
  readonly outcome: Outcome
}

/** The name under which a recording answers, such as `linux-6.18.44 (recorded)`. */
export function recordedName(recordings: readonly Pick<Recording, 'kernel'>[]): string {
  const kernels = [...new Set(recordings.map(({ kernel }) => kernel))]
  return `linux-${kernels.join(', ') || 'none'} (recorded)`
}

/** A system that answers from recordings, and knows nothing else. */
export function recordedSystem(recordings: readonly Recording[], name: string = recordedName(recordings)): System {
  let tracks: readonly Track[] | undefined
  return {
    name,
    kind: 'recorded',
    open() {
      tracks ??= recordings.flatMap(({ programs }) => programs.map(trackOf))
      return new RecordedSession(name, tracks)
    },
  }
}

/** A recorded program with its operations as text, by which they are recognized. */
interface Track {
  readonly lines: readonly string[]
  readonly recorded: RecordedProgram
}

function trackOf(recorded: RecordedProgram): Track {
  return { lines: recorded.steps.map(({ operation }) => printOperation(operation)), recorded }
}

/** Follows those recorded programs that began with the same operations. */
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
    if (going.length === 0) throw this.#unknown(line)
    this.#tracks = going
    return going[0]!.recorded.steps[this.#at++]!.outcome
  }

  close(): void {}

  /** Either the kernel could not perform it when it was recorded, or nobody has asked it. */
  #unknown(line: string): ExpressionError {
    const ended = this.#tracks.find(({ lines, recorded }) => lines.length === this.#at && recorded.ended !== undefined)
    if (ended) return new ExpressionError(this.#system, 'recording', `'${line}'`, `it was not performed then: ${ended.recorded.ended}`)
    const what = `'${line}' as operation ${this.#at + 1} of this program`
    return new ExpressionError(this.#system, 'recording', what, "record the program on a kernel with 'faultline record'")
  }
}
