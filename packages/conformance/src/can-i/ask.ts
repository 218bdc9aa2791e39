/**
 * Asks a system a question: runs its program in one way after the other, until one goes through.
 * @module
 */
import { ENOMEM } from '@faultline/mm-types'
import {
  ExpressionError,
  formatOutcome,
  type Instance,
  instantiate,
  matches,
  type Operation,
  type Outcome,
  parseProgram,
  printExpectation,
  printOperation,
  Regions,
  type Session,
  type Step,
  type System,
} from '@faultline/program'
import type { Ground } from './grounds.ts'
import type { Question } from './questions.ts'

/** How a userfaultfd is come by. */
export type Opener = 'system call' | 'user mode only' | 'device'

/** One way to try a question. */
export interface Way {
  /** Absent where the question is about no userfaultfd. */
  readonly opener?: Opener
  /** Features that the handshake asks for, as the text format spells them. */
  readonly features: readonly string[]
}

/** A way that did not go through, and the operation at which it ended. */
export interface Refusal {
  readonly way: Way
  readonly operation: string
  /** What should have come of it, and what did, as the text format spells them. */
  readonly expected: string
  readonly got: string
  /** 0 where the operation went through and did not do what it is for. */
  readonly errno: number
}

/** What a system answers to a question. */
export interface Reply {
  /** The first way that goes through; undefined when none does. */
  readonly way: Way | undefined
  /** Those that do not, in the order they were tried. */
  readonly refusals: readonly Refusal[]
  /** What the system has no way to perform: then it gave no answer. */
  readonly unknown?: string
}

/** Who asks. */
export interface Asker {
  /** Has CAP_SYS_PTRACE, and sees which frames pages are in. */
  readonly privileged: boolean
}

const OPENERS: Readonly<Record<Opener, string>> = { 'system call': '', 'user mode only': ' flags=user_mode_only', device: ' device' }

/** Every way to try a question, what asks for least first. */
export function waysOf(question: Question): readonly Way[] {
  if (question.features === undefined) return [{ features: [] }]
  const openers: readonly Opener[] = question.device ? ['device'] : ['system call', 'user mode only', 'device']
  return openers.flatMap((opener) => question.features!.map((features) => ({ opener, features })))
}

/** The program of a question, tried in one way. */
export function programOf(question: Question, ground: Ground, way: Way, asker: Asker = { privileged: true }): Instance {
  const features = way.features.length === 0 ? '' : ` features=${way.features.join(',')}`
  const opening = way.opener === undefined ? [] : [`uffd u${OPENERS[way.opener]}${features}`]
  const lines = [...opening, ...question.lines(ground)].filter((line) => asker.privileged || !/^expect .* THP$/.test(line))
  return instantiate(parseProgram(`faultline-program 1\n${lines.join('\n')}\n`, `can-i ${question.name} on ${ground.name}`))
}

/** What a program and its way are known by in recordings. */
export function programName(question: Question, ground: Ground, { opener, features }: Way): string {
  const details = [...(opener === undefined || opener === 'system call' ? [] : [opener]), ...features]
  return `can-i ${question.name} on ${ground.name}${details.length === 0 ? '' : ` with ${details.join(', ')}`}`
}

/** Asks a system. Other ways to a userfaultfd are tried only by those who are refused one by the system call. */
export async function ask(system: System, question: Question, ground: Ground, asker?: Asker): Promise<Reply> {
  const refusals: Refusal[] = []
  for (const way of waysOf(question)) {
    if (way.opener !== undefined && way.opener !== 'system call' && !question.device && !isDenied(refusals[0])) continue
    const tried = await tryWay(system, programOf(question, ground, way, asker))
    if (tried === 'through') return { way, refusals }
    if ('unknown' in tried) return { way: undefined, refusals, unknown: tried.unknown }
    refusals.push({ way, ...tried })
  }
  return { way: undefined, refusals }
}

function isDenied(refusal: Refusal | undefined): boolean {
  return refusal?.operation.startsWith('userfaultfd ') ?? false
}

type Tried = 'through' | Omit<Refusal, 'way'> | { readonly unknown: string }

async function tryWay(system: System, program: Instance): Promise<Tried> {
  const session = await system.open()
  try {
    return await follow(session, program.steps)
  } catch (error) {
    if (error instanceof ExpressionError) return { unknown: error.message }
    throw error
  } finally {
    await session.close()
  }
}

/** Whether the system has no such pages at the moment, huge ones above all: then it was not asked. */
function lacksPages({ op }: Operation, expected: string, { errno, signal }: Outcome): boolean {
  if (op === 'mmap' || op === 'file' || op === 'fallocate') return true
  // Calls on ranges say the same for other reasons: mlock does of a fault that could not be served.
  if (errno === ENOMEM && (op === 'copy' || op === 'move')) return true
  return (op === 'write' && signal === 'SIGBUS') || (op === 'pagemap' && expected.endsWith('THP'))
}

/** Performs steps up to the first that goes otherwise than expected: what follows has lost its meaning. */
async function follow(session: Session, steps: readonly Step<Operation>[]): Promise<Tried> {
  const regions = new Regions()
  for (const { operation, expect = [] } of steps) {
    const outcome: Outcome = await session.perform(operation)
    regions.note(operation, outcome)
    const wanted = expect.length > 0 ? expect : [{ errno: 0 }]
    if (wanted.some((expectation) => matches(expectation, outcome, regions))) continue
    const expected = wanted.map(printExpectation).join(' or ')
    if (lacksPages(operation, expected, outcome)) {
      return { unknown: `there were no such pages: ${printOperation(operation)} came to ${formatOutcome(outcome)}` }
    }
    return { operation: printOperation(operation), expected, got: formatOutcome(outcome, regions), errno: outcome.errno }
  }
  return 'through'
}
