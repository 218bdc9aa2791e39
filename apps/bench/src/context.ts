import type { Terminal } from './terminal.ts'

/** What a command is given: where to write, and where to leave its exit code (0 unless it does). */
export interface Context {
  readonly terminal: Terminal
  exitCode: number
}
