// Packs every package as it would be published and lints what a stranger would install: publint reads package.json and its
// exports, attw resolves the types the way TypeScript's module modes do. Prints one line a package; exit code 1 if any is wrong.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { publicPackages, ROOT } from './release/workspace.mjs'

const run = promisify(execFile)
const out = mkdtempSync(join(tmpdir(), 'faultline-pack-'))

/** Files that a tarball must and must not hold, by the names `tar -t` prints. */
function contentProblems(manifest, files) {
  const problems = []
  if (!files.includes('package/dist/index.js')) problems.push('dist/index.js is missing: run the build first')
  if (!files.includes('package/README.md')) problems.push('README.md is missing')
  for (const file of files) {
    if (file.endsWith('.tsbuildinfo') || /\.test\.(ts|js|d\.ts)$/.test(file)) problems.push(`${file} should not be published`)
  }
  if (!manifest.engines?.node) problems.push('engines.node is missing')
  if (!manifest.publishConfig?.provenance)
    problems.push('publishConfig.provenance is not set: the package would be published without saying from where')
  const text = JSON.stringify(manifest.dependencies ?? {})
  if (/workspace:|catalog:/.test(text)) problems.push(`dependencies still hold workspace or catalog ranges: ${text}`)
  return problems
}

async function checkPackage(dir) {
  const packed = await run('pnpm', ['pack', '--json', '--pack-destination', out], { cwd: dir })
  const tarball = JSON.parse(packed.stdout).filename
  const files = (await run('tar', ['-tzf', tarball])).stdout.trim().split('\n')
  const manifest = JSON.parse((await run('tar', ['-xzOf', tarball, 'package/package.json'])).stdout)
  const problems = contentProblems(manifest, files)
  const { messages } = await publint({ pkgDir: dir, level: 'warning', strict: true })
  problems.push(...messages.map((message) => formatMessage(message, manifest, { color: false })))
  try {
    await run('attw', [tarball, '--profile', 'esm-only', '--no-color', '--no-emoji'], { cwd: ROOT })
  } catch (error) {
    problems.push(`attw: ${error.stdout || error.message}`)
  }
  return { nrFiles: files.length, problems }
}

let failed = 0
try {
  for (const { name, folder } of publicPackages()) {
    const { nrFiles, problems } = await checkPackage(folder)
    console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${name} (${nrFiles} files)`)
    for (const problem of problems) console.log(`     ${problem}`)
    if (problems.length > 0) failed++
  }
} finally {
  rmSync(out, { recursive: true, force: true })
}
process.exitCode = failed === 0 ? 0 : 1
