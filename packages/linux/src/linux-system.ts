/**
 * The kernel of this machine as a System.
 * @module
 */
import { availableParallelism, release } from 'node:os'
import { ExpressionError, type Operation, type Outcome, type Session, type System } from '@faultline/program'
import { decode } from './decode.ts'
import { encode } from './encode.ts'
import { Helper } from './helper.ts'
import { helperBinary } from './helper-binary.ts'
import { Names } from './names.ts'

/** How the kernel of this machine is asked. */
export interface LinuxOptions {
  /** As printed; `linux-<release> (running)` when absent. */
  readonly name?: string
  /** Programs run at the same time by `runMany`; the number of CPUs when absent. */
  readonly lanes?: number
  /** Device or file of a swap area that the operation `swapoff` may switch off and on again. */
  readonly swap?: string
}

/** The running kernel. */
export interface LinuxSystem extends System {
  readonly kind: 'linux'
  open(): Session
  /**
   * Runs programs in batch, without waiting between operations.
   *
   * Outcomes come in the order of the programs. A list shorter than its program ends before a step that could not be performed:
   * `perform` in a session says why.
   * @throws Error when the helper fails or a call neither returns nor waits
   */
  runMany(programs: Iterable<readonly Operation[]>): AsyncIterable<Outcome[]>
  /** Ends the helper processes. The system may be used again. */
  close(): Promise<void>
}

/** Programs on their way in one lane. */
const IN_FLIGHT = 8

/** Why an operation is not performed here, and what to do. */
const INEXPRESSIBLE: Partial<Record<Operation['op'], readonly [why: string, remedy: string]>> = {
  migrate: ['the migration of chosen pages', 'leave it out: compaction moves pages of its own choice'],
  hwpoison: ['a memory failure', "use the operation 'poison' of a userfaultfd"],
  khugepaged: ['a khugepaged pass over chosen pages', "use madvise with the advice 'collapse'"],
  ksm: ['a ksmd pass over chosen pages', 'leave it out'],
}

/** The kernel of this machine. Nothing is started before the first program. */
export function linuxSystem(options: LinuxOptions = {}): LinuxSystem {
  const name = options.name ?? `linux-${release()} (running)`
  const helpers = new HelperPool(options)
  return {
    name,
    kind: 'linux',
    open: () => new LinuxSession(name, helpers),
    runMany: (programs) => runMany(name, helpers, programs, options.lanes ?? availableParallelism()),
    close: () => helpers.close(),
  }
}

/** Helpers that are not at work, and how to start another. */
class HelperPool {
  readonly #options: LinuxOptions
  readonly #idle: { helper: Helper; cpu: number }[] = []
  readonly #taken = new Map<Helper, number>()

  constructor(options: LinuxOptions) {
    this.#options = options
  }

  take(): Helper {
    let found = this.#idle.pop()
    while (found && !found.helper.works) found = this.#idle.pop()
    if (!found) {
      const cpus = availableParallelism()
      const cpu = this.#taken.size % cpus
      found = { helper: new Helper(helperBinary(), cpu, this.#options.swap), cpu }
    }
    this.#taken.set(found.helper, found.cpu)
    return found.helper
  }

  give(helper: Helper): void {
    const cpu = this.#taken.get(helper)
    this.#taken.delete(helper)
    if (cpu !== undefined && helper.works) this.#idle.push({ helper, cpu })
  }

  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map(({ helper }) => helper.stop()))
  }
}

class LinuxSession implements Session {
  readonly #system: string
  readonly #helpers: HelperPool
  readonly #helper: Helper
  readonly #names = new Names()
  #closed = false

  constructor(system: string, helpers: HelperPool) {
    this.#system = system
    this.#helpers = helpers
    this.#helper = helpers.take()
    this.#send('open').catch(() => {})
  }

  async perform(operation: Operation): Promise<Outcome> {
    if (operation.op === 'comment') return { errno: 0 }
    const answer = await this.#send(lineOf(operation, this.#names, this.#system))
    return decode(answer, this.#names, this.#system)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.#helper.works) await this.#send('close')
    this.#helpers.give(this.#helper)
  }

  #send(line: string): Promise<string> {
    return this.#helper.send([line])[0]!
  }
}

function lineOf(operation: Operation, names: Names, system: string): string {
  const line = encode(operation, names)
  if (line !== undefined) return line
  const [why, remedy] = INEXPRESSIBLE[operation.op] ?? [`the operation '${operation.op}'`, 'leave it out']
  throw new ExpressionError(system, 'kernel', why, remedy)
}

async function* runMany(system: string, helpers: HelperPool, programs: Iterable<readonly Operation[]>, wanted: number): AsyncGenerator<Outcome[]> {
  const list = programs[Symbol.iterator]()
  const lanes: Helper[] = []
  const running: Promise<Outcome[]>[] = []
  let started = 0
  const start = (): boolean => {
    const next = list.next()
    if (next.done) return false
    while (lanes.length < wanted) lanes.push(helpers.take())
    const run = runOne(system, lanes[started++ % lanes.length]!, next.value)
    run.catch(() => {}) // Its time to be thrown comes when it is the oldest.
    running.push(run)
    return true
  }
  try {
    while (running.length < wanted * IN_FLIGHT && start()) {}
    while (running.length > 0) {
      const outcomes = await running.shift()!
      start()
      yield outcomes
    }
  } finally {
    await Promise.allSettled(running)
    for (const helper of lanes) helpers.give(helper)
  }
}

async function runOne(system: string, helper: Helper, program: readonly Operation[]): Promise<Outcome[]> {
  const names = new Names()
  const lines: (string | undefined)[] = []
  for (const operation of program) {
    const line = operation.op === 'comment' ? undefined : encode(operation, names)
    // What follows a step that cannot be performed is not asked for.
    if (line === undefined && operation.op !== 'comment') break
    lines.push(line)
  }
  const sent = lines.filter((line) => line !== undefined)
  const answers = (await Promise.all(helper.send(['open', ...sent, 'close']))).slice(1, -1)
  const outcomes: Outcome[] = []
  let at = 0
  for (const line of lines) {
    if (line === undefined) {
      outcomes.push({ errno: 0 })
      continue
    }
    const answer = answers[at++]!
    if (answer[0] === 'U' || answer[0] === 'N') break
    if (answer[0] === 'X') throw new Error(`${system}: ${answer.slice(2)}, at step ${outcomes.length} ('${line}')`)
    outcomes.push(decode(answer, names, system))
  }
  return outcomes
}
