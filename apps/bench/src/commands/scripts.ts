import { type InexpressibleCase, runCase, type Script } from '@faultline/conformance'
import { listNotExpressible, listScripts } from '@faultline/conformance/load-scripts'
import { createModel, designs, findDesign } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import { MEMORY_TYPES, type Memory, type System } from '@faultline/program'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { EXIT_DIFFERENCE, UsageError } from '../errors.ts'
import { oneOf, quote } from '../names.ts'
import { checkWritable, writeWhole } from '../output.ts'
import { printScriptList, printScripts, type ScriptOutcome, type ScriptReport, scriptsJson } from '../report/scripts.ts'

interface ScriptFlags {
  readonly filter?: string
  readonly memory?: string
  readonly list?: boolean
  readonly design: string
  readonly json?: string
}

/** `faultline scripts`: the cases of the kernel's selftests, run on the model of a design. */
export function addScripts(program: Command, context: Context): void {
  program
    .command('scripts')
    .description("run the cases of the kernel's selftests, written as programs; exit with 1 when one fails")
    .option('--filter <text>', 'only cases whose suite/name contains this')
    .option('--memory <type>', `only this memory type: ${MEMORY_TYPES.join(', ')}`)
    .option('--list', 'print what the cases show, and run none')
    .option('--design <name>', 'the design that runs them (faultline designs)', 'linux-6.18')
    .option('--json <file>', 'write the results as JSON, "-" for stdout and nothing else')
    .action(async (flags: ScriptFlags) => {
      const { terminal } = context
      const design = findDesign(
        oneOf(
          'design',
          flags.design,
          designs.map((each) => each.name),
        ),
      )!
      const memories = flags.memory === undefined ? MEMORY_TYPES : [oneOf('memory', flags.memory, MEMORY_TYPES)]
      const chosen = choose(flags.filter ?? '', memories)
      if (flags.list) return terminal.out.write(printScriptList(chosen.scripts))
      if (flags.json !== undefined && flags.json !== '-') checkWritable(flags.json)
      const report = { design: design.name, ...(await runAll(design, chosen, memories)) }
      if (report.outcomes.some((outcome) => outcome.verdict === 'fail')) context.exitCode = EXIT_DIFFERENCE
      if (flags.json === '-') return terminal.out.write(scriptsJson(report))
      terminal.out.write(printScripts(report))
      if (flags.json === undefined) return
      writeWhole(flags.json, scriptsJson(report))
      terminal.err.write(`wrote ${flags.json}\n`)
    })
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

/** A script of soft-dirty runs on the design as built with CONFIG_MEM_SOFT_DIRTY; the measured kernel is built without. */
function systemFor(design: Design, script: Script): System {
  const needsSoftDirty = script.program.steps.some(({ operation }) => operation.op === 'clear_refs')
  return createModel(needsSoftDirty ? { ...design, softDirty: true } : design)
}

async function runAll(design: Design, chosen: Chosen, memories: readonly Memory[]): Promise<Omit<ScriptReport, 'design'>> {
  const { scripts, inexpressible } = chosen
  const outcomes: ScriptOutcome[] = []
  const known = (suite: string, name: string, memory: Memory) =>
    inexpressible.some((entry) => entry.suite === suite && entry.case === name && entry.memories.includes(memory))
  for (const script of scripts) {
    for (const memory of script.memories) {
      if (!memories.includes(memory) || known(script.suite, script.name, memory)) continue
      outcomes.push(await runCase(systemFor(design, script), script, memory))
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

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
