// npm run release:dry: everything a release does but the publishing, and everything a stranger does with the result.
// On a copy of the checkout: raise the versions, build, pack. In an empty project with npm alone: install all tarballs, import each entry
// in a process of its own, type-check and run the examples of the READMEs, on every Node that is promised; hold sizes against their budget;
// run the projects of examples/. Exit code 0: all passed, 1: something is wrong, 3: this machine cannot tell (no registry, no git).
// --write-budget sets the size budgets anew; --keep leaves the folder for a look.
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { overBudget, readBudget, writeBudget } from './release/budget.mjs'
import { releasedCopy } from './release/checkout.mjs'
import { supportedNodes } from './release/nodes.mjs'
import { packAll } from './release/pack.mjs'
import { strangersProject } from './release/project.mjs'
import { readmeExamples } from './release/readme-examples.mjs'
import { CannotCheck, CheckFailed, endOnSignals } from './release/run.mjs'
import { compileSamples, importEachAlone, refusesInsides, runExamples, startEachProgram, writeSamples } from './release/stranger.mjs'
import { tableLines } from './release/table.mjs'
import { runThirdParties } from './release/third-parties.mjs'
import { entriesOf, manifestOf, ROOT } from './release/workspace.mjs'

const { values: flags } = parseArgs({ options: { 'write-budget': { type: 'boolean' }, keep: { type: 'boolean' } } })
const started = Date.now()
const say = (line) => console.log(`${((Date.now() - started) / 1000).toFixed(0).padStart(4)} s  ${line}`)

/** What a stranger needs beside our packages, in the versions that this project is built with. */
function tools() {
  const versionOf = (name) => manifestOf(join(ROOT, 'node_modules', name)).version
  return { typescript: versionOf('typescript'), '@types/node': versionOf('@types/node') }
}

function report(tarballs, examples, budget) {
  const kib = (bytes) => (bytes / 1024).toFixed(0)
  const rows = tarballs.map(({ name, version, manifest, packed, unpacked }) => {
    const own = examples.filter((example) => example.name === name)
    const most = budget[name]
    const sizes = [kib(packed), most ? kib(most.packed) : '–', kib(unpacked), most ? kib(most.unpacked) : '–']
    return [name, version, ...sizes, String(entriesOf(manifest).length), String(own.length), String(own.filter(({ runs }) => runs).length)]
  })
  const head = ['package', 'version', 'packed KiB', 'at most', 'unpacked KiB', 'at most', 'entries', 'examples', 'run']
  console.log(`\n${tableLines(head, rows).join('\n')}\n`)
}

async function dryRun(folder) {
  const problems = []
  const found = (lines) => {
    for (const line of lines) console.log(`     !! ${line}`)
    problems.push(...lines)
  }
  const copy = join(folder, 'checkout')
  const packages = await releasedCopy(copy, say)
  say(`packing ${packages.length} packages`)
  mkdirSync(join(folder, 'tarballs'))
  const tarballs = await packAll(copy, packages, join(folder, 'tarballs'))
  if (flags['write-budget']) writeBudget(tarballs)
  const budget = readBudget()
  found(overBudget(tarballs, budget))

  say('installing all tarballs into an empty project')
  const project = join(folder, 'stranger')
  await strangersProject(project, tarballs, tools())
  const examples = packages.flatMap(readmeExamples)
  const without = packages.filter(({ name }) => !examples.some((example) => example.name === name))
  found(without.map(({ name }) => `${name}: its README has no example`))
  writeSamples(project, tarballs, examples)
  say(`type-checking every entry and ${examples.length} examples`)
  found(await compileSamples(project))

  let skipped = 0
  for (const { major, program, version, skipped: reason } of await supportedNodes(join(folder, 'nodes'))) {
    if (reason) {
      say(`Node ${major} skipped: ${reason}`)
      skipped++
      continue
    }
    say(`Node ${version}: importing each entry alone, starting each program, running the examples`)
    found(await importEachAlone(project, tarballs, program))
    found(await startEachProgram(project, tarballs, program))
    found(await runExamples(project, examples, program))
  }
  found(await refusesInsides(project, tarballs, process.execPath))

  const thirdParties = await runThirdParties(join(folder, 'examples'), tarballs)
  for (const { name, problem } of thirdParties) {
    say(`${name}: ${problem ? 'failed' : 'built and tested against the tarballs'}`)
    if (problem) found([`${name}: ${problem}`])
  }
  if (thirdParties.length === 0) say('no projects in examples/')
  report(tarballs, examples, budget)
  const ran = examples.filter(({ runs }) => runs).length
  console.log(`${tarballs.length} packages, ${ran} examples run, ${skipped} Node versions skipped: ${problems.length} problems`)
  return problems.length
}

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'faultline-release-')))
const remove = () => flags.keep || rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
endOnSignals(remove)
try {
  process.exitCode = (await dryRun(folder)) === 0 ? 0 : 1
} catch (error) {
  if (!(error instanceof CheckFailed || error instanceof CannotCheck)) throw error
  console.error(`\n${error.message}`)
  process.exitCode = error instanceof CannotCheck ? 3 : 1
} finally {
  if (flags.keep) console.log(`left in ${folder}`)
  remove()
}
