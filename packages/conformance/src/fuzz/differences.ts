/**
 * Finds the first difference between two runs of one program.
 * @module
 */
import type { Operation, RecordedProgram, System } from '@faultline/program'
import { type Allowance, type Freedom, Leniency } from './allowances.ts'
import { compareOutcomes, type FieldDifference } from './compare.ts'
import { type Answer, isOutcome, runFirst, runScript, runScripts, type Script, type Watcher } from './runs.ts'

/** Two systems, and what may differ between them. */
export interface Pair {
  readonly a: System
  readonly b: System
  readonly ignored: ReadonlySet<string>
  /** True when one of them may run woken threads in any order. */
  readonly inAnyOrder?: boolean
}

/** Where two runs part. */
export interface Difference {
  /** The operations of the program, as they were performed, up to the one whose outcomes differ. */
  readonly script: readonly Operation[]
  /** The operation whose outcomes differ. */
  readonly operation: Operation
  readonly field: FieldDifference
  readonly a: Answer
  readonly b: Answer
  /** What tells kinds of difference apart: the operation that was last performed, the field, and what was seen. */
  readonly kind: string
}

/** What came of comparing one program. */
export interface Verdict {
  /** Operations of the program that were performed on both. */
  readonly performed: number
  readonly difference?: Difference
  /** Why a difference was let pass, at which the comparison ended. */
  readonly allowed?: Allowance
  /** Why the program ended early: one of the systems cannot express what follows. */
  readonly inexpressible?: string
}

/** Runs programs on both systems and compares. */
export async function comparePrograms(pair: Pair, programs: readonly (readonly Operation[])[], watcher?: Watcher): Promise<Verdict[]> {
  const scripts: Script[] = []
  for (const program of programs) scripts.push(await runFirst(pair.a, program, watcher))
  const answers = await runScripts(pair.b, scripts)
  const freedom = { inAnyOrder: pair.inAnyOrder === true, reclaims: pair.b.kind === 'linux' }
  return scripts.map((script, index) => compareRuns(script, answers[index]!, pair.ignored, freedom))
}

/** Operations that look at what others have done: of a recorded program, they count as observations. */
const LOOKS: ReadonlySet<Operation['op']> = new Set(['pagemap', 'status'])

/** Runs a recorded program on a system and compares with what was recorded. */
export async function compareRecorded(system: System, recorded: RecordedProgram, ignored: ReadonlySet<string>): Promise<Verdict> {
  const operations = recorded.steps.map(({ operation }) => operation)
  const origins = operations.map(({ op }, index) => (LOOKS.has(op) ? -1 : index))
  const script = { operations, origins, answers: await runScript(system, operations) }
  const outcomes = recorded.steps.map(({ outcome }) => outcome)
  return compareRuns(script, outcomes, ignored, { inAnyOrder: false, reclaims: false })
}

function compareRuns(script: Script, answers: readonly Answer[], ignored: ReadonlySet<string>, freedom: Freedom): Verdict {
  let performed = 0
  const leniency = new Leniency(freedom)
  for (const [index, operation] of script.operations.entries()) {
    const a = script.answers[index]!
    const b = answers[index] ?? { crash: 'no answer' }
    if ('inexpressible' in a) return { performed, inexpressible: a.inexpressible }
    if ('inexpressible' in b) return { performed, inexpressible: b.inexpressible }
    if (script.origins[index]! >= 0) performed++
    if (isOutcome(a)) leniency.note(operation, a)
    const field = isOutcome(a) && isOutcome(b) ? compareOutcomes(a, b, ignored) : crashed(a, b)
    if (field === undefined) continue
    // What comes after may differ for the same reason: the program is compared up to here.
    const allowed = leniency.allows(field)
    return allowed === undefined ? { performed, difference: describe(script, index, field, a, b) } : { performed, allowed }
  }
  return { performed }
}

function crashed(a: Answer, b: Answer): FieldDifference | undefined {
  const text = (answer: Answer): string => ('crash' in answer ? answer.crash : 'no crash')
  return { field: 'crash', a: text(a), b: text(b) }
}

function describe(script: Script, index: number, field: FieldDifference, a: Answer, b: Answer): Difference {
  const operation = script.operations[index]!
  // The operations of the program itself, and of the observations only the one that shows the difference.
  const shown = script.operations.slice(0, index + 1).filter((_, at) => at === index || script.origins[at]! >= 0)
  const cause = script.origins[index]! >= 0 ? operation : shown[shown.length - 2]
  const strip = (text: string): string => text.replace(/page \d+: /, '').replace(/[0-9a-f]{6,}/g, '#')
  const kind = `${detail(operation)}${cause === operation || cause === undefined ? '' : ` after ${detail(cause)}`}: ${field.field} ${strip(field.a)} | ${strip(field.b)}`
  return { script: shown, operation, field, a, b, kind }
}

/** Name of an operation, with what matters most about it. */
export function detail(operation: Operation): string {
  switch (operation.op) {
    case 'madvise':
      return `madvise ${operation.advice}`
    case 'writeprotect':
      return operation.mode & 1 ? 'writeprotect wp' : 'writeprotect 0'
    case 'copy':
    case 'continue':
      return operation.mode & 2 ? `${operation.op} wp` : operation.op
    case 'scan':
      return operation.flags & 1 ? 'scan wp_matching' : 'scan'
    case 'fallocate':
      return operation.punch ? 'fallocate punch' : 'fallocate'
    case 'mremap':
      return `mremap${operation.mayMove ? ' maymove' : ''}${operation.dontUnmap ? ' dontunmap' : ''}${operation.to ? ' to' : ''}`
    default:
      return operation.op
  }
}
