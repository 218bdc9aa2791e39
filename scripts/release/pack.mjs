// Packs packages as they would be published: `workspace:` and `catalog:` become versions, `files` decides what is in.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { CheckFailed, inParallel, run } from './run.mjs'

/** @returns `{ name, version, file, packed, unpacked }`: a tarball, and its bytes as fetched and as installed */
async function packOne({ name, folder, manifest }, pnpm, out) {
  const answer = JSON.parse(await run(pnpm, ['pack', '--json', '--pack-destination', out], { cwd: folder }))
  const listed = (await run('tar', ['-tvzf', answer.filename])).trim().split('\n')
  const inside = JSON.parse(await run('tar', ['-xzOf', answer.filename, 'package/package.json']))
  const ranges = JSON.stringify(inside.dependencies ?? {})
  if (/workspace:|catalog:/.test(ranges))
    throw new CheckFailed(`${name}: the tarball holds ranges that only this workspace knows: ${ranges}`)
  const unpacked = listed.reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[2]), 0)
  return { name, version: manifest.version, manifest: inside, file: answer.filename, packed: statSync(answer.filename).size, unpacked }
}

/** Packs every package of a built copy into `out`. */
export function packAll(copy, packages, out) {
  const pnpm = join(copy, 'node_modules', '.bin', 'pnpm')
  return inParallel(packages, 2, (one) => packOne(one, pnpm, out))
}
