/**
 * What can go wrong, as exit codes. Everything a person can cause is one line on stderr; anything else is a bug.
 * @module
 */
import { ExpressionError } from '@faultline/program'
import { TraceError } from '@faultline/workloads'

export const EXIT_DONE = 0
/** The comparison or check found a difference. */
export const EXIT_DIFFERENCE = 1
/** Bad input or usage. */
export const EXIT_USAGE = 2
/** This machine cannot do it. */
export const EXIT_MACHINE = 3
/** A bug in Faultline itself. @source sysexits.h EX_SOFTWARE */
const EXIT_BUG = 70
/** Ended by Ctrl-C, as shells report it. */
export const EXIT_INTERRUPTED = 130

/** Bad input or usage; `message` is one line that says what is wrong and what would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What this machine lacks; `message` is one line that says what to do about it. */
export class MachineError extends Error {
  override readonly name = 'MachineError'
}

/** The exit code an error stands for. */
export function exitCodeOf(error: unknown): number {
  if (isUnplayable(error)) return EXIT_USAGE
  if (error instanceof UsageError || error instanceof TraceError || error instanceof ExpressionError) return EXIT_USAGE
  if (error instanceof MachineError || isOutOfMemory(error)) return EXIT_MACHINE
  return EXIT_BUG
}

/** The text for stderr: one line for what people cause, the whole stack for a bug. */
export function describeError(error: unknown): string {
  const code = exitCodeOf(error)
  if (code === EXIT_BUG) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return `faultline: this is a bug in faultline, please report it with the command you ran\n${detail}\n`
  }
  if (isOutOfMemory(error)) return 'faultline: this machine has too little free memory for the run; try a smaller trace or fewer epochs\n'
  return `faultline: ${firstLine(error instanceof Error ? error.message : String(error))}\n`
}

/** What workloads say of a well-formed trace whose calls no kernel would grant. */
const UNPLAYABLE = /the replay of a program needs it to succeed$|cannot be replayed$|lies outside the recorded region/

function isUnplayable(error: unknown): boolean {
  return error instanceof Error && UNPLAYABLE.test(error.message)
}

/** V8 throws this when the operating system refuses the memory of a typed array. */
function isOutOfMemory(error: unknown): boolean {
  return error instanceof RangeError && /allocation failed/i.test(error.message)
}

function firstLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ')
}
