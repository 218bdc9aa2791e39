// Which layers of checks run the code of which file: measured with V8's own counts of calls, one layer after the other.
import { Session } from 'node:inspector/promises'
import fc from 'fast-check'
import { CONFIG_NAMES, MATRIX_MEMORY, runCell } from '../apps/bench/src/matrix/cell.ts'
import { OPERATION_NAMES, STATE_NAMES } from '../apps/bench/src/matrix/operations.ts'
import { generateProgram, programSeed } from '../packages/conformance/src/fuzz/index.ts'
import { runFirst } from '../packages/conformance/src/fuzz/runs.ts'
import { runCase } from '../packages/conformance/src/index.ts'
import { listScripts } from '../packages/conformance/src/load-scripts.ts'
import { createModel, linux618 } from '../packages/designs/src/index.ts'
import { randomProgram, rareOperations } from '../packages/designs/test/random-program.ts'
import { endProgram, openProgram, SEED } from '../packages/designs/test/sessions.ts'
import { MEMORY_TYPES } from '../packages/program/src/index.ts'

/** Path of a source file to the layers that run it. */
export type Layers = Record<string, readonly string[]>

/** Registration modes of UFFDIO_REGISTER by what a configuration of the matrix is called. */
const MODES: readonly (readonly [RegExp, number])[] = [
  [/^MISSING/, 1],
  [/WP/, 2],
  [/^MINOR/, 4],
]
const FUZZ_PROGRAMS = 300
const LAW_PROGRAMS = 60
/** Features that linux-6.18 offers: 0x1ffff, as it says itself. */
const FEATURES = linux618.uffd.features

function matrix(): void {
  const model = createModel(linux618)
  for (const config of CONFIG_NAMES) {
    const mode = MODES.reduce((sum, [name, bit]) => (name.test(config) ? sum | bit : sum), 0)
    for (const memory of Object.values(MATRIX_MEMORY)) {
      for (const state of STATE_NAMES)
        for (const operation of OPERATION_NAMES) cell(() => runCell(model.open(), config, memory, mode, state, operation))
    }
  }
}

/** Runs a cell; a state or operation that needs a file makes no cell of memory that has none. */
function cell(run: () => unknown): void {
  try {
    run()
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error
  }
}

/** What composing a kernel runs by itself: no check. */
function compose(): void {
  createModel(linux618).open()
}

async function scripts(): Promise<void> {
  const model = createModel(linux618)
  for (const script of listScripts()) for (const memory of script.memories) await runCase(model, script, memory)
}

function laws(): void {
  for (const program of fc.sample(randomProgram(MEMORY_TYPES, FEATURES, rareOperations), { numRuns: LAW_PROGRAMS, seed: SEED })) {
    const session = openProgram(linux618, program)
    for (const operation of program.operations) session.perform(operation)
    endProgram(session)
  }
}

async function fuzz(): Promise<void> {
  const model = createModel(linux618)
  for (let i = 0; i < FUZZ_PROGRAMS; i++) {
    await runFirst(model, generateProgram(programSeed(1, i), { memories: MEMORY_TYPES, operations: 30, features: FEATURES }))
  }
}

/** Named functions of the packages that were called since the last time it was asked. */
async function calledFunctions(session: Session): Promise<{ path: string; name: string }[]> {
  const { result } = await session.post('Profiler.takePreciseCoverage')
  return result.flatMap(({ url, functions }) => {
    const path = /\/(packages\/[^/]+\/src\/[^?]+\.ts)/.exec(url)?.[1]
    if (path === undefined) return []
    // Names that begin with two underscores are the compiler's own.
    const called = functions.filter(
      ({ functionName, ranges }) => functionName !== '' && !functionName.startsWith('__') && ranges[0]!.count > 0,
    )
    return called.map(({ functionName }) => ({ path, name: functionName }))
  })
}

/** Runs every layer on the model and says which files each ran. */
export async function measureLayers(): Promise<Layers> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  const found = new Map<string, string[]>()
  await session.post('Profiler.takePreciseCoverage')
  compose()
  const idle = new Set((await calledFunctions(session)).map(({ path, name }) => `${path} ${name}`))
  for (const [layer, run] of [
    ['matrix', matrix],
    ['scripts', scripts],
    ['laws', laws],
    ['fuzz', fuzz],
  ] as const) {
    await run()
    const called = (await calledFunctions(session)).filter(({ path, name }) => !idle.has(`${path} ${name}`))
    for (const path of new Set(called.map((each) => each.path))) found.set(path, [...(found.get(path) ?? []), layer])
  }
  session.disconnect()
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}
