// Installs what package.json asks for, with nothing but Node and npm on the machine. Does nothing when that has been done and no
// manifest has changed since, so it may stand before every command.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname ?? '.', '..')
const stampFile = join(root, 'node_modules', '.faultline-setup')
const { engines, packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

function refuseOldNode() {
  const least = engines.node.replace(/^>=/, '').split('.').map(Number)
  const here = process.versions.node.split('.').map(Number)
  if (here[0] > least[0] || (here[0] === least[0] && here[1] >= least[1])) return
  console.error(`Faultline needs Node ${engines.node}; this is ${process.version}. Install a newer Node from https://nodejs.org`)
  process.exit(3)
}

/** The folders of all packages of the workspace. */
function workspaceFolders() {
  return ['packages', 'apps'].flatMap((floor) =>
    readdirSync(join(root, floor))
      .map((name) => join(root, floor, name))
      .filter((folder) => existsSync(join(folder, 'package.json'))),
  )
}

/** A digest of all that decides what is installed. */
function manifestDigest(folders) {
  const hash = createHash('sha256').update(process.versions.modules)
  const files = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml'].map((name) => join(root, name))
  for (const file of [...files, ...folders.map((folder) => join(folder, 'package.json'))]) hash.update(file).update(readFileSync(file))
  return hash.digest('hex')
}

function isInstalled(folders, digest) {
  if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== digest) return false
  return folders.every((folder) => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return (!dependencies && !devDependencies) || existsSync(join(folder, 'node_modules'))
  })
}

refuseOldNode()
const folders = workspaceFolders()
const digest = manifestDigest(folders)
if (!isInstalled(folders, digest)) {
  console.log('Installing what Faultline needs (about 10 s the first time) …')
  const env = { ...process.env }
  delete env.npm_config_loglevel // npm's own "silent" would silence the installer too
  const install = ['--dir', root, 'install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only']
  // Started outside the project: inside it npx would take the pnpm of node_modules, which cannot replace the folder it runs from.
  const options = { cwd: tmpdir(), env, stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32' }
  const { status, error } = spawnSync('npx', ['--yes', packageManager, ...install], options)
  if (status !== 0) {
    console.error(
      `The installation failed (${error?.message ?? `exit code ${status}`}); the lines above say why. Then run the command again.`,
    )
    process.exit(3)
  }
  writeFileSync(stampFile, digest)
}
