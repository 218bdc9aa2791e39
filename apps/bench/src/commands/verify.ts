import { writeFileSync } from 'node:fs'
import { type Found, type FuzzResult, fuzz, IGNORABLE, type Pair, shrink } from '@faultline/conformance'
import { createModel, designs, findDesign } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import { MEMORY_TYPES, type Memory } from '@faultline/program'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { EXIT_DIFFERENCE, EXIT_INTERRUPTED, MachineError } from '../errors.ts'
import { oneOf, wholeNumber } from '../names.ts'
import { openRunningKernel, type RunningKernel, type RunningKernelOptions, sayMachineChanges } from '../running-kernel.ts'
import type { Output } from '../terminal.ts'
import { differenceScript, differenceText, regionsOf } from '../verify/difference.ts'
import { verifyRecorded } from '../verify/recorded.ts'
import { summaryText } from '../verify/summary.ts'

interface VerifyFlags {
  readonly programs?: string
  readonly ops?: string
  readonly length: string
  readonly memory: string
  readonly seed: string
  readonly design: string
  readonly against?: string
  readonly time?: string
  readonly ignore?: string
  readonly coverage?: boolean
  readonly dryRun?: boolean
  readonly differences: string
}

/** Operations in all, when nothing else ends the run. */
const USUAL_OPERATIONS = 20_000
const MOST = 2 ** 31 - 1
const INSTEAD = 'compare two designs with --against'
/** What to compare with instead of a design: recordings of a kernel. */
const RECORDED = 'recorded'
/** Features of the running kernel that programs may ask for: those of the design it is compared with. */
const EVERY_FEATURE = -1

/** `faultline verify`: random programs on two systems, until they differ. */
export function addVerify(program: Command, context: Context): void {
  program
    .command('verify')
    .description('run random programs on a design and on the running kernel (or another design) and compare all they do')
    .option('--programs <n>', 'programs at most')
    .option('--ops <n>', `operations at most, all programs together (${USUAL_OPERATIONS} when neither is given)`)
    .option('--time <s>', 'seconds at most')
    .option('--length <n>', 'operations in a program', '30')
    .option('--memory <types>', `all, or some of ${MEMORY_TYPES.join(',')}`, 'all')
    .option('--seed <n>', 'first choice of the random programs; the same seed gives the same programs', '1')
    .option('--design <name>', 'the design to verify (faultline designs)', 'linux-6.18')
    .option('--against <name>', `another design, or ${RECORDED}: what Linux was recorded doing; the running kernel when absent`)
    .option('--ignore <kinds>', `differences to leave out: some of ${IGNORABLE.join(',')}`)
    .option('--differences <n>', 'go on until so many programs differ; the first of each kind is shrunk', '1')
    .option('--dry-run', 'say what would be changed on the machine for the run, change nothing and run nothing')
    .option('--coverage', 'list what was never reached')
    .action((flags: VerifyFlags) => verify(flags, context))
}

async function verify(flags: VerifyFlags, context: Context): Promise<void> {
  const { out, err } = context.terminal
  const design = designOf(flags.design)
  const replays = flags.against === RECORDED
  const against = flags.against === undefined || replays ? undefined : designOf(flags.against)
  const memories = memoriesOf(flags.memory)
  const seed = wholeNumber('--seed', flags.seed, 0, MOST)
  const ignored = ignoredOf(flags.ignore)
  const machine = { err, instead: INSTEAD }
  if (flags.dryRun) return against || replays ? undefined : sayMachineChanges(machine)
  const kernel = against || replays ? undefined : await runningKernel(machine)
  if (!kernel && !against) {
    const shown = wholeNumber('--differences', flags.differences, 1, MOST)
    if (await verifyRecorded({ design, memories, ignored, shown }, out)) context.exitCode = EXIT_DIFFERENCE
    return
  }
  const inAnyOrder = kernel !== undefined && !(await kernel.system.ordersThreads())
  const pair: Pair = { a: createModel(design), b: kernel ? kernel.system : createModel(against!), ignored, inAnyOrder }
  const interrupt = new AbortController()
  const interrupted = (): void => interrupt.abort()
  const others = process.listeners('SIGINT')
  process.removeAllListeners('SIGINT')
  process.once('SIGINT', interrupted)
  const started = performance.now()
  try {
    const result = await fuzz(pair, {
      seed,
      memories,
      operations: wholeNumber('--length', flags.length, 1, 10_000),
      features: design.uffd.features & (against?.uffd.features ?? EVERY_FEATURE),
      programs: limit('--programs', flags.programs, MOST),
      totalOperations: limit('--ops', flags.ops, flags.programs === undefined && flags.time === undefined ? USUAL_OPERATIONS : MOST),
      milliseconds: limit('--time', flags.time, MOST) * 1000,
      differences: wholeNumber('--differences', flags.differences, 1, MOST),
      batch: 32,
      signal: interrupt.signal,
      onProgress: (soFar) => showProgress(err, soFar, started),
    })
    if (err.isTTY) err.write('\r\u001b[2K')
    out.write(summaryText(pair, result, memories, flags.coverage === true))
    if (result.found.length > 0) {
      await reportKinds(pair, result.found, context)
      context.exitCode = EXIT_DIFFERENCE
    } else if (interrupt.signal.aborted) context.exitCode = EXIT_INTERRUPTED
  } finally {
    process.removeListener('SIGINT', interrupted)
    for (const other of others) process.once('SIGINT', other as NodeJS.SignalsListener)
    await kernel?.close()
  }
}

/** The running kernel; undefined, and said aloud, where it cannot be asked: then recordings are all there is. */
async function runningKernel(options: RunningKernelOptions): Promise<RunningKernel | undefined> {
  try {
    return await openRunningKernel(options)
  } catch (error) {
    if (!(error instanceof MachineError)) throw error
    options.err.write(
      `NO KERNEL IS ASKED: ${error.message}\nThe design is compared with recorded programs instead, and with nothing else.\n`,
    )
    return undefined
  }
}

/** Programs that differ in the same way are counted, and the first of them shrunk; the most frequent kind comes first. */
async function reportKinds(pair: Pair, found: readonly Found[], context: Context): Promise<void> {
  const kinds = new Map<string, Found[]>()
  for (const each of found) kinds.set(each.difference.kind, [...(kinds.get(each.difference.kind) ?? []), each])
  for (const [kind, alike] of [...kinds].sort(([, a], [, b]) => b.length - a.length)) {
    if (found.length > 1) context.terminal.out.write(`\n${alike.length} of ${found.length} differ so: ${kind}\n`)
    await report(pair, alike[0]!, context)
  }
}

async function report(pair: Pair, found: Found, { terminal: { out, err } }: Context): Promise<void> {
  err.write(`shrinking the program of seed ${found.seed >>> 0} …\n`)
  const { difference, tried } = await shrink(pair, found.program, found.difference)
  const file = `faultline-difference-${found.seed >>> 0}.flt`
  const regions = await regionsOf(pair, difference.script)
  writeFileSync(file, differenceScript(pair, difference, regions))
  out.write(`${differenceText(pair, difference, regions)}\nShrunk in ${tried} tries; saved as ./${file}\n`)
}

function showProgress(err: Output, { programs, operations, milliseconds }: FuzzResult, started: number): void {
  const seconds = (performance.now() - started) / 1000
  const text = `${programs} programs, ${operations} operations, ${Math.round((programs * 1000) / Math.max(1, milliseconds))} programs/s, ${seconds.toFixed(0)} s`
  if (err.isTTY) err.write(`\r\u001b[2K${text}`)
  else if (programs % 1024 < 32) err.write(`${text}\n`)
}

function designOf(name: string): Design {
  return findDesign(
    oneOf(
      'design',
      name,
      designs.map((each) => each.name),
    ),
  )!
}

function memoriesOf(text: string): readonly Memory[] {
  return text === 'all' ? MEMORY_TYPES : text.split(',').map((name) => oneOf('memory', name, MEMORY_TYPES))
}

function ignoredOf(text: string | undefined): ReadonlySet<string> {
  // Steps are what the model counts and no outcome tells: named for completeness, since they are never compared.
  return new Set(text?.split(',').map((name) => oneOf('kind of difference', name, [...IGNORABLE, 'steps'])))
}

function limit(flag: string, text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : wholeNumber(flag, text, 1, MOST)
}
