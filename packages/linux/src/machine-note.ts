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
  /** Which start of the machine it belongs to. */
  readonly boot: string
  readonly changes: readonly Change[]
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id'
const NAME = /^machine-(\d+)\.json$/

function pathOf(pid: number): string {
  return join(cacheDirectory(), `machine-${pid}.json`)
}

/**
 * Field 22 of /proc/pid/stat; undefined when there is no such process, or when it has ended and nobody has waited for it:
 * a killed process is still listed until its parent asks (field 3: Z, or X for a moment).
 */
export function beganAt(pid: number): string | undefined {
  const text = readSetting(`/proc/${pid}/stat`)
  // The name in field 2 may hold anything, brackets too.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}

/** Writes the note of a process, in place of the one it had. */
export function writeNote(changes: readonly Change[], of: Pick<MachineNote, 'pid'> & Partial<MachineNote> = { pid: process.pid }): void {
  const { pid, began = beganAt(pid) ?? '', boot = readSetting(BOOT_ID) ?? '' } = of
  const note: MachineNote = { pid, began, boot, changes }
  const path = pathOf(pid)
  writeFileSync(`${path}.new`, `${JSON.stringify(note, null, 2)}\n`, { mode: 0o600, flush: true })
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

/** A note, whether its process still runs, and whether it is of the present start of the machine. */
export interface FoundNote {
  readonly note: MachineNote
  readonly alive: boolean
  readonly thisBoot: boolean
}

/** All notes. */
export function allNotes(): FoundNote[] {
  const boot = readSetting(BOOT_ID) ?? ''
  const pids = readdirSync(cacheDirectory()).flatMap((name) => {
    const found = NAME.exec(name)
    return found ? [Number(found[1])] : []
  })
  return pids.flatMap((pid) => {
    const note = readNote(pid)
    if (note === undefined) return []
    const thisBoot = note.boot === boot
    return [{ note, thisBoot, alive: thisBoot && note.began !== '' && beganAt(pid) === note.began }]
  })
}
