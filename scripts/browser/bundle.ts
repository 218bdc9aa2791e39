/**
 * Bundles packages for a browser from their sources.
 * @module
 */
import { readdirSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build, defaultClientConditions, type Plugin } from 'vite'

const PACKAGES = new URL('../../packages/', import.meta.url)

/** They ask a kernel, which no browser has; the `faultline` command is an app and not in this folder. */
const NEEDS_NODE = new Set(['linux'])

/** Every package that says it runs in a browser. */
export const browserPackages: readonly string[] = readdirSync(PACKAGES).filter((name) => !NEEDS_NODE.has(name))

/** The main module of a package. */
export function sourceOf(packageName: string): string {
  return fileURLToPath(new URL(`${packageName}/src/index.ts`, PACKAGES))
}

/** One script, and what it would need that only Node has: each built-in with the module that imports it. */
export interface Bundle {
  readonly code: string
  readonly builtins: readonly string[]
}

/** Notes imports of Node's modules, which the bundler would otherwise replace by nothing. */
function noting(builtins: string[]): Plugin {
  return {
    name: 'note-builtins',
    enforce: 'pre',
    resolveId(source, importer) {
      if (!isBuiltin(source)) return null
      builtins.push(`${source} in ${importer}`)
      return { id: source, external: true }
    },
  }
}

/** Bundles a module given as text, whose imports are absolute paths. */
export async function bundle(text: string): Promise<Bundle> {
  const builtins: string[] = []
  const entry: Plugin = {
    name: 'entry',
    resolveId: (source) => (source === 'entry.js' ? '\0entry.js' : null),
    load: (id) => (id === '\0entry.js' ? text : null),
  }
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    plugins: [noting(builtins), entry],
    resolve: { conditions: ['@faultline/source', ...defaultClientConditions] },
    build: { write: false, minify: false, target: 'es2023', modulePreload: false, rollupOptions: { input: 'entry.js' } },
  })
  if (Array.isArray(built) || !('output' in built)) throw new Error('expected one bundle')
  // Traces and other files that modules name by their URL come along as assets.
  const chunks = built.output.filter((part) => part.type === 'chunk')
  const [chunk] = chunks
  if (chunk === undefined || chunks.length > 1)
    throw new Error(`expected one script, got ${chunks.map(({ fileName }) => fileName).join(', ')}`)
  return { code: chunk.code, builtins }
}
