/**
 * The scene `replay`: recorded traces and programs, as the commands of this package run them.
 * @module
 */
import { listScripts } from '@faultline/conformance/load-scripts'
import { createModel } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import { type Instance, instantiate, runProgram } from '@faultline/program'
import { bundledTraces, bundledTraceUrl, replayPgtrace } from '@faultline/workloads'
import { loadTraceFile } from '@faultline/workloads/load-file'
import { onCpuAsync } from './clock.ts'
import type { Times } from './stage.ts'

/** Recordings in the binary form; the text form of one of them is for reading. */
const TRACES = bundledTraces.filter(({ format, file }) => format === 'pgtrace' && file.includes('.bin.'))

/** The selftests' scripts, ready to be run. */
let scripts: readonly Instance[] | undefined

/** Nanoseconds an access and an operation. */
export async function replayScene(design: Design, traces = TRACES): Promise<Times> {
  scripts ??= listScripts().flatMap(({ program, memories }) => memories.map((memory) => instantiate(program, memory)))
  return { 'trace-replay': await timeTraces(design, traces), 'program-replay': await timePrograms(design, scripts) }
}

async function timeTraces(design: Design, traces: typeof TRACES): Promise<number> {
  let accesses = 0
  const took = await onCpuAsync(async () => {
    for (const { name } of traces) {
      const trace = await loadTraceFile(bundledTraceUrl(name))
      if (trace.format !== 'pgtrace') throw new Error(`${name} is no pgtrace`)
      const session = createModel(design).open()
      const replay = replayPgtrace(session, trace, 'anon')
      session.close()
      if (replay.corrupted + replay.stuck > 0) throw new Error(`${name}: ${replay.corrupted} wrong loads, ${replay.stuck} stuck accesses`)
      accesses += replay.accesses
    }
  })
  return took / accesses
}

async function timePrograms(design: Design, programs: readonly Instance[]): Promise<number> {
  const model = createModel(design)
  let operations = 0
  const took = await onCpuAsync(async () => {
    for (const program of programs) operations += (await runProgram(model, program, { strict: true })).outcomes.length
  })
  return took / operations
}
