// Other versions of Node, from the npm registry: the package `node-<platform>-<arch>` holds the program itself.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { outsideOfNpm } from './project.mjs'
import { attempt } from './run.mjs'

/** The majors that are promised; `engines` in the manifests says the least. */
const MAJORS = [20, 22, 24]

async function fetchNode(major, folder) {
  const packageName = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const install = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline', '--loglevel=error']
  const { code, stderr } = await attempt('npm', [...install, `${packageName}@${major}`], { cwd: folder, env: outsideOfNpm(process.env) })
  const program = join(folder, 'node_modules', packageName, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (code !== 0 || !existsSync(program))
    return { major, skipped: `${packageName}@${major} could not be had: ${stderr.trim().split('\n')[0]}` }
  const { stdout, code: ran } = await attempt(program, ['--version'])
  return ran === 0 ? { major, program, version: stdout.trim() } : { major, skipped: `${packageName}@${major} does not start here` }
}

/**
 * @param {string} folder to put them in
 * @returns one entry a major: `{ major, program, version }`, or `{ major, skipped }` with the reason. The Node that runs this is taken as it is.
 */
export async function supportedNodes(folder) {
  const here = Number(process.versions.node.split('.')[0])
  const nodes = []
  for (const major of MAJORS) {
    const own = { major, program: process.execPath, version: process.version }
    nodes.push(major === here ? own : await fetchNode(major, join(folder, String(major))))
  }
  return nodes
}
