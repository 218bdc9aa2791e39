import { allDesigns, createModel, findDesign, oracle } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import { MEMORY_TYPES, type Memory } from '@faultline/program'
import {
  findWorkload,
  type Pgtrace,
  replayUffdtrace,
  type Trace,
  type UffdReplayResult,
  type Uffdtrace,
  type WorkloadResult,
} from '@faultline/workloads'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { EXIT_DIFFERENCE, EXIT_DONE, UsageError } from '../errors.ts'
import { oneOf, quote } from '../names.ts'
import { checkWritable, writeWhole } from '../output.ts'
import { breathe, createProgress, type Progress } from '../progress.ts'
import { replayJson } from '../report/json.ts'
import { printCounters, printReplay } from '../report/replay.ts'
import { loadTrace } from '../traces.ts'

interface ReplayFlags {
  readonly design: string
  readonly memory?: string
  readonly json?: string
}

/** `faultline replay`: one trace, one design. */
export function addReplay(program: Command, context: Context): void {
  program
    .command('replay')
    .description('replay a trace on one design: uffdtrace: does the model explain every message? pgtrace: print the counters')
    .argument('<trace>', 'a bundled trace (faultline traces) or a file')
    .requiredOption('--design <name>', 'the design (faultline designs)')
    .option('--memory <type>', `what the memory of a pgtrace becomes: ${MEMORY_TYPES.join(', ')} (default: anon)`)
    .option('--json <file>', 'write the figures as JSON, "-" for stdout and nothing else')
    .action(async (name: string, flags: ReplayFlags) => {
      context.exitCode = await replay(name, flags, context)
    })
}

async function replay(name: string, flags: ReplayFlags, { terminal }: Context): Promise<number> {
  const known = allDesigns.map((design) => design.name)
  const design = findDesign(oneOf('design', flags.design, known))!
  const memory = flags.memory === undefined ? undefined : oneOf('memory', flags.memory, MEMORY_TYPES)
  const trace = await loadTrace(name)
  checkReplayable(name, trace, memory)
  if (flags.json !== undefined && flags.json !== '-') checkWritable(flags.json)
  const progress = createProgress(terminal.err, 1)
  const result = await progress.during(async () => {
    progress.step(`${name} on ${design.name}`)
    await breathe()
    return trace.format === 'uffdtrace' ? replayUffd(trace, design, progress) : replayProgram(trace, design, memory ?? 'anon', progress)
  })
  if (flags.json === '-') terminal.out.write(replayJson(name, result))
  else {
    if (flags.json !== undefined) writeWhole(flags.json, replayJson(name, result))
    terminal.out.write('unexplained' in result ? printReplay(name, result) : printCounters(name, result))
  }
  return 'unexplained' in result && result.unexplained > 0 ? EXIT_DIFFERENCE : EXIT_DONE
}

/** Refuses traces of results, and a memory type for a trace that says its own. */
function checkReplayable(name: string, trace: Trace, memory: Memory | undefined): asserts trace is Uffdtrace | Pgtrace {
  if (trace.format === 'uffdtrace') {
    if (memory === undefined) return
    throw new UsageError(`--memory: ${quote(name)} says itself that its memory is ${trace.header.memory}; leave the flag out`)
  }
  if (trace.format === 'pgtrace') return
  throw new UsageError(
    `${quote(name)} is a trace of format ${trace.format}, which tells results and no calls; replay takes uffdtrace and pgtrace`,
  )
}

function replayUffd(trace: Uffdtrace, design: Design, progress: Progress): UffdReplayResult {
  const session = createModel(design).open()
  try {
    const result = replayUffdtrace(session, design, trace, (fraction) => progress.within(fraction))
    if ('unsupported' in result) throw cannotReplay(design, result.unsupported)
    return result
  } finally {
    session.close()
  }
}

/** The program alone on the design's kernel: nobody tracks it, nothing disturbs it. */
function replayProgram(trace: Pgtrace, design: Design, memory: Memory, progress: Progress): WorkloadResult {
  const workload = findWorkload('dirty-tracking')!
  const untracked = { ...design, tracker: oracle.tracker }
  const shares = workload.options.filter((option) => !option.integer).map((option) => [option.name, 0])
  const session = createModel(design).open()
  try {
    const options = { ...Object.fromEntries(shares), memory }
    const result = workload.run(session, untracked, trace, options, (fraction) => progress.within(fraction))
    if ('unsupported' in result) throw cannotReplay(design, result.unsupported)
    return result
  } finally {
    session.close()
  }
}

function cannotReplay(design: Design, why: string): UsageError {
  return new UsageError(`${design.name} cannot replay this trace: ${why}`)
}
