// Compares the speed of the model with scripts/speed-baseline.json, or writes that with `--baseline`. Each measurement has a process
// of its own, since one process may compile its loops worse than the next. See docs/hot-paths.md.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Baseline, checkRatios, MOST_SLOWER, slowestOf } from '../apps/bench/src/speed/guard.ts'
import { measureRatios, type Ratios } from '../apps/bench/src/speed/guard-stage.ts'

const FILE = new URL('speed-baseline.json', import.meta.url)
const DESIGN = 'linux-6.18'
const ORDER = { design: DESIGN, pages: 4096, warmRounds: 100, rounds: 20 }
const BASELINE_RUNS = 5

const major = (version: string): string => version.split('.')[0]

function measure(): Ratios {
  const { status, stdout } = spawnSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), '--measure'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`the measurement ended with ${status}`)
  return JSON.parse(stdout) as Ratios
}

function writeBaseline(): void {
  const ratios = slowestOf(Array.from({ length: BASELINE_RUNS }, measure))
  const baseline: Baseline = { format: 'faultline-speed-baseline 1', design: DESIGN, node: process.version, ratios }
  writeFileSync(FILE, `${JSON.stringify(baseline, null, 2)}\n`)
}

function check(): void {
  const baseline = JSON.parse(readFileSync(FILE, 'utf8')) as Baseline
  if (major(baseline.node) !== major(process.version)) {
    console.log(
      `!! NOTHING WAS COMPARED: the baseline is of Node ${baseline.node}, this is ${process.version}. 'npm run speed:baseline' writes one.`,
    )
    return
  }
  const { slower, last } = checkRatios(baseline.ratios, measure)
  for (const [name, ratio] of Object.entries(baseline.ratios)) {
    console.log(
      `${name.padEnd(20)} ${last[name]?.toPrecision(3).padStart(8)} ${(last[name] / ratio).toFixed(2).padStart(6)} of the baseline`,
    )
  }
  for (const { operation, baseline: was, now } of slower) {
    console.error(
      `${operation} got slower, measured twice: ${now.toPrecision(3)} steps of the reference loop, ${was} in the baseline (at most ${MOST_SLOWER} times that)`,
    )
  }
  if (slower.length > 0) {
    console.error("Where this is wanted, or the machine is another one: 'npm run speed:baseline' writes scripts/speed-baseline.json anew.")
    process.exitCode = 1
  }
}

if (process.argv.includes('--measure')) console.log(JSON.stringify(measureRatios(ORDER)))
else if (process.argv.includes('--baseline')) writeBaseline()
else check()
