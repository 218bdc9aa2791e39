/**
 * Compiles C programs of the house, once for each version of their sources.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory } from './cache-directory.ts'

const FLAGS = ['-O2', '-std=gnu11']
/** Preferred: an own copy of the C library keeps the address space small and the same everywhere. */
const STATIC = '-static'

/** A program to compile. */
export interface CProgram {
  /** What its binary is called. */
  readonly name: string
  /** What it is for, as the subject of a sentence. */
  readonly title: string
  /** Directory of its sources; a change of any file there makes a new binary. */
  readonly directory: string
  /** The `.c` files that belong to it; all of the directory when absent. */
  readonly sources?: readonly string[]
  /** Flags beside `-O2 -std=gnu11`. */
  readonly flags?: readonly string[]
}

/**
 * The path of a compiled program in the cache directory.
 *
 * @param compiler - defaults to `$CC`, else `cc`
 * @throws Error with what the compiler said and the remedy
 */
export function compileC(program: CProgram, compiler = process.env.CC || 'cc'): string {
  const { name, directory, flags = [] } = program
  const files = readdirSync(directory).sort()
  const hash = createHash('sha256').update([compiler, ...FLAGS, ...flags].join(' '))
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(directory, file)))
  const binary = join(cacheDirectory(), `${name}-${hash.digest('hex').slice(0, 16)}`)
  if (!existsSync(binary)) {
    const sources = program.sources ?? files.filter((file) => file.endsWith('.c'))
    compile(
      program,
      compiler,
      sources.map((file) => join(directory, file)),
      binary,
    )
  }
  return binary
}

function compile({ name, title, flags = [] }: CProgram, compiler: string, sources: readonly string[], binary: string): void {
  const scratch = mkdtempSync(`${binary}.`)
  const output = join(scratch, name)
  try {
    let said = ''
    for (const linking of [[STATIC], []]) {
      const { status, stderr, error } = spawnSync(compiler, [...linking, ...FLAGS, ...flags, '-o', output, ...sources], {
        encoding: 'utf8',
      })
      if (status === 0) {
        renameSync(output, binary)
        return
      }
      said = error ? error.message : stderr
    }
    throw new Error(
      `${title} could not be compiled with '${compiler}': ${said.trim()}; install a C compiler and the C library's headers (Debian: apt install gcc libc6-dev), or set CC`,
    )
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
