/**
 * What `faultline record` records: programs by the file their recording goes to.
 * @module
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { listScripts } from '@faultline/conformance/load-scripts'
import { type Instance, instantiate, type Memory, type Program, parseProgram } from '@faultline/program'
import { UsageError } from '../errors.ts'
import { quote } from '../names.ts'
import { checkWritable } from '../output.ts'

/** Programs whose recordings go to one file. */
export interface Batch {
  readonly target: string
  readonly programs: readonly Source[]
}

/** A program for one memory type. */
interface Source {
  /** What the recording calls it. */
  readonly program: string
  readonly instance: Instance
}

/** One batch a file. @throws UsageError that names the file that is missing or wrong, before anything is run */
export function batchesOfFiles(files: readonly string[], out: string, memories: readonly Memory[]): Batch[] {
  const batches = files.map((file) => {
    const sources = sourcesOf(basename(file), readProgram(file), memories)
    if (sources.length === 0) throw new UsageError(`${file}: not meant for ${memories.join(', ')}`)
    return { target: join(out, `${basename(file, '.flt')}.jsonl`), programs: sources }
  })
  for (const [index, { target }] of batches.entries()) {
    const other = batches.findIndex((batch) => batch.target === target)
    if (other < index)
      throw new UsageError(`${files[other]} and ${files[index]} would both be recorded in ${target}; record them one by one`)
  }
  return batches
}

/** One batch a suite of the scripts that come with Faultline. */
export function batchesOfSuites(out: string, memories: readonly Memory[]): Batch[] {
  const suites = new Map<string, Source[]>()
  for (const { suite, file, program } of listScripts()) {
    suites.set(suite, [...(suites.get(suite) ?? []), ...sourcesOf(file, program, memories)])
  }
  const batches = [...suites].map(([suite, programs]) => ({ target: join(out, `${suite}.jsonl`), programs }))
  return batches.filter(({ programs }) => programs.length > 0)
}

function readProgram(file: string): Program {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read ${quote(file)}: ${(error as Error).message}`)
  }
  try {
    return parseProgram(text, file)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/** A program that names memory types, for each of them that is wanted; another one as it is. */
function sourcesOf(name: string, program: Program, memories: readonly Memory[]): Source[] {
  if (program.memories === undefined) return [{ program: name, instance: settled(name, program) }]
  const wanted = program.memories.filter((memory) => memories.includes(memory))
  return wanted.map((memory) => ({ program: name, instance: settled(name, program, memory) }))
}

function settled(name: string, program: Program, memory?: Memory): Instance {
  try {
    return instantiate(program, memory)
  } catch (error) {
    throw new UsageError(`${name}: ${(error as Error).message}`)
  }
}

/** Makes the folder where there is none, and makes sure that every file can be written there. @throws UsageError */
export function prepareTargets(out: string, targets: readonly string[]): void {
  try {
    mkdirSync(out, { recursive: true })
  } catch (error) {
    throw new UsageError(`--out ${quote(out)}: ${(error as Error).message}`)
  }
  for (const target of targets) checkWritable(target)
}
