// Writes where the sources are into every package.json, as npm wants it for provenance: the repository that the publishing workflow runs in.
// Part of npm run release, in the workflow's own checkout; nothing is committed, so that a fork publishes under its own name.
import { writeFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { publicPackages, ROOT } from './workspace.mjs'

const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: owned } = process.env
if (!server || !owned) {
  console.error('GITHUB_SERVER_URL and GITHUB_REPOSITORY are not set: packages are published by .github/workflows/release.yml.')
  process.exit(3)
}
const url = `git+${server}/${owned}.git`
for (const { name, folder, manifest } of publicPackages()) {
  const directory = relative(ROOT, folder).split(sep).join('/')
  const repository = { type: 'git', url, directory }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ ...manifest, repository }, null, 2)}\n`)
  console.log(`${name}: ${directory}`)
}
