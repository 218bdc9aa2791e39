/**
 * Notes of what was changed on the machine, one for each process that needs it so. They are written before the changes.
 * @module
 */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory } from './cache-directory.ts'
import type { Change } from './machine-changes.ts'
import { readSetting } from './settings.ts'

/** What one process has changed, or has taken over from one that ended before it. */
export interface MachineNote {
  readonly pid: number
  /** When the process began, in the kernel's clock ticks: process numbers are used again. */
  readonly began: string
  readonly changes: readonly Change[]
}

const NAME = /^machine-(\d+)\.json$/

function pathOf(pid: number): string {
  return join(cacheDirectory(), `machine-${pid}.json`)
}

/** Field 22 of /proc/pid/stat; undefined when there is no such process. */
function beganAt(pid: number): string | undefined {
  const text = readSetting(`/proc/${pid}/stat`)
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19]
}

/** Writes the note of this process, in place of the one it had. */
export function writeNote(changes: readonly Change[], pid = process.pid): void {
  const note: MachineNote = { pid, began: beganAt(pid) ?? '', changes }
  const path = pathOf(pid)
  writeFileSync(`${path}.new`, `${JSON.stringify(note, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** The note of a process. */
export function readNote(pid = process.pid): MachineNote | undefined {
  try {
    return JSON.parse(readFileSync(pathOf(pid), 'utf8')) as MachineNote
  } catch {
    return undefined
  }
}

export function removeNote(pid = process.pid): void {
  rmSync(pathOf(pid), { force: true })
}

/** All notes, and whether their processes still run. */
export function allNotes(): { readonly note: MachineNote; readonly alive: boolean }[] {
  const pids = readdirSync(cacheDirectory()).flatMap((name) => {
    const found = NAME.exec(name)
    return found ? [Number(found[1])] : []
  })
  return pids.flatMap((pid) => {
    const note = readNote(pid)
    return note ? [{ note, alive: note.began !== '' && beganAt(pid) === note.began }] : []
  })
}
