// npm run mutation -- --page: writes docs/mutation.md from the reports of the last runs.
// npm run mutation -- [--own] [--workers N] [--patience SECONDS] PACKAGE[:FILE] …: changes one thing at a time in the sources of a package and asks its tests whether they notice.
// --own asks the tests of the package alone: quick, and what they notice need not be tried on the others.
// Works on a copy of the checkout, since tests reach a package through the workspace's links, which must lead to what was changed.
// Results of unchanged code are kept in reports/mutation and reused. Exit code 1: a score below the least, 2: usage.

import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { page } from './mutation/page.mjs'
import { describe, scoreOf, summary } from './mutation/summary.mjs'
import { TARGETS } from './mutation/targets.mjs'
import { copySources } from './release/checkout.mjs'
import { attempt, endOnSignals, run } from './release/run.mjs'
import { ROOT } from './release/workspace.mjs'

const LEAST = 80
const REPORTS = join(ROOT, 'reports', 'mutation')

const { values, positionals } = parseArgs({
  options: {
    workers: { type: 'string' },
    patience: { type: 'string', default: '60' },
    page: { type: 'boolean' },
    own: { type: 'boolean' },
  },
  allowPositionals: true,
})
const workers = values.workers === undefined ? Math.max(1, Math.min(4, cpus().length)) : Number(values.workers)
/** A machine that is busy is not a test that goes round for ever. */
const patience = Number(values.patience)

function configOf(name, file) {
  return {
    testRunner: 'vitest',
    plugins: ['@stryker-mutator/vitest-runner'],
    vitest: { configFile: 'vitest.mutation.config.ts', related: true },
    mutate: [`packages/${name}/src/${file}`, '!**/*.test.ts', '!**/index.ts', ...(TARGETS[name].leaveOut ?? []).map((file) => `!${file}`)],
    // Texts for people (names, sources, messages) are not behaviour.
    mutator: { excludedMutations: ['StringLiteral'] },
    coverageAnalysis: 'perTest',
    incremental: true,
    incrementalFile: `reports/${name}.incremental.json`,
    inPlace: true,
    concurrency: workers,
    // Data of modules is read once, when they are loaded: to change it takes all tests anew, hours in all.
    ignoreStatic: true,
    timeoutMS: patience * 1000,
    reporters: ['json', 'html', process.stdout.isTTY ? 'progress' : 'progress-append-only'],
    jsonReporter: { fileName: `reports/${name}.json` },
    htmlReporter: { fileName: `reports/${name}.html` },
    allowEmpty: true,
    cleanTempDir: 'always',
  }
}

/** The tests that are asked: the package's own, and those of others that are there to hold it. */
function testConfig(name) {
  return `import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'
export default defineConfig({
  ssr: { resolve: { conditions: ['@faultline/source', ...defaultServerConditions] } },
  test: { include: ${JSON.stringify([`packages/${name}/{src,test}/**/*.test.ts`, ...(values.own ? [] : TARGETS[name].tests)])}, testTimeout: 30_000 },
})
`
}

/** Runs stryker on one package of the copy. @returns its report */
async function mutate(copy, name, file) {
  const kept = join(REPORTS, `${name}.incremental.json`)
  mkdirSync(join(copy, 'reports'), { recursive: true })
  if (existsSync(kept)) cpSync(kept, join(copy, 'reports', `${name}.incremental.json`))
  writeFileSync(join(copy, 'stryker.config.json'), JSON.stringify(configOf(name, file)))
  writeFileSync(join(copy, 'vitest.mutation.config.ts'), testConfig(name))
  const stryker = join(copy, 'node_modules', '.bin', 'stryker')
  const { code } = await attempt(stryker, ['run', 'stryker.config.json', '--logLevel', 'warn'], {
    cwd: copy,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  cpSync(join(copy, 'reports'), REPORTS, { recursive: true })
  if (code !== 0) throw new Error(`stryker ended with ${code}`)
  return summary(join(REPORTS, `${name}.json`))
}

if (values.page) {
  const path = join(ROOT, 'docs', 'mutation.md')
  writeFileSync(path, page(REPORTS))
  execFileSync(join(ROOT, 'node_modules', '.bin', 'biome'), ['format', '--write', path], { stdio: 'inherit' })
  process.exit(0)
}
/** `PACKAGE` is all of its files, `PACKAGE:tlb.ts` one of them. */
const wanted = positionals.map((word) => word.split(':'))
const unknown = wanted.filter(([name]) => !(name in TARGETS))
if (wanted.length === 0 || unknown.length > 0 || !(Number.isInteger(workers) && workers > 0 && patience > 0)) {
  console.error(
    `usage: npm run mutation -- [--own] [--workers N] [--patience SECONDS] PACKAGE[:FILE] …, of ${Object.keys(TARGETS).join(', ')}`,
  )
  process.exit(2)
}
const copy = realpathSync(mkdtempSync(join(tmpdir(), 'faultline-mutation-')))
const remove = () => rmSync(copy, { recursive: true, force: true, maxRetries: 3 })
endOnSignals(remove)
try {
  copySources(copy)
  await run('git', ['init', '--quiet'], { cwd: copy })
  await run('node', ['scripts/setup.mjs'], { cwd: copy })
  for (const [name, file = '**/*.ts'] of wanted) {
    const found = await mutate(copy, name, file)
    const score = scoreOf(found)
    for (const survivor of found.survivors) console.log(describe(survivor))
    console.log(
      `${name}: ${score.toFixed(1)} % of ${found.tried} changes were noticed (${JSON.stringify(found.counts)}); at least ${LEAST} % are wanted`,
    )
    if (score < LEAST) process.exitCode = 1
  }
} finally {
  remove()
}
