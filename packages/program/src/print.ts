/**
 * The text of a program.
 * @module
 */
import { printExpectation, printMemories } from './expectation-text.ts'
import { printForm } from './form.ts'
import { FORMS, HANDSHAKE } from './forms.ts'
import { name } from './kinds.ts'
import type { PagemapOp } from './operations.ts'
import { printPatterns } from './page-pattern-text.ts'
import type { Program, Step, TemplateOperation } from './program.ts'
import { UnprintableError } from './syntax-error.ts'

/** First line of every program. */
export const HEADER = 'faultline-program 1'

const PROCESS = name('the name of a process')
const THREAD = name('the name of a thread')

/**
 * The text of a program, in its canonical form. `parseProgram` reads it back to equal data.
 *
 * @throws UnprintableError for data without a spelling, such as a name with a space in it
 */
export function printProgram(program: Program): string {
  const lines = [HEADER]
  if (program.name !== undefined) {
    if (program.name === '' || program.name !== program.name.trim() || hasLineEnd(program.name)) {
      throw new UnprintableError(`"${program.name}" cannot be the name of a program`, 'use one line without space around it')
    }
    lines.push(`name ${program.name}`)
  }
  if (program.memories) lines.push(`memory ${printMemories(program.memories).slice(1).replaceAll(',', ' ')}`)
  for (const step of program.steps) lines.push(printStep(step))
  return `${lines.join('\n')}\n`
}

/**
 * The lines of steps as people write them: the handshake of a userfaultfd stands on the line that makes it, as `uffd`. `parseProgram` reads
 * them as the same steps.
 */
export function printShort(steps: readonly Step[]): string[] {
  const lines: string[] = []
  for (let at = 0; at < steps.length; at++) {
    const handshake = steps[at + 1] && shortHandshake(steps[at]!, steps[at + 1]!)
    lines.push(handshake ?? printStep(steps[at]!))
    if (handshake !== undefined) at++
  }
  return lines
}

/** The line of two steps that make a userfaultfd and shake hands with it; undefined when they are something else, or expect too much. */
function shortHandshake(first: Step, second: Step): string | undefined {
  const [made, handshake] = [first.operation, second.operation]
  if (made.op !== 'userfaultfd' || handshake.op !== 'api' || made.uffd !== handshake.uffd) return undefined
  if (made.process !== handshake.process || made.thread !== handshake.thread) return undefined
  if (first.expect || first.comment || first.memories || second.memories) return undefined
  const words = printForm(HANDSHAKE, { ...handshake, flags: made.flags, device: made.device })
  const after = second.comment ? `  ${printComment(second.comment)}` : ''
  return `${printActor(made)}${['uffd', ...words, ...(second.expect ?? []).map((item) => `=> ${printExpectation(item)}`)].join(' ')}${after}`
}

/** The line of one step. */
export function printStep(step: Step): string {
  const { operation, memories, comment } = step
  const before = memories ? `${printMemories(memories)} ` : ''
  if (operation.op === 'comment') {
    if (step.expect || comment) throw new UnprintableError('a comment expects something', 'attach it to an operation')
    return before + printOperation(operation)
  }
  const after = comment ? `  ${printComment(comment)}` : ''
  return before + printExpected(step) + after
}

/** The line of one operation, without what is expected of it. */
export function printOperation(operation: TemplateOperation): string {
  const actor = printActor(operation)
  if (operation.op === 'comment') return actor + printComment(operation.text)
  return actor + [operation.op, ...printForm(FORMS[operation.op], { ...operation })].join(' ')
}

function printExpected(step: Step): string {
  const { operation, expect } = step
  if (operation.op === 'pagemap') {
    const states = shortForm(operation, step)
    if (states !== undefined) return `${printActor(operation)}expect ${printForm(FORMS.pagemap, { ...operation }).join(' ')} ${states}`
  }
  return [printOperation(operation), ...(expect ?? []).map((item) => `=> ${printExpectation(item)}`)].join(' ')
}

/** The page states of a pagemap that is expected to give them and nothing else: it prints as `expect`. */
function shortForm(operation: PagemapOp, step: Step): string | undefined {
  const [only, second] = step.expect ?? []
  if (!only?.pages || only.pages.length === 0 || second) return undefined
  const { errno, pages, ...rest } = only
  if (errno !== 0 || Object.values(rest).some((field) => field !== undefined)) return undefined
  return printPatterns(pages, operation.range.pages)
}

function printActor({ process, thread }: TemplateOperation): string {
  if (process === undefined && thread === undefined) return ''
  return `${process === undefined ? '' : PROCESS.print(process)}${thread === undefined ? '' : `.${THREAD.print(thread)}`}: `
}

function printComment(text: string): string {
  if (hasLineEnd(text)) throw new UnprintableError('a comment has several lines', 'use one comment a line')
  return text === '' ? '#' : `# ${text}`
}

function hasLineEnd(text: string): boolean {
  return /[\n\r]/.test(text)
}
