/**
 * The helper: where its sources are, and its binary.
 * @module
 */
import { fileURLToPath } from 'node:url'
import { compileC } from './compile.ts'

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
export function helperBinary(compiler?: string): string {
  return compileC({ name: 'helper', title: 'the helper for the running kernel', directory: helperSource() }, compiler)
}
