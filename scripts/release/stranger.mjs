// What a stranger's project is asked to do with the installed packages.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { contradiction } from './readme-examples.mjs'
import { attempt, inParallel } from './run.mjs'
import { entriesOf } from './workspace.mjs'

const TSCONFIG = {
  compilerOptions: {
    target: 'ES2023',
    module: 'NodeNext',
    strict: true,
    skipLibCheck: false,
    types: ['node'],
    rootDir: 'samples',
    outDir: 'built',
    allowJs: true,
    checkJs: false,
  },
  include: ['samples'],
}

/** One process an entry, so that none can lean on what another has loaded. @returns what is wrong, a line a finding */
export async function importEachAlone(project, tarballs, node) {
  const specifiers = tarballs.flatMap(({ manifest }) => entriesOf(manifest).map(({ specifier }) => specifier))
  const problems = await inParallel(specifiers, 2, async (specifier) => {
    const program = `if (Object.keys(await import(${JSON.stringify(specifier)})).length === 0) throw new Error('exports nothing')`
    const { code, stdout, stderr } = await attempt(node, ['--input-type=module', '--eval', program], { cwd: project })
    if (code !== 0) return `import of ${specifier} ended with ${code}: ${stderr.trim()}`
    return stdout + stderr === '' ? undefined : `import of ${specifier} prints: ${stdout}${stderr}`
  })
  return problems.filter(Boolean)
}

/** A path that is not in `exports` must not resolve: whoever reached inside would break with the next release. */
export async function refusesInsides(project, tarballs, node) {
  const problems = await inParallel(tarballs, 2, async ({ name }) => {
    const { code, stderr } = await attempt(node, ['--input-type=module', '--eval', `await import('${name}/dist/index.js')`], {
      cwd: project,
    })
    return code !== 0 && stderr.includes('ERR_PACKAGE_PATH_NOT_EXPORTED') ? undefined : `${name}/dist/index.js can be imported by its path`
  })
  return problems.filter(Boolean)
}

/** Every program of a package's `bin` must say its version. */
export async function startEachProgram(project, tarballs, node) {
  const programs = tarballs.flatMap(({ name, version, manifest }) =>
    Object.entries(manifest.bin ?? {}).map(([bin, path]) => ({ bin, version, file: join(project, 'node_modules', name, path) })),
  )
  const problems = await inParallel(programs, 2, async ({ bin, version, file }) => {
    const { code, stdout, stderr } = await attempt(node, [file, '--version'], { cwd: project })
    return code === 0 && stdout.includes(version) ? undefined : `${bin} --version (${version}) ended with ${code}: ${stdout}${stderr}`
  })
  return problems.filter(Boolean)
}

/** Writes a module that touches every export of every entry, and each example, as sources of the project. */
export function writeSamples(project, tarballs, examples) {
  const samples = join(project, 'samples')
  mkdirSync(samples)
  for (const { name, manifest } of tarballs) {
    const entries = entriesOf(manifest)
    const imports = entries.map(({ specifier }, i) => `import * as entry${i} from '${specifier}'`)
    const used = `export const names: readonly string[] = [${entries.map((_, i) => `...Object.keys(entry${i})`).join(', ')}]`
    writeFileSync(join(samples, `${name.replace(/^@/, '').replace('/', '-')}-exports.ts`), `${imports.join('\n')}\n${used}\n`)
  }
  // "export {}" makes each a module, also where an example happens to import nothing.
  for (const { id, language, text } of examples) writeFileSync(join(samples, `${id}.${language}`), `${text}\nexport {}\n`)
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(TSCONFIG, null, 2))
}

/** Type-checks and compiles the samples with all declarations of the packages. @returns what the compiler says is wrong, a line a finding */
export async function compileSamples(project) {
  const tsc = join(project, 'node_modules', 'typescript', 'bin', 'tsc')
  const { code, stdout, stderr } = await attempt(process.execPath, [tsc, '--pretty', 'false'], { cwd: project })
  return code === 0 ? [] : `${stdout}${stderr}`.trim().split('\n')
}

/** Runs the compiled examples. @returns what is wrong, a line a finding */
export async function runExamples(project, examples, node) {
  const problems = await inParallel(
    examples.filter(({ runs }) => runs),
    2,
    async (example) => {
      const where = `${example.name}/README.md:${example.line}`
      const { code, stdout, stderr } = await attempt(node, [join('built', `${example.id}.js`)], { cwd: project })
      if (code !== 0) return `${where} ended with ${code}: ${stderr.trim()}`
      const wrong = contradiction(example, stdout)
      return wrong && `${where} ${wrong}`
    },
  )
  return problems.filter(Boolean)
}
