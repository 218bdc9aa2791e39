/**
 * The file that a path or the name of a package stands for, as an import from the current directory would find it.
 * @module
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { UsageError } from '../errors.ts'
import { quote } from '../names.ts'

/** Conditions of `exports` that are tried; `import` and `node` hold for every program that Node runs as a module. */
const CONDITIONS: ReadonlySet<string> = new Set(['import', 'node', 'module-sync', 'default'])

/** @throws UsageError when there is no such file or package, or it has no entry */
export function entryFile(named: string, cwd = process.cwd()): string {
  const path = resolve(cwd, named)
  if (existsSync(path)) return statSync(path).isDirectory() ? entryOf(path, named) : path
  if (/^\.{0,2}\//.test(named)) throw refuse(named, 'there is no such file or folder')
  const folder = installed(named, cwd)
  if (folder === undefined) {
    throw refuse(
      named,
      `there is no such file, and no node_modules above ${quote(cwd)} holds such a package; install it, or write ./${named}`,
    )
  }
  return entryOf(folder, named)
}

/** The folder of an installed package. */
function installed(name: string, from: string): string | undefined {
  for (let at = resolve(from); ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name)
    if (existsSync(join(folder, 'package.json'))) return folder
    if (at === dirname(at)) return undefined
  }
}

function entryOf(folder: string, named: string): string {
  const manifestFile = join(folder, 'package.json')
  if (!existsSync(manifestFile)) throw refuse(named, 'the folder has no package.json; name a file in it')
  const manifest = readManifest(manifestFile, named)
  const entry = manifest.exports === undefined ? (manifest.main ?? './index.js') : target(rootOf(manifest.exports))
  if (typeof entry !== 'string') throw refuse(named, 'its package.json exports no "." for an import')
  const file = join(folder, entry)
  if (!existsSync(file)) throw refuse(named, `its entry ${entry} does not exist; build the package first`)
  return file
}

interface Manifest {
  readonly exports?: unknown
  readonly main?: unknown
}

function readManifest(file: string, named: string): Manifest {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Manifest
  } catch (error) {
    throw refuse(named, `its package.json cannot be read: ${(error as Error).message}`)
  }
}

/** What stands for "." in `exports`, which may be all of it. */
function rootOf(exports: unknown): unknown {
  if (typeof exports !== 'object' || exports === null || Array.isArray(exports)) return exports
  return '.' in exports ? exports['.'] : exports
}

/** The first target whose conditions hold. */
function target(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(target).find((each) => typeof each === 'string')
  if (typeof value !== 'object' || value === null) return value
  for (const [condition, below] of Object.entries(value)) {
    const found = CONDITIONS.has(condition) ? target(below) : undefined
    if (typeof found === 'string') return found
  }
  return undefined
}

function refuse(named: string, why: string): UsageError {
  return new UsageError(`--with ${quote(named)}: ${why}`)
}
