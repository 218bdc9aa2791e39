// The size that a package may have. `npm run release:dry -- --write-budget` sets it a tenth above what was measured.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './workspace.mjs'

const FILE = join(ROOT, 'scripts', 'release', 'size-budget.json')

/** @returns `{ [name]: { packed, unpacked } }`: the most bytes of a tarball, and of what it unpacks to */
export const readBudget = () => JSON.parse(readFileSync(FILE, 'utf8'))

export function writeBudget(tarballs) {
  const roomy = (bytes) => Math.ceil((bytes * 1.1) / 1024) * 1024
  const entries = tarballs.map(({ name, packed, unpacked }) => [name, { packed: roomy(packed), unpacked: roomy(unpacked) }])
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`)
}

/** @returns what is wrong, a line a finding */
export function overBudget(tarballs, budget) {
  const problems = []
  for (const { name, packed, unpacked } of tarballs) {
    const most = budget[name]
    if (!most) problems.push(`${name} has no size budget: run "npm run release:dry -- --write-budget"`)
    else if (packed > most.packed) problems.push(`${name}: the tarball has ${packed} bytes, its budget is ${most.packed}`)
    else if (unpacked > most.unpacked) problems.push(`${name}: unpacks to ${unpacked} bytes, its budget is ${most.unpacked}`)
  }
  for (const name of Object.keys(budget)) {
    if (!tarballs.some((tarball) => tarball.name === name)) problems.push(`the size budget names ${name}, which is not published`)
  }
  return problems
}
