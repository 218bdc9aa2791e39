/**
 * Output files: whole or not at all.
 *
 * Everything here is synchronous, so that no signal handler runs between the temporary file and its renaming.
 * @module
 */
import { closeSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { UsageError } from './errors.ts'
import { quote } from './names.ts'

/**
 * Writes a file beside its place and moves it there, so that a reader sees the old content or the new and nothing else.
 *
 * A path that is no regular file (a device, a pipe) is written to directly.
 * @throws UsageError in one line; then nothing has changed.
 */
export function writeWhole(path: string, text: string): void {
  try {
    const target = followLinks(path)
    if (isSpecial(target)) writeFileSync(target, text)
    else replaceFile(target, text)
  } catch (error) {
    throw cannotWrite(path, error)
  }
}

/** Refuses at once what `writeWhole` would refuse after the work. @throws UsageError */
export function checkWritable(path: string): void {
  try {
    const target = followLinks(path)
    if (isSpecial(target)) return
    const temporary = temporaryName(target)
    closeSync(openSync(temporary, 'wx'))
    rmSync(temporary)
  } catch (error) {
    throw cannotWrite(path, error)
  }
}

function replaceFile(target: string, text: string): void {
  const temporary = temporaryName(target)
  try {
    const file = openSync(temporary, 'wx')
    try {
      writeFileSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

function temporaryName(target: string): string {
  return join(dirname(target), `.${basename(target)}.${process.pid}.tmp`)
}

/** A symbolic link stays one: what it leads to is replaced. */
function followLinks(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? path : realpathSync(path)
}

function isSpecial(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat?.isDirectory()) throw Object.assign(new Error('it is a directory'), { code: 'EISDIR' })
  return stat !== undefined && !stat.isFile()
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be too large',
  EISDIR: 'it is a directory',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'its directory does not exist',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is not a directory',
  EROFS: 'the file system is read-only',
}

function cannotWrite(path: string, error: unknown): UsageError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error))
  return new UsageError(`cannot write ${quote(path)}: ${reason}`)
}
