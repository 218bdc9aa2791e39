/**
 * Reads the scripts that this package brings from disk; the only file here that needs Node.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { type InexpressibleCase, parseNotExpressible, parseScript, type Script } from './scripts.ts'

const ROOT = new URL('../scripts/', import.meta.url)

/** Every script of the package, by suite and name. @throws ProgramSyntaxError with file and line when one is no program */
export function listScripts(): Script[] {
  const files: string[] = []
  for (const suite of readdirSync(ROOT, { withFileTypes: true })) {
    if (!suite.isDirectory()) continue
    for (const name of readdirSync(new URL(`${suite.name}/`, ROOT))) if (name.endsWith('.flt')) files.push(`${suite.name}/${name}`)
  }
  return files.sort().map((file) => parseScript(file, readFileSync(new URL(file, ROOT), 'utf8')))
}

/** The cases of the same selftests that have no script, each with the reason. */
export function listNotExpressible(): readonly InexpressibleCase[] {
  return parseNotExpressible(readFileSync(new URL('not-expressible.json', ROOT), 'utf8'))
}
