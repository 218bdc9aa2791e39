/**
 * Ends a long run in order when it is asked to: what was seen so far is printed, and the machine put back.
 * @module
 */
import { constants } from 'node:os'
import type { Output } from '../terminal.ts'

/** Whether the run was asked to end. */
export interface Interruption {
  readonly signal: AbortSignal
  /** As shells report the signal, or undefined when there was none. */
  exitCode(): number | undefined
  /** From here on signals end the process as they did before. */
  release(): void
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** Ctrl-C under npx arrives twice: from the terminal and from npx. */
const ECHO_MS = 1000

/** Listens for signals in place of those who did so before. A second one ends the process at once. */
export function interruptible(err: Output): Interruption {
  const abort = new AbortController()
  let first: { readonly signal: NodeJS.Signals; readonly at: number } | undefined
  const before = process.listeners('SIGINT') as NodeJS.SignalsListener[]
  const onSignal = (signal: NodeJS.Signals): void => {
    if (first === undefined) {
      first = { signal, at: performance.now() }
      err.write(`${err.isTTY ? '\r\u001b[2K' : ''}faultline: ${signal}: ending; once more to end at once\n`)
      abort.abort()
    } else if (performance.now() - first.at > ECHO_MS) {
      release()
      process.kill(process.pid, signal)
    }
  }
  const release = (): void => {
    for (const signal of SIGNALS) process.off(signal, onSignal)
    for (const listener of before) process.once('SIGINT', listener)
  }
  for (const listener of before) process.off('SIGINT', listener)
  for (const signal of SIGNALS) process.on(signal, onSignal)
  return { signal: abort.signal, exitCode: () => first && 128 + constants.signals[first.signal], release }
}
