/**
 * The kernel of this machine as a System.
 * @module
 */
import { availableParallelism, release } from 'node:os'
import { ExpressionError, type Operation, type Outcome, type Session, type System } from '@faultline/program'
import { decode, isRefusal } from './decode.ts'
import { encode } from './encode.ts'
import { Helper, type Launch } from './helper.ts'
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
  /** Programs run without rights, as the user nobody; else as whoever runs this. Takes the right to become another user. */
  readonly unprivileged?: boolean
}

/** The running kernel. */
export interface LinuxSystem extends System {
  readonly kind: 'linux'
  /** A fresh process of the running kernel. */
  open(): Session
  /**
   * Runs programs in batch, without waiting between operations. Outcomes come in the order of the programs, as they are there.
   *
   * A list shorter than its program ends before what cannot be performed here, or names what is not there: `perform` says which.
   * @throws Error when the helper fails, or when a call neither returns nor waits for a userfaultfd
   */
  runMany(programs: Iterable<readonly Operation[]>): AsyncIterable<readonly Outcome[]>
  /**
   * Whether threads run in the order in which the kernel wakes them, which takes the right to use SCHED_FIFO. Else any order may be seen.
   */
  ordersThreads(): Promise<boolean>
  /** Ends the helper processes. The system may be used again. */
  close(): Promise<void>
}

const USUAL_SPEED = '1'
/** The user that owns nothing. */
export const NOBODY = '65534'

/** Programs on their way in one lane. */
const IN_FLIGHT = 8

/** Why an operation is not performed here, and what to do. */
const INEXPRESSIBLE: Partial<Record<Operation['op'], readonly [why: string, remedy: string]>> = {
  migrate: ['the migration of chosen pages, for which no call asks within one NUMA node', 'leave it out, or run it on the model'],
  hwpoison: ['a memory failure, which could not be put back', "use the operation 'poison' of a userfaultfd"],
  khugepaged: [
    'a khugepaged pass over chosen pages: it goes through all processes of the machine',
    "use madvise with the advice 'collapse'",
  ],
  ksm: [
    'a ksmd pass over chosen pages: it would merge those of all processes that ask for it, virtual machines among them, and leave them so',
    'leave it out, or run it on the model',
  ],
}

/** The kernel of this machine. Nothing is started before the first program. */
export function linuxSystem(options: LinuxOptions = {}): LinuxSystem {
  return systemOfHelpers({
    name: options.name ?? `linux-${release()} (running)`,
    lanes: options.lanes ?? availableParallelism(),
    start: (lane) => new Helper(launchHere(lane, options)),
  })
}

/** The compiled helper on this machine: all processes of a program run on one CPU. */
function launchHere(lane: number, { swap, unprivileged }: LinuxOptions): Launch {
  const args = [`${lane % availableParallelism()}`, swap ?? '', `${process.pid}`]
  return { command: helperBinary(), args: unprivileged ? [...args, USUAL_SPEED, NOBODY] : args }
}

/** A system whose programs are performed by helpers, wherever these run. */
export interface HelperSystemOptions {
  readonly name: string
  /** Programs run at the same time by `runMany`. */
  readonly lanes: number
  /** Starts a helper for a lane, a small number. */
  start(lane: number): Helper
}

/** A kernel, by its helpers. */
export function systemOfHelpers(options: HelperSystemOptions): LinuxSystem {
  const { name, lanes } = options
  const helpers = new HelperPool(options)
  return {
    name,
    kind: 'linux',
    open: () => new LinuxSession(name, helpers),
    ordersThreads: async () => {
      const helper = helpers.take()
      const [answer] = await Promise.all(helper.send(['open', 'close']))
      helpers.give(helper)
      return answer === '0 o'
    },
    runMany: (programs) => runBatch({ system: name, helpers, lanes }, programs),
    close: () => helpers.close(),
  }
}

/** Helpers that are not at work, and how to start another. */
class HelperPool {
  readonly #options: HelperSystemOptions
  readonly #idle: { helper: Helper; lane: number }[] = []
  readonly #taken = new Map<Helper, number>()

  constructor(options: HelperSystemOptions) {
    this.#options = options
  }

  take(): Helper {
    let found = this.#idle.pop()
    while (found && !found.helper.works) found = this.#idle.pop()
    if (!found) {
      const lane = this.#freestLane()
      found = { helper: this.#options.start(lane), lane }
    }
    this.#taken.set(found.helper, found.lane)
    return found.helper
  }

  #freestLane(): number {
    const load = new Array<number>(Math.max(1, this.#options.lanes)).fill(0)
    for (const lane of this.#taken.values()) if (lane < load.length) load[lane]!++
    return load.indexOf(Math.min(...load))
  }

  give(helper: Helper): void {
    const lane = this.#taken.get(helper)
    this.#taken.delete(helper)
    if (lane !== undefined && helper.works) this.#idle.push({ helper, lane })
  }

  /** Another one in place of one that failed. */
  replace(helper: Helper): Helper {
    this.#taken.delete(helper)
    return this.take()
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

/** @throws ExpressionError when the helper has no such operation */
function lineOf(operation: Operation, names: Names, system: string): string {
  const line = encode(operation, names)
  if (line !== undefined) return line
  const [why, remedy] = INEXPRESSIBLE[operation.op] ?? [`the operation '${operation.op}'`, 'leave it out']
  throw new ExpressionError(system, 'kernel', why, remedy)
}

interface Batch {
  readonly system: string
  readonly helpers: HelperPool
  readonly lanes: number
}

async function* runBatch(batch: Batch, programs: Iterable<readonly Operation[]>): AsyncGenerator<readonly Outcome[]> {
  const { helpers } = batch
  const list = [...programs]
  // Switching swap off reaches into what runs beside it.
  const nrLanes = list.some((program) => program.some(({ op }) => op === 'swapoff')) ? 1 : Math.min(batch.lanes, list.length)
  const lanes = Array.from({ length: nrLanes }, () => helpers.take())
  const running: Promise<readonly Outcome[]>[] = []
  let started = 0
  try {
    for (let yielded = 0; yielded < list.length; yielded++) {
      for (; started < Math.min(list.length, yielded + nrLanes * IN_FLIGHT); started++) {
        const lane = started % nrLanes
        if (!lanes[lane]!.works) lanes[lane] = helpers.replace(lanes[lane]!)
        const run = runOne(batch.system, lanes[lane]!, list[started]!)
        run.catch(() => {}) // It is thrown when it is the oldest.
        running.push(run)
      }
      yield await running.shift()!
    }
  } finally {
    await Promise.allSettled(running)
    for (const helper of lanes) helpers.give(helper)
  }
}

/** Runs one program: all lines at once. */
async function runOne(system: string, helper: Helper, program: readonly Operation[]): Promise<readonly Outcome[]> {
  const names = new Names()
  const lines: (string | undefined)[] = []
  for (const operation of program) {
    const line = operation.op === 'comment' ? undefined : encode(operation, names)
    if (line === undefined && operation.op !== 'comment') break
    lines.push(line)
  }
  const sent = helper.send(['open', ...lines.filter((line) => line !== undefined), 'close'])
  await Promise.allSettled(sent)
  const outcomes: Outcome[] = []
  let at = 1
  for (const [step, line] of lines.entries()) {
    const answer = line === undefined ? '0' : await sent[at++]!
    if (isRefusal(answer)) break
    try {
      outcomes.push(decode(answer, names, system))
    } catch (error) {
      throw new Error(`${(error as Error).message}, at step ${step} ('${line}')`)
    }
  }
  await sent.at(-1)
  return outcomes
}
