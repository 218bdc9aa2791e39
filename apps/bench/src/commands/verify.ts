import { IGNORABLE, type Pair } from '@faultline/conformance'
import { composeKernel, createModel, findDesign } from '@faultline/designs'
import { type Design, LEVEL_PGD, LEVEL_PTE } from '@faultline/mm-types'
import { MEMORY_TYPES, type Memory } from '@faultline/program'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { EXIT_DIFFERENCE, EXIT_MACHINE, MachineError, UsageError } from '../errors.ts'
import { oneOf, wholeNumber } from '../names.ts'
import { OLD_NAMES, oldKernelOf, openOldKernel, RUNNING } from '../old-kernel.ts'
import { collect } from '../options.ts'
import { checkWritable } from '../output.ts'
import { openRunningKernel, type RunningKernel, type RunningKernelOptions, sayMachineChanges } from '../running-kernel.ts'
import { blamed } from '../strangers/blame.ts'
import { loadStrangers, type Stranger } from '../strangers/load.ts'
import { verifiedDesigns } from '../verify/designs.ts'
import { interruptible } from '../verify/interrupt.ts'
import { compareRandom, type Limits } from '../verify/random.ts'
import { verifyRecorded } from '../verify/recorded.ts'

interface VerifyFlags {
  readonly programs?: string
  readonly ops?: string
  readonly length: string
  readonly memory: string
  readonly seed: string
  readonly design?: string
  readonly with: readonly string[]
  readonly system: string
  readonly against?: string
  readonly time?: string
  readonly ignore?: string
  readonly coverage?: boolean
  readonly dryRun?: boolean
  readonly json?: string
  readonly differences: string
}

/** Operations in all, when nothing else ends the run. */
const USUAL_OPERATIONS = 20_000
const MOST = 2 ** 31 - 1
const USUAL_DESIGN = 'linux-6.18'
const INSTEAD = 'compare two designs with --against'
/** What to compare with instead of a design: recordings of a kernel. */
const RECORDED = 'recorded'
/** Features and categories of the running kernel that programs may ask for: those of the design it is compared with. */
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
    .option('--design <name>', `the design to verify (faultline designs; default: that of the system's name, else ${USUAL_DESIGN})`)
    .option('--with <path|package>', "a third party's designs to name; one alone is the one to verify; repeatable", collect, [])
    .option(
      '--system <name>',
      `who is asked: linux (the running kernel), or ${OLD_NAMES} in a virtual machine (faultline kernels)`,
      RUNNING,
    )
    .option('--against <name>', `another design, or ${RECORDED}: what Linux was recorded doing; the running kernel when absent`)
    .option('--ignore <kinds>', `differences to leave out: some of ${IGNORABLE.join(',')}`)
    .option('--differences <n>', 'go on until so many programs differ; the first of each kind is shrunk', '1')
    .option('--dry-run', 'say what would be changed on the machine for the run, change nothing and run nothing')
    .option('--json <file>', 'write what was seen as JSON, "-" for stdout and nothing else')
    .option('--coverage', 'list what was never reached')
    .action((flags: VerifyFlags) => verify(flags, context))
}

async function verify(flags: VerifyFlags, context: Context): Promise<void> {
  const { out, err } = context.terminal
  const old = oldKernelOf(flags.system)
  if (old && flags.against !== undefined) throw new UsageError('--against compares with a design or with recordings; leave out --system')
  const replays = flags.against === RECORDED
  const strangers = await loadStrangers(flags.with)
  const named = { design: flags.design, against: replays ? undefined : flags.against, usual: old?.name ?? USUAL_DESIGN }
  const { design, against } = verifiedDesigns(named, strangers)
  const memories = memoriesOf(flags.memory)
  const ignored = ignoredOf(flags.ignore)
  const limits = limitsOf(flags, design, against ?? (old && findDesign(old.name)), strangers)
  const machine = { err, instead: INSTEAD }
  if (flags.json !== undefined && flags.json !== '-') checkWritable(flags.json)
  if (flags.dryRun) return against || replays || old ? undefined : sayMachineChanges(machine)
  const interruption = interruptible(err)
  let kernel: RunningKernel | undefined
  try {
    if (!against && !replays) kernel = old ? openOldKernel(old) : await runningKernel(machine)
    if (kernel || against) {
      const inAnyOrder = kernel !== undefined && !(await kernel.system.ordersThreads())
      const pair: Pair = { a: createModel(design), b: kernel ? kernel.system : createModel(against!), ignored, inAnyOrder }
      const { signal } = interruption
      context.exitCode = await compareRandom(
        { pair, memories, limits, signal, json: flags.json, coverage: flags.coverage === true },
        context,
      )
    } else if (await verifyRecorded({ design, memories, ignored, shown: limits.differences }, out)) {
      context.exitCode = EXIT_DIFFERENCE
    } else if (!replays) context.exitCode = EXIT_MACHINE
  } finally {
    // First the signals, so that one that comes now restores the machine by the way of all ends of the process.
    interruption.release()
    await kernel?.close()
  }
  context.exitCode = interruption.exitCode() ?? context.exitCode
}

/** How long to go on, and with what: what the design and the other system have, which a design may stand for. */
function limitsOf(flags: VerifyFlags, design: Design, other: Design | undefined, strangers: readonly Stranger[]): Limits {
  const bounded = flags.programs !== undefined || flags.time !== undefined
  return {
    seed: wholeNumber('--seed', flags.seed, 0, MOST),
    operations: wholeNumber('--length', flags.length, 1, 10_000),
    features: design.uffd.features & (other?.uffd.features ?? EVERY_FEATURE),
    softDirty: design.softDirty && other?.softDirty === true,
    wholeLevel: other === undefined ? LEVEL_PTE : Math.max(wholeLevel(design, strangers), wholeLevel(other, strangers)),
    scanCategories: design.calls.scanCategories & (other?.calls.scanCategories ?? EVERY_FEATURE),
    programs: limit('--programs', flags.programs, MOST),
    totalOperations: limit('--ops', flags.ops, bounded ? MOST : USUAL_OPERATIONS),
    milliseconds: limit('--time', flags.time, MOST) * 1000,
    differences: wholeNumber('--differences', flags.differences, 1, MOST),
  }
}

/** The highest level at which a design may arm what is empty by one entry: programs of designs that do are about large mappings. */
function wholeLevel(design: Design, strangers: readonly Stranger[]): number {
  const { arming } = design
  const { tables } = composeKernel(design).kernel.machine
  const pgd = tables.alloc(LEVEL_PGD)
  try {
    return Math.max(...[arming.file, arming.anon, arming.anonUnpopulated].map((policy) => policy.wholeLevel(0, tables, pgd)))
  } catch (error) {
    const theirs = strangers.find((stranger) => stranger.design === design)
    throw theirs === undefined ? error : blamed(error, theirs)
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
