import { createColors } from 'picocolors'

type Colors = ReturnType<typeof createColors>

/** Where a command writes; injected so that tests need no process. */
export interface Terminal {
  /** The answer. */
  readonly out: Output
  /** Progress and errors. */
  readonly err: Output
  /** Colours for `out`; they do nothing when it is piped or NO_COLOR is set. */
  readonly colors: Colors
}

/** One stream. */
export interface Output {
  readonly isTTY: boolean
  write(text: string): void
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  return {
    out: { isTTY: process.stdout.isTTY === true, write: (text) => void process.stdout.write(text) },
    err: { isTTY: process.stderr.isTTY === true, write: (text) => void process.stderr.write(text) },
    colors: createColors(mayColor(process.stdout.isTTY === true, process.env)),
  }
}

/** Not picocolors' own rule, which colours pipes when CI is set. @source https://no-color.org */
export function mayColor(isTTY: boolean, env: NodeJS.ProcessEnv): boolean {
  return isTTY && !env.NO_COLOR && env.TERM !== 'dumb'
}
