import { type InexpressibleCase, runCase, type Script } from '@faultline/conformance'
import { listNotExpressible, listScripts } from '@faultline/conformance/load-scripts'
import { allDesigns, findDesign } from '@faultline/designs'
import { OLD_KERNELS } from '@faultline/linux'
import { instantiate, MEMORY_TYPES, type Memory, type Operation } from '@faultline/program'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { EXIT_DIFFERENCE, UsageError } from '../errors.ts'
import { oneOf, quote } from '../names.ts'
import { OLD_NAMES } from '../old-kernel.ts'
import { checkWritable, writeWhole } from '../output.ts'
import { giganticPagesOf } from '../record/needs.ts'
import { printScriptList, printScripts, type ScriptOutcome, type ScriptReport, scriptsJson } from '../report/scripts.ts'
import { type RunningKernelOptions, sayMachineChanges } from '../running-kernel.ts'
import { INSTEAD, openOld, openRecorded, openRunning, type ScriptSystem, systemOfDesign } from '../scripts/systems.ts'

interface ScriptFlags {
  readonly filter?: string
  readonly memory?: string
  readonly list?: boolean
  readonly system: string
  readonly design?: string
  readonly json?: string
  readonly dryRun?: boolean
}

const SYSTEMS = ['model', 'linux', 'recorded', ...OLD_KERNELS.map(({ name }) => name)]
const USUAL_DESIGN = 'linux-6.18'

/** `faultline scripts`: the cases of the kernel's selftests, run on a design, on the running kernel, or on its recordings. */
export function addScripts(program: Command, context: Context): void {
  program
    .command('scripts')
    .description("run the cases of the kernel's selftests, written as programs; exit with 1 when one fails")
    .option('--filter <text>', 'only cases whose suite/name contains this')
    .option('--memory <type>', `only this memory type: ${MEMORY_TYPES.join(', ')}`)
    .option('--list', 'print what the cases show, and run none')
    .option('--system <name>', `the model, linux (the running kernel), recorded (what Linux 6.18 did), ${OLD_NAMES} (emulated)`, 'model')
    .option('--design <name>', `the design of the model (faultline designs; default: ${USUAL_DESIGN})`)
    .option('--dry-run', 'with --system linux: say what would be changed on the machine for it, change nothing and run nothing')
    .option('--json <file>', 'write the results as JSON, "-" for stdout and nothing else')
    .action(async (flags: ScriptFlags) => {
      const { terminal } = context
      const kind = oneOf('system', flags.system, SYSTEMS)
      if (flags.design !== undefined && kind !== 'model') throw new UsageError('--design is for the model; leave out --system')
      const names = allDesigns.map((each) => each.name)
      const design = findDesign(oneOf('design', flags.design ?? USUAL_DESIGN, names))!
      const memories = flags.memory === undefined ? MEMORY_TYPES : [oneOf('memory', flags.memory, MEMORY_TYPES)]
      const chosen = choose(flags.filter ?? '', memories)
      if (flags.list) return terminal.out.write(printScriptList(chosen.scripts))
      if (flags.json !== undefined && flags.json !== '-') checkWritable(flags.json)
      const machine = { err: terminal.err, instead: INSTEAD, giganticPages: giganticPages(chosen, memories) }
      if (flags.dryRun) return kind === 'linux' ? sayMachineChanges(machine) : undefined
      const system = kind === 'model' ? systemOfDesign(design) : await openSystem(kind, machine)
      const report = await reportOf(system, chosen, memories)
      if (report.outcomes.some((outcome) => outcome.verdict === 'fail')) context.exitCode = EXIT_DIFFERENCE
      if (flags.json === '-') return terminal.out.write(scriptsJson(report))
      terminal.out.write(printScripts(report))
      if (flags.json === undefined) return
      writeWhole(flags.json, scriptsJson(report))
      terminal.err.write(`wrote ${flags.json}\n`)
    })
}

function openSystem(kind: string, machine: RunningKernelOptions): ScriptSystem | Promise<ScriptSystem> {
  if (kind === 'recorded') return openRecorded()
  const old = OLD_KERNELS.find(({ name }) => name === kind)
  return old === undefined ? openRunning(machine) : openOld(old)
}

interface Chosen {
  readonly scripts: readonly Script[]
  readonly inexpressible: readonly InexpressibleCase[]
}

/** @throws UsageError when nothing is left to run or to name */
function choose(filter: string, memories: readonly Memory[]): Chosen {
  const scripts = listScripts().filter(({ suite, name, memories: own }) => `${suite}/${name}`.includes(filter) && meets(own, memories))
  const inexpressible = listNotExpressible().filter(
    (entry) => `${entry.suite}/${entry.case}`.includes(filter) && (meets(entry.memories, memories) || isElsewhere(entry, memories)),
  )
  if (scripts.length === 0 && inexpressible.length === 0) {
    const suites = [...new Set(listScripts().map(({ suite }) => suite))]
    throw new UsageError(`no case contains ${quote(filter)} with these memory types; the suites are ${suites.join(', ')}`)
  }
  return { scripts, inexpressible }
}

function meets(own: readonly Memory[], memories: readonly Memory[]): boolean {
  return own.some((memory) => memories.includes(memory))
}

/** A case of memory that is no memory type here; named when all types are asked for. */
function isElsewhere(entry: InexpressibleCase, memories: readonly Memory[]): boolean {
  return entry.memories.length === 0 && memories.length === MEMORY_TYPES.length
}

/** Scripts run one after the other: the one that needs most decides. */
function giganticPages({ scripts }: Chosen, memories: readonly Memory[]): number {
  const needs = scripts
    .filter((script) => meets(script.memories, memories))
    .map(({ program }) => {
      return giganticPagesOf(program.steps.map(({ operation }) => operation as Operation))
    })
  return Math.max(0, ...needs)
}

async function reportOf(system: ScriptSystem, chosen: Chosen, memories: readonly Memory[]): Promise<ScriptReport> {
  try {
    return { system: system.kind, name: system.name, ...(await runAll(system, chosen, memories)) }
  } finally {
    await system.close()
  }
}

async function runAll(
  system: ScriptSystem,
  { scripts, inexpressible }: Chosen,
  memories: readonly Memory[],
): Promise<Pick<ScriptReport, 'outcomes' | 'elsewhere'>> {
  const outcomes: ScriptOutcome[] = []
  const known = (suite: string, name: string, memory: Memory) =>
    inexpressible.some((entry) => entry.suite === suite && entry.case === name && entry.memories.includes(memory))
  for (const script of scripts) {
    for (const memory of script.memories) {
      if (memories.includes(memory) && !known(script.suite, script.name, memory)) outcomes.push(await runOne(system, script, memory))
    }
  }
  for (const { suite, case: name, memories: own, why } of inexpressible) {
    for (const memory of own) {
      if (memories.includes(memory)) outcomes.push({ suite, name, memory, verdict: 'not expressible', why, failures: [] })
    }
  }
  outcomes.sort((a, b) => compareNames(`${a.suite}/${a.name}`, `${b.suite}/${b.name}`))
  return { outcomes, elsewhere: inexpressible.filter((entry) => entry.memories.length === 0) }
}

function runOne(system: ScriptSystem, script: Script, memory: Memory): ScriptOutcome | Promise<ScriptOutcome> {
  const { suite, name } = script
  const why = system.lacks(instantiate(script.program, memory).steps.map(({ operation }) => operation))
  if (why !== undefined) return { suite, name, memory, verdict: 'not expressible', why, failures: [] }
  return runCase(system.for(script), script, memory)
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
