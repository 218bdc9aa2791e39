/**
 * Bundles packages for a browser from their sources.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build, defaultClientConditions, type Plugin } from 'vite'

const PACKAGES = new URL('../../packages/', import.meta.url)

/** They ask a kernel, which no browser has; the `faultline` command is an app and not in this folder. */
const NEEDS_NODE = new Set(['linux'])

/** Entries that read files: whoever has the bytes from elsewhere uses the others. */
export const FILE_READERS: readonly string[] = ['conformance/load-recordings', 'conformance/load-scripts', 'workloads/load-file']

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly '@faultline/source': string }>>
}

/** The module of each entry of a package, by a name as `conformance/kit`. */
function entriesOf(packageName: string): readonly (readonly [string, string])[] {
  const folder = new URL(`${packageName}/`, PACKAGES)
  const { exports } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as Manifest
  return Object.entries(exports).map(([path, entry]) => [
    packageName + path.slice(1),
    fileURLToPath(new URL(entry['@faultline/source'], folder)),
  ])
}

/** Every entry of every package that does not need Node by what it is for. */
export const entries: ReadonlyMap<string, string> = new Map(
  readdirSync(PACKAGES)
    .filter((name) => !NEEDS_NODE.has(name))
    .flatMap(entriesOf),
)

/** The entries that say they run in a browser. */
export const browserEntries: readonly string[] = [...entries.keys()].filter((name) => !FILE_READERS.includes(name))

/** The main module of the package that asks a kernel. */
export const LINUX_SOURCE = fileURLToPath(new URL('linux/src/index.ts', PACKAGES))

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
