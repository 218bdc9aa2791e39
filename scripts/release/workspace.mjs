// What the workspace publishes.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The project's folder. */
export const ROOT = join(import.meta.dirname, '..', '..')

/** @param {string} folder of a package @returns its package.json */
export const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

/** @param {string} root a checkout @returns every package that is published: `{ name, floor, folder, manifest }` */
export function publicPackages(root = ROOT) {
  return ['packages', 'apps'].flatMap((floor) =>
    readdirSync(join(root, floor))
      .map((name) => join(root, floor, name))
      .filter((folder) => existsSync(join(folder, 'package.json')))
      .map((folder) => ({ folder, manifest: manifestOf(folder) }))
      .filter(({ manifest }) => !manifest.private)
      .map(({ folder, manifest }) => ({ name: manifest.name, floor, folder, manifest })),
  )
}

/** @param manifest of a package @returns what may be imported of it: `@faultline/x`, `@faultline/x/y`; data files are left out */
export function entriesOf({ name, exports }) {
  return Object.entries(exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([key, target]) => ({ specifier: name + key.slice(1), key, types: target.types, source: target['@faultline/source'] }))
}
