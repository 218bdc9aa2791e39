// The projects of examples/: packages by a "third party", which know ours by name only. Each is copied into an empty folder, gets the
// tarballs, and must build and pass its own tests there.
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { installFromTarballs, outsideOfNpm } from './project.mjs'
import { attempt } from './run.mjs'
import { ROOT } from './workspace.mjs'

/** The folders of examples/ that are projects. */
function thirdParties() {
  const folder = join(ROOT, 'examples')
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((project) => existsSync(join(project, 'package.json')))
}

async function runScripts(project) {
  const { scripts = {} } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
  if (!scripts.test) return 'has no test script'
  for (const script of ['build', 'test']) {
    if (!scripts[script]) continue
    const { code, stdout, stderr } = await attempt('npm', ['run', script], { cwd: project, env: outsideOfNpm(process.env) })
    if (code !== 0) return `npm run ${script} ended with ${code}:\n${stdout}${stderr}`
  }
  return undefined
}

/** @returns `{ name, problem }` of each */
export async function runThirdParties(folder, tarballs) {
  const results = []
  for (const source of thirdParties()) {
    const name = `examples/${basename(source)}`
    const project = join(folder, basename(source))
    cpSync(source, project, { recursive: true, filter: (from) => !['node_modules', 'dist'].includes(basename(from)) })
    await installFromTarballs(project, tarballs)
    results.push({ name, problem: await runScripts(project) })
  }
  return results
}
