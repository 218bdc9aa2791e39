/**
 * Recordings as text: one JSON value a line, so that a change of one outcome is a change of one line.
 *
 * The first line says what was recorded where. A line with `program` begins a program. Each line after it is one operation:
 * `["write A 7"]` when it succeeded and said nothing else, `["read A",{"value":7}]` when it did, and `3` when it is the third
 * operation of the program once more, with the same outcome. `{"ended":"…"}` says why a program ends early.
 * @module
 */
import { MEMORY_TYPES, type Memory, type Operation } from './operations.ts'
import { parseProgram } from './parse.ts'
import { HEADER, printOperation } from './print.ts'
import { instantiate } from './program.ts'
import type { RecordedStep, Recording } from './recording.ts'
import type { Outcome } from './system.ts'

const FORMAT = 'faultline-recording'
const VERSION = 1

/** The text of a recording. {@link parseRecording} reads it back to equal data. */
export function printRecording({ kernel, date, config, made, programs }: Recording): string {
  const lines: unknown[] = [{ format: FORMAT, version: VERSION, kernel, date, ...(made === undefined ? {} : { made }), config }]
  for (const { program, memory, steps, ended } of programs) {
    lines.push({ program, ...(memory === undefined ? {} : { memory }) })
    lines.push(...printSteps(steps))
    if (ended !== undefined) lines.push({ ended })
  }
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}

function printSteps(steps: readonly RecordedStep[]): unknown[] {
  const known = new Map<string, number>()
  return steps.map(({ operation, outcome }, index) => {
    const plain = printOutcome(outcome)
    const line = Object.keys(plain).length === 0 ? [printOperation(operation)] : [printOperation(operation), plain]
    const text = JSON.stringify(line)
    const before = known.get(text)
    if (before === undefined) known.set(text, index + 1)
    return before ?? line
  })
}

/** An outcome without what goes without saying: no errno, and states of pages counted. */
function printOutcome({ errno, pages, finished, ...rest }: Outcome): Readonly<Record<string, unknown>> {
  return {
    ...(errno === 0 ? {} : { errno }),
    ...rest,
    ...(pages === undefined ? {} : { pages: printPages(pages) }),
    ...(finished === undefined ? {} : { finished: finished.map(({ thread, outcome }) => ({ thread, ...printOutcome(outcome) })) }),
  }
}

/** States in hexadecimal, those that repeat with their count: `21*4 0*12`. */
function printPages(pages: readonly number[]): string {
  const runs: string[] = []
  for (let at = 0; at < pages.length; ) {
    const state = pages[at]!
    let end = at + 1
    while (pages[end] === state) end++
    runs.push(end - at === 1 ? state.toString(16) : `${state.toString(16)}*${end - at}`)
    at = end
  }
  return runs.join(' ')
}

/**
 * Reads a recording.
 *
 * @param file - its name, for messages
 * @throws Error that names file and line, and says what is wrong
 */
export function parseRecording(text: string, file = 'recording'): Recording {
  return new Reader(text, file).read()
}

interface Draft {
  program: string
  memory?: Memory
  steps: RecordedStep[]
  ended?: string
}

/** A JSON object, whatever is in it. */
type Fields = Readonly<Record<string, unknown>>

class Reader {
  readonly #lines: readonly string[]
  readonly #file: string
  #at = 0
  /** Operations by their text: programs say the same things over and over. */
  readonly #operations = new Map<string, Operation>()

  constructor(text: string, file: string) {
    this.#lines = text.endsWith('\n') ? text.slice(0, -1).split('\n') : text.split('\n')
    this.#file = file
  }

  read(): Recording {
    const header = this.#header(this.#value())
    const programs: Draft[] = []
    while (this.#at < this.#lines.length) {
      const line = this.#value()
      const begun = isFields(line) && 'program' in line
      if (begun) programs.push(this.#program(line))
      else if (programs.length === 0) throw this.#wrong('an operation before the first program')
      else this.#continue(programs.at(-1)!, line)
    }
    return { ...header, programs }
  }

  #header(line: unknown): Omit<Recording, 'programs'> {
    if (!isFields(line) || line.format !== FORMAT) throw this.#wrong(`no recording ("format" is not "${FORMAT}")`)
    if (line.version !== VERSION) throw this.#wrong(`unknown version ${JSON.stringify(line.version)} (${VERSION} is known)`)
    const { kernel, date, config, made } = line
    if (typeof kernel !== 'string' || typeof date !== 'string') throw this.#wrong('"kernel" or "date" is missing')
    const settings = isFields(config) ? Object.entries(config).map(([name, value]) => [name, String(value)]) : []
    return { kernel, date, config: Object.fromEntries(settings), ...(typeof made === 'string' ? { made } : {}) }
  }

  #program({ program, memory }: Fields): Draft {
    if (typeof program !== 'string') throw this.#wrong('"program" is no text')
    if (memory === undefined) return { program, steps: [] }
    if (!MEMORY_TYPES.includes(memory as Memory)) throw this.#wrong(`unknown memory type ${JSON.stringify(memory)}`)
    return { program, memory: memory as Memory, steps: [] }
  }

  #continue(draft: Draft, line: unknown): void {
    if (draft.ended !== undefined) throw this.#wrong('an operation after the end of its program')
    if (typeof line === 'number') {
      const step = draft.steps[line - 1]
      if (step === undefined) throw this.#wrong(`no operation ${line} comes before this one`)
      draft.steps.push(step)
    } else if (Array.isArray(line) && typeof line[0] === 'string' && line.length <= 2) {
      draft.steps.push({ operation: this.#operation(line[0]), outcome: this.#outcome(line[1] ?? {}) })
    } else if (isFields(line) && typeof line.ended === 'string') {
      draft.ended = line.ended
    } else throw this.#wrong('neither an operation nor the beginning or end of a program')
  }

  #operation(text: string): Operation {
    const known = this.#operations.get(text)
    if (known !== undefined) return known
    let operation: Operation | undefined
    try {
      operation = instantiate(parseProgram(`${HEADER}\n${text}`)).steps[0]?.operation
    } catch (error) {
      throw this.#wrong((error as Error).message)
    }
    if (operation === undefined) throw this.#wrong(`${JSON.stringify(text)} is no operation`)
    this.#operations.set(text, operation)
    return operation
  }

  #outcome(plain: unknown): Outcome {
    if (!isFields(plain)) throw this.#wrong('an outcome is no object')
    const { errno = 0, pages, finished, ...rest } = plain
    if (typeof errno !== 'number') throw this.#wrong('"errno" is no number')
    return {
      ...rest,
      errno,
      ...(pages === undefined ? {} : { pages: this.#pages(pages) }),
      ...(finished === undefined ? {} : { finished: this.#finished(finished) }),
    }
  }

  #finished(list: unknown): NonNullable<Outcome['finished']> {
    if (!Array.isArray(list)) throw this.#wrong('"finished" is no list')
    return list.map((entry: unknown) => {
      if (!isFields(entry) || typeof entry.thread !== 'string') throw this.#wrong('"finished" names no thread')
      const { thread, ...outcome } = entry
      return { thread, outcome: this.#outcome(outcome) }
    })
  }

  #pages(text: unknown): number[] {
    if (typeof text !== 'string') throw this.#wrong('"pages" is no text')
    if (text === '') return []
    return text.split(' ').flatMap((run) => {
      const found = /^([0-9a-f]{1,8})(?:\*([1-9][0-9]{0,8}))?$/.exec(run)
      if (found === null) throw this.#wrong(`"${run}" is no state of pages, such as 21*4`)
      return new Array<number>(Number(found[2] ?? 1)).fill(Number.parseInt(found[1]!, 16))
    })
  }

  #value(): unknown {
    const line = this.#lines[this.#at++] ?? ''
    try {
      return JSON.parse(line)
    } catch (error) {
      throw this.#wrong(`no JSON (${(error as Error).message})`)
    }
  }

  #wrong(what: string): Error {
    return new Error(`${this.#file}:${this.#at}: ${what}; record it again with 'faultline record'`)
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
