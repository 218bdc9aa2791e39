import { join } from 'node:path'
import { choosePrograms, recordRandom } from '@faultline/conformance'
import { createModel, linux618 } from '@faultline/designs'
import { type LinuxSystem, recordingHeader, recordProgram } from '@faultline/linux'
import { type Instance, MEMORY_TYPES, type Memory, type Operation, printRecording, type RecordedProgram } from '@faultline/program'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { oneOf, wholeNumber } from '../names.ts'
import { writeWhole } from '../output.ts'
import { giganticPagesOf, lacksMemory } from '../record/needs.ts'
import { type Batch, batchesOfFiles, batchesOfSuites, prepareTargets } from '../record/sources.ts'
import { openRunningKernel, sayMachineChanges } from '../running-kernel.ts'
import type { Output } from '../terminal.ts'

interface RecordFlags {
  readonly out: string
  readonly memory: string
  readonly selftests?: boolean
  readonly random?: string
  readonly seed: string
  readonly dryRun?: boolean
}

const MOST = 2 ** 31 - 1
/** Random programs to choose from for each that is kept. */
const TRIES = 20
const RANDOM_OPERATIONS = 30
const INSTEAD = 'recordings can be replayed anywhere (faultline scripts --system recorded), but taken only here'

/** `faultline record`: what the running kernel does with programs, to be replayed where no kernel can be asked. */
export function addRecord(program: Command, context: Context): void {
  program
    .command('record')
    .description('run programs on the running kernel and keep what it did, one recording a program, to be replayed anywhere')
    .argument('[script...]', 'programs (.flt); each is recorded for all memory types it names')
    .option('--out <dir>', 'where the recordings go', '.')
    .option('--memory <types>', `all, or some of ${MEMORY_TYPES.join(',')}`, 'all')
    .option('--selftests', 'record the scripts that come with Faultline, one recording a suite')
    .option('--random <n>', 'record at most so many random programs, chosen for what they reach, in random.jsonl')
    .option('--seed <n>', 'first choice of the random programs', '1')
    .option('--dry-run', 'say what would be changed on the machine for it, change nothing and record nothing')
    .action((files: string[], flags: RecordFlags) => record(files, flags, context))
}

async function record(files: readonly string[], flags: RecordFlags, { terminal }: Context): Promise<void> {
  const { err } = terminal
  const memories = memoriesOf(flags.memory)
  const random = flags.random === undefined ? 0 : wholeNumber('--random', flags.random, 1, MOST)
  const seed = wholeNumber('--seed', flags.seed, 0, MOST)
  const batches = [...batchesOfFiles(files, flags.out, memories), ...(flags.selftests ? batchesOfSuites(flags.out, memories) : [])]
  if (batches.length === 0 && random === 0) throw new UsageError('nothing to record: name a program, or use --selftests or --random')
  if (flags.dryRun) return sayMachineChanges({ err, instead: INSTEAD, giganticPages: giganticPagesFor(batches) })
  const randomTarget = join(flags.out, 'random.jsonl')
  prepareTargets(flags.out, [...batches.map(({ target }) => target), ...(random > 0 ? [randomTarget] : [])])
  const kernel = await openRunningKernel({ err, instead: INSTEAD, giganticPages: giganticPagesFor(batches) })
  try {
    for (const batch of batches) await recordBatch(kernel.system, batch, err)
    if (random > 0) await recordRandoms(kernel.system, { random, seed, memories, target: randomTarget }, err)
  } finally {
    await kernel.close()
  }
}

function memoriesOf(text: string): readonly Memory[] {
  return text === 'all' ? MEMORY_TYPES : text.split(',').map((name) => oneOf('memory', name, MEMORY_TYPES))
}

/** Programs run one after the other: the one that needs most decides. */
function giganticPagesFor(batches: readonly Batch[]): number {
  return Math.max(0, ...batches.flatMap(({ programs }) => programs.map(({ instance }) => giganticPagesOf(operationsOf(instance)))))
}

function operationsOf({ steps }: Instance): Operation[] {
  return steps.map(({ operation }) => operation)
}

async function recordBatch(system: LinuxSystem, { target, programs }: Batch, err: Output): Promise<void> {
  const recorded: RecordedProgram[] = []
  for (const { program, instance } of programs) {
    const lack = lacksMemory(operationsOf(instance))
    const { memory } = instance
    if (lack === undefined) recorded.push(await recordProgram(system, program, instance))
    else recorded.push({ program, ...(memory === undefined ? {} : { memory }), steps: [], ended: lack })
  }
  writeRecording(target, recorded, undefined, err)
}

function writeRecording(target: string, programs: readonly RecordedProgram[], made: string | undefined, err: Output): void {
  writeWhole(target, printRecording({ ...recordingHeader(), ...(made === undefined ? {} : { made }), programs }))
  for (const { program, memory, ended } of programs) {
    if (ended !== undefined) err.write(`${program}${memory === undefined ? '' : ` on ${memory}`}: ended early: ${ended}\n`)
  }
  const operations = programs.reduce((sum, { steps }) => sum + steps.length, 0)
  err.write(`wrote ${target}: ${programs.length} programs, ${operations} operations\n`)
}

interface RandomBatch {
  readonly random: number
  readonly seed: number
  readonly memories: readonly Memory[]
  readonly target: string
}

/** Each program is recorded twice: what the kernel itself answers in two ways is no truth to compare with. */
async function recordRandoms(system: LinuxSystem, { random, seed, memories, target }: RandomBatch, err: Output): Promise<void> {
  const tries = random * TRIES
  const options = { seed, memories, operations: RANDOM_OPERATIONS, features: linux618.uffd.features, keep: random, tries }
  const chosen = await choosePrograms(createModel(linux618), options)
  const recorded: RecordedProgram[] = []
  for (const program of chosen) {
    try {
      const once = await recordRandom(system, program)
      const again = await recordRandom(system, program)
      if (JSON.stringify(once) === JSON.stringify(again)) recorded.push(once)
      else err.write(`${once.program}: left out: the kernel answered it in two ways\n`)
    } catch (error) {
      err.write(`left out: ${firstLine((error as Error).message)}\n`)
    }
  }
  const left = chosen.length - recorded.length
  const made = `of ${tries} random programs of ${RANDOM_OPERATIONS} operations (seed ${seed}), the ${chosen.length} that reach most on the model; ${left} left out that the kernel answered in two ways, or not at all`
  writeRecording(target, recorded, made, err)
}

function firstLine(text: string): string {
  return text.split('\n')[0]!.split(' at ')[0]!.trim()
}
