/**
 * Debian packages: found and downloaded with apt, unpacked, never installed.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The package with the newest version among those that match. @throws Error with the remedy when there is none */
export function newestPackage(pattern: RegExp): string {
  const prefix = /^\^([a-z-]+)/.exec(pattern.source)![1]!
  const names = run('apt-cache', ['pkgnames', prefix])
    .split('\n')
    .filter((name) => pattern.test(name))
  // A name may linger without a version that can be downloaded.
  const offered = names.flatMap((name) => {
    const version = /\|\s*(\S+)\s*\|/.exec(run('apt-cache', ['madison', name]))?.[1]
    return version === undefined ? [] : [{ name, version }]
  })
  if (offered.length === 0) {
    throw new Error(
      `apt knows no package ${pattern.source}: run 'apt-get update'; Debian 12 has Linux 6.1, bookworm-backports and Debian 13 have Linux 6.12`,
    )
  }
  return offered.reduce((best, each) => (isNewer(each.version, best.version) ? each : best)).name
}

function isNewer(version: string, than: string): boolean {
  return spawnSync('dpkg', ['--compare-versions', version, 'gt', than]).status === 0
}

/** Downloads one package and unpacks it into a folder. */
export function unpackPackage(name: string, folder: string): void {
  mkdirSync(folder, { recursive: true })
  run('apt-get', ['download', '-q', name], folder)
  unpackAll(folder, join(folder, name))
}

/** Downloads a package with all it depends on that this machine lacks, and unpacks them into one folder. */
export function unpackWithDependencies(name: string, scratch: string, folder: string): void {
  mkdirSync(join(scratch, 'partial'), { recursive: true })
  run('apt-get', [
    'install',
    '-q',
    '-y',
    '--download-only',
    '--no-install-recommends',
    '-o',
    `Dir::Cache::archives=${scratch}`,
    '-o',
    'Debug::NoLocking=1',
    name,
  ])
  unpackAll(scratch, folder)
}

function unpackAll(from: string, to: string): void {
  for (const file of readdirSync(from)) if (file.endsWith('.deb')) run('dpkg-deb', ['-x', join(from, file), to])
}

/** @throws Error with what the command said */
function run(command: string, args: readonly string[], cwd?: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', cwd, maxBuffer: 2 ** 26 })
  if (error !== undefined && 'code' in error && error.code === 'ENOENT') {
    throw new Error(`'${command}' is not on this machine: kernels are fetched as Debian packages, with apt and dpkg`)
  }
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`)
  return stdout
}
