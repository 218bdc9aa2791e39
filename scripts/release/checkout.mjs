// A copy of the checkout as a release would find it: versions raised, changelogs written, built. The checkout itself is not touched.
import { cpSync, existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { CheckFailed, run } from './run.mjs'
import { publicPackages, ROOT } from './workspace.mjs'

/** What is made, and not part of a checkout. */
const MADE = new Set(['node_modules', 'dist', '.git', 'coverage', '.turbo', '.stryker-tmp'])
const MADE_AT_ROOT = new Set(['site', 'reports'])

/** Copies all that a clone would hold, and what has not been committed yet. */
export function copySources(target) {
  const isSource = (from) => !MADE.has(basename(from)) && !(dirname(from) === ROOT && MADE_AT_ROOT.has(basename(from)))
  cpSync(ROOT, target, { recursive: true, filter: (from) => from === ROOT || isSource(from) })
}

/** changesets asks git which commit brought a change; an answer must exist, not a true one. */
async function commitAll(cwd) {
  const identity = ['-c', 'user.name=dry run', '-c', 'user.email=dry-run@localhost', '-c', 'commit.gpgsign=false']
  await run('git', ['init', '--quiet'], { cwd })
  await run('git', ['add', '--all'], { cwd })
  await run('git', [...identity, 'commit', '--quiet', '--no-verify', '--message', 'Dry run'], { cwd })
}

/**
 * Makes the copy, raises its versions as the next release would and builds it.
 * @param {string} target an empty folder
 * @param {(line: string) => void} say
 * @returns its public packages
 */
export async function releasedCopy(target, say) {
  say('copying the checkout')
  copySources(target)
  await commitAll(target)
  say('installing what it needs')
  await run('node', ['scripts/setup.mjs'], { cwd: target })
  say('changeset version')
  await run(join(target, 'node_modules', '.bin', 'changeset'), ['version'], { cwd: target })
  const packages = publicPackages(target)
  const unversioned = packages.filter(({ manifest }) => !/^\d+\.\d+\.\d+$/.test(manifest.version))
  if (unversioned.length > 0) throw new CheckFailed(`no version that can be published: ${unversioned.map(({ name }) => name).join(', ')}`)
  say('building')
  await run(join(target, 'node_modules', '.bin', 'tsc'), ['-b'], { cwd: target })
  for (const { name, folder } of packages) {
    if (!existsSync(join(folder, 'dist', 'index.js'))) throw new CheckFailed(`${name}: the build made no dist/index.js`)
  }
  return packages
}
