/**
 * A side of the comparison seen from here: a process that answers rounds, and says first what it leaves out.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Times } from './stage.ts'

/** One who is measured. */
export interface Side {
  readonly name: SideName
  /** What it cannot measure on this machine, by kind of operation, and why. */
  readonly leavesOut: Readonly<Record<string, string>>
  /** Runs every scene once. */
  round(): Promise<Times>
  close(): void
}

export type SideName = 'kernel' | 'model' | 'one' | 'reference'

/** Starts a process that speaks the protocol of native/side.h. @throws Error when it ends before it has said its first line */
export async function openSide(name: SideName, command: string, args: readonly string[]): Promise<Side> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  const read = async (): Promise<unknown> => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`the ${name} side ended (${await ending(child)})`)
    return JSON.parse(value)
  }
  // A write to a process that is gone is told by the read that follows.
  child.stdin!.on('error', () => {})
  const leavesOut = (await read()) as Record<string, string>
  return {
    name,
    leavesOut,
    async round() {
      child.stdin!.write('r\n')
      return (await read()) as Times
    },
    close() {
      child.stdin!.end()
      child.kill()
    },
  }
}

async function ending(child: ChildProcess): Promise<string> {
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('close', resolve))
  return child.signalCode ?? `exit code ${child.exitCode}`
}
