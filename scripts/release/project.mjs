// An empty project of a stranger: npm alone, our packages from tarballs, everything else from the registry.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.mjs'

/** Nothing listens there: a look-up of one of our names in a registry fails instead of finding something published. */
const NO_REGISTRY = '@faultline:registry=http://127.0.0.1:9/\n'

const INSTALL = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline', '--ignore-scripts', '--loglevel=error']

/** Every package of ours by its tarball, wherever it is asked for. */
function overridesFor(tarballs, direct) {
  return Object.fromEntries(tarballs.map(({ name, file }) => [name, name in direct ? `$${name}` : `file:${file}`]))
}

const asDependencies = (tarballs) => Object.fromEntries(tarballs.map(({ name, file }) => [name, `file:${file}`]))

/** Makes a project in `folder` that has every tarball, and `others`, installed. */
export async function strangersProject(folder, tarballs, others) {
  const dependencies = asDependencies(tarballs)
  mkdirSync(folder, { recursive: true })
  writeManifest(folder, {
    name: 'stranger',
    private: true,
    type: 'module',
    dependencies: { ...dependencies, ...others },
    overrides: overridesFor(tarballs, dependencies),
  })
  await npmInstall(folder)
}

/** Turns every dependency on our packages in a project's package.json into its tarball, and installs. */
export async function installFromTarballs(folder, tarballs) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const ours = asDependencies(tarballs)
  const direct = {}
  for (const field of ['dependencies', 'devDependencies', 'peerDependencies']) {
    for (const name of Object.keys(manifest[field] ?? {})) {
      if (name in ours) direct[name] = manifest[field][name] = ours[name]
    }
  }
  writeManifest(folder, { ...manifest, overrides: overridesFor(tarballs, direct) })
  await npmInstall(folder)
}

function writeManifest(folder, manifest) {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  writeFileSync(join(folder, '.npmrc'), NO_REGISTRY)
}

const npmInstall = (cwd) => run('npm', INSTALL, { cwd, env: outsideOfNpm(process.env) })

/** An environment without what the `npm run` that started this script handed down about this project. */
export function outsideOfNpm(env) {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^npm_(package_|lifecycle_|config_(loglevel|local_prefix)$)/i.test(name)),
  )
}
