import { join } from 'node:path'
import { recordProgram } from '@faultline/linux'
import {
  type Instance,
  MEMORY_TYPES,
  type Memory,
  type Operation,
  printRecording,
  type RecordedProgram,
  type Recording,
} from '@faultline/program'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { oneOf, wholeNumber } from '../names.ts'
import { OLD_NAMES, oldKernelOf, RUNNING } from '../old-kernel.ts'
import { writeWhole } from '../output.ts'
import { answersOf } from '../record/answers.ts'
import { giganticPagesOf } from '../record/needs.ts'
import { type RandomOptions, recordChosen } from '../record/random.ts'
import { type Batch, batchesOfFiles, batchesOfSuites, prepareTargets } from '../record/sources.ts'
import { oldSubject, runningSubject, type Subject } from '../record/subject.ts'
import { sayMachineChanges } from '../running-kernel.ts'
import type { Output } from '../terminal.ts'

interface RecordFlags {
  readonly out: string
  readonly memory: string
  readonly system: string
  readonly selftests?: boolean
  readonly random?: string
  readonly canI?: boolean
  readonly seed: string
  readonly dryRun?: boolean
}

const MOST = 2 ** 31 - 1
const INSTEAD = 'recordings can be replayed anywhere (faultline scripts --system recorded), but taken only here'

/** `faultline record`: what a kernel does with programs, to be replayed where no kernel can be asked. */
export function addRecord(program: Command, context: Context): void {
  program
    .command('record')
    .description('run programs on the running kernel and keep what it did, one recording a program, to be replayed anywhere')
    .argument('[script...]', 'programs (.flt); each is recorded for all memory types it names')
    .option('--out <dir>', 'where the recordings go', '.')
    .option('--memory <types>', `all, or some of ${MEMORY_TYPES.join(',')}`, 'all')
    .option('--system <name>', `the kernel: ${RUNNING} (the running one), ${OLD_NAMES} (emulated)`, RUNNING)
    .option('--selftests', 'record the scripts that come with Faultline, one recording a suite')
    .option('--random <n>', 'record at most so many random programs, chosen for what they reach, in random.jsonl')
    .option('--can-i', 'record what the kernel answers to the questions of can-i, in a file named as the kernel')
    .option('--seed <n>', 'first choice of the random programs', '1')
    .option('--dry-run', 'say what would be changed on the machine for it, change nothing and record nothing')
    .action((files: string[], flags: RecordFlags) => record(files, flags, context))
}

async function record(files: readonly string[], flags: RecordFlags, { terminal }: Context): Promise<void> {
  const { err } = terminal
  const memories = memoriesOf(flags.memory)
  const keep = flags.random === undefined ? 0 : wholeNumber('--random', flags.random, 1, MOST)
  const seed = wholeNumber('--seed', flags.seed, 0, MOST)
  const old = oldKernelOf(flags.system)
  const batches = [...batchesOfFiles(files, flags.out, memories), ...(flags.selftests ? batchesOfSuites(flags.out, memories) : [])]
  if (batches.length === 0 && keep === 0 && !flags.canI) {
    throw new UsageError('nothing to record: name a program, or use --selftests, --random or --can-i')
  }
  const machine = { err, instead: INSTEAD, giganticPages: giganticPagesFor(batches) }
  if (flags.dryRun) return old ? undefined : sayMachineChanges(machine)
  const target = join(flags.out, 'random.jsonl')
  prepareTargets(flags.out, [...batches.map((batch) => batch.target), ...(keep > 0 ? [target] : [])])
  const subject = old ? await oldSubject(old) : await runningSubject(machine)
  try {
    for (const batch of batches) await recordBatch(subject, batch, err)
    if (keep > 0) await recordRandoms(subject, { keep, seed, memories, target }, err)
    if (flags.canI) for (const [name, recording] of await answersOf(subject)) writeRecording(join(flags.out, name), recording, err)
  } finally {
    await subject.close()
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

async function recordBatch(subject: Subject, { target, programs }: Batch, err: Output): Promise<void> {
  const recorded: RecordedProgram[] = []
  for (const { program, instance } of programs) {
    const lack = subject.lacksMemory(operationsOf(instance))
    const { memory } = instance
    if (lack === undefined) recorded.push(await recordProgram(subject.system, program, instance))
    else recorded.push({ program, ...(memory === undefined ? {} : { memory }), steps: [], ended: lack })
  }
  writeRecording(target, { ...subject.header(), programs: recorded }, err)
}

async function recordRandoms(subject: Subject, { target, ...options }: RandomOptions & { target: string }, err: Output): Promise<void> {
  const { programs, made } = await recordChosen(subject, options, err)
  writeRecording(target, { ...subject.header(), made, programs }, err)
}

function writeRecording(target: string, recording: Recording, err: Output): void {
  const { programs } = recording
  writeWhole(target, printRecording(recording))
  for (const { program, memory, ended } of programs) {
    if (ended !== undefined) err.write(`${program}${memory === undefined ? '' : ` on ${memory}`}: ended early: ${ended}\n`)
  }
  const operations = programs.reduce((sum, { steps }) => sum + steps.length, 0)
  err.write(`wrote ${target}: ${programs.length} programs, ${operations} operations\n`)
}
