/**
 * Compiles the helper, once for each version of its source.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheDirectory } from './cache-directory.ts'

const FLAGS = ['-O2', '-std=gnu11']
/** Preferred: an own copy of the C library keeps the address space small and the same everywhere. */
const STATIC = '-static'

/** Directory of the helper's C source. */
export function helperSource(): string {
  return fileURLToPath(new URL('../native', import.meta.url))
}

/**
 * The path of the compiled helper.
 *
 * @param compiler - defaults to `$CC`, else `cc`
 * @throws Error with what the compiler said and the remedy
 */
export function helperBinary(compiler = process.env.CC || 'cc'): string {
  const directory = helperSource()
  const files = readdirSync(directory).sort()
  const hash = createHash('sha256').update([compiler, ...FLAGS].join(' '))
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(directory, file)))
  const binary = join(cacheDirectory(), `helper-${hash.digest('hex').slice(0, 16)}`)
  if (!existsSync(binary))
    compile(
      compiler,
      files.filter((file) => file.endsWith('.c')).map((file) => join(directory, file)),
      binary,
    )
  return binary
}

function compile(compiler: string, sources: readonly string[], binary: string): void {
  const scratch = mkdtempSync(`${binary}.`)
  const output = join(scratch, 'helper')
  try {
    let said = ''
    for (const flags of [[STATIC, ...FLAGS], FLAGS]) {
      const { status, stderr, error } = spawnSync(compiler, [...flags, '-o', output, ...sources], { encoding: 'utf8' })
      if (status === 0) {
        renameSync(output, binary)
        return
      }
      said = error ? error.message : stderr
    }
    throw new Error(
      `the helper for the running kernel could not be compiled with '${compiler}': ${said.trim()}; install a C compiler and the C library's headers (Debian: apt install gcc libc6-dev), or set CC`,
    )
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
