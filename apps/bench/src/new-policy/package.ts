/**
 * The package that `faultline new-policy` writes: from text files in templates/, with a name in the place of NAME.
 * @module
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UsageError } from '../errors.ts'
import { quote } from '../names.ts'

/** Seams that have a template: the memory that shows what the policy does, and the design that the template is built on. */
const TEMPLATES_OF = {
  arming: { memory: 'anon', base: 'linux-6.4' },
  collapse: { memory: 'anon', base: 'linux-6.18' },
  encoding: { memory: 'anon', base: 'linux-6.18' },
  tracker: { memory: 'anon', base: 'linux-6.18' },
  backend: { memory: 'shmem', base: 'linux-6.18' },
} as const

/** A seam that has a template. Its interface stands in a file of `@faultline/mm-types` of this name. */
export type TemplateSeam = keyof typeof TEMPLATES_OF

/** All of them, as the command line lists them. */
export const TEMPLATE_SEAMS = Object.keys(TEMPLATES_OF) as readonly TemplateSeam[]

const BENCH = new URL('../../', import.meta.url)
const TEMPLATES = new URL('templates/', BENCH)

/** Writes a package into a new folder of that name. @returns the folder @throws UsageError for a name that is no package's, or taken */
export function writePolicyPackage(parent: string, name: string, seam: TemplateSeam): string {
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new UsageError(
      `${quote(name)} cannot be the name of a package and a design: use small letters, digits and hyphens, a letter first`,
    )
  }
  const folder = join(parent, name)
  if (existsSync(folder)) throw new UsageError(`there is a ${quote(folder)} already; choose another name, or remove it`)
  const files = {
    'package.json': `${JSON.stringify(manifestOf(name, seam), null, 2)}\n`,
    'tsconfig.json': `${JSON.stringify(TSCONFIG, null, 2)}\n`,
    'src/policy.ts': template(`${seam}.ts`),
    'src/policy.test.ts': template('test.ts'),
    'README.md': template('README.md').replaceAll('FILE', `${seam}.ts`).replaceAll('BASE', TEMPLATES_OF[seam].base),
  }
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text.replaceAll('NAME', name).replaceAll('SEAM', seam))
  }
  return folder
}

const template = (file: string): string => readFileSync(new URL(`${file}.txt`, TEMPLATES), 'utf8')

const TSCONFIG = {
  compilerOptions: {
    target: 'ES2023',
    lib: ['ES2023'],
    module: 'NodeNext',
    strict: true,
    declaration: true,
    skipLibCheck: true,
    types: ['node'],
    rootDir: 'src',
    outDir: 'dist',
  },
  include: ['src'],
}

function manifestOf(name: string, seam: TemplateSeam): object {
  const { memory, base } = TEMPLATES_OF[seam]
  const ours = (...packages: readonly string[]) => Object.fromEntries(packages.map((each) => [`@faultline/${each}`, rangeOf(each)]))
  return {
    name,
    version: '0.0.1',
    description: `A policy for the seam ${seam} of Faultline.`,
    type: 'module',
    sideEffects: false,
    engines: { node: '>=20.19' },
    exports: { '.': { types: './dist/policy.d.ts', default: './dist/policy.js' } },
    files: ['dist', 'src'],
    scripts: {
      build: 'tsc',
      pretest: 'npm run build',
      test: 'node --test dist/policy.test.js',
      compare: `faultline compare --workload dirty-tracking --memory ${memory} --with . --designs linux-6.4,linux-6.18`,
      verify: `faultline verify --with . --against ${base} --time 20`,
    },
    dependencies: ours('designs', 'mm-types'),
    devDependencies: { ...ours('bench', 'conformance'), '@types/node': '^20.19.0', typescript: '^6.0.3' },
  }
}

interface Manifest {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
}

const manifestAt = (folder: URL): Manifest => JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as Manifest

/** The versions of our packages that this command was published with; in a checkout, those that stand there. */
function rangeOf(name: string): string {
  const bench = manifestAt(BENCH)
  if (name === 'bench') return `^${bench.version}`
  const range = bench.dependencies?.[`@faultline/${name}`] ?? '*'
  return range.startsWith('workspace:') ? `^${manifestAt(new URL(`node_modules/@faultline/${name}/`, BENCH)).version}` : range
}
