/**
 * Lets one process at a time change the machine, or put it back.
 * @module
 */
import { linkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory } from './cache-directory.ts'
import { beganAt } from './machine-note.ts'
import { readSetting } from './settings.ts'

/** Making a swap file takes seconds on a slow disk. */
const PATIENCE_MS = 60_000
const PAUSE_MS = 20

/** Runs `work` while no other process changes the machine. @throws Error when another one takes too long */
export function withMachineLock<T>(work: () => T): T {
  const path = join(cacheDirectory(), 'machine.lock')
  take(path)
  try {
    return work()
  } finally {
    rmSync(path, { force: true })
  }
}

function take(path: string): void {
  const began = performance.now()
  while (!tryTake(path)) {
    if (performance.now() - began > PATIENCE_MS) {
      throw new Error(`another run has been changing this machine for ${PATIENCE_MS / 1000} s; if there is none, remove ${path}`)
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
  }
}

function tryTake(path: string): boolean {
  // A link appears with its content, so that whoever finds the lock also finds whose it is.
  const own = `${path}.${process.pid}`
  writeFileSync(own, `${process.pid} ${beganAt(process.pid) ?? ''}`, { mode: 0o600 })
  try {
    linkSync(own, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(own, { force: true })
  }
  const [pid, began = ''] = readSetting(path)?.split(' ') ?? []
  // A process that was killed amid its changes left a note of them, which whoever comes next undoes.
  if (pid !== undefined && (beganAt(Number(pid)) ?? '') !== began) rmSync(path, { force: true })
  return false
}
