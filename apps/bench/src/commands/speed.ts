import { release } from 'node:os'
import { designs } from '@faultline/designs'
import { type Command, Option } from 'commander'
import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { oneOf, wholeNumber } from '../names.ts'
import { checkWritable, writeWhole } from '../output.ts'
import { createProgress } from '../progress.ts'
import { measureHeap } from '../speed/heap.ts'
import { type Rounds, rowsOf, type SpeedRow, takeTurns } from '../speed/measure.ts'
import { type ModelOrder, serveModel } from '../speed/model-side.ts'
import { SPEED_OPERATIONS, type SpeedOperation } from '../speed/operations.ts'
import { measureSizes, printScale } from '../speed/scale.ts'
import { measureScale, type ScaleOrder } from '../speed/scale-side.ts'
import { type OpenSides, openSides, type SpeedOrder } from '../speed/sides.ts'
import { printSpeed } from '../speed/table.ts'
import { judge } from '../speed/targets.ts'

interface SpeedFlags {
  readonly ops: string
  readonly pages: string
  readonly repeat: string
  readonly design: string
  readonly designs: string
  readonly reference: string
  readonly json?: string
  readonly serve?: string
  readonly scale?: boolean
  readonly serveScale?: string
  readonly serveHeap?: string
}

const PAGES_PER_TABLE = 512
const MOST_PAGES = 2 ** 24

/** `faultline speed`: how fast the model is, beside C and the running kernel. */
export function addSpeed(program: Command, context: Context): void {
  program
    .command('speed')
    .description('time the model, a C version of the same simulation and the running kernel, taking turns in one run')
    .option('--ops <names>', `all, or some of ${SPEED_OPERATIONS.map(({ name }) => name).join(',')}`, 'all')
    .option('--pages <n>', 'pages of the mapping: a multiple of 512', '65536')
    .option('--repeat <n>', 'repetitions', '9')
    .option('--design <name>', 'the design that is timed (faultline designs)', 'linux-6.18')
    .option('--designs <which>', 'load all designs beside it, or one alone; both compares the two', 'all')
    .option('--reference <kind>', 'full: C that does what the model does; bare: without TLB, contents and reverse mapping', 'full')
    .option('--json <file>', 'write every figure as JSON, "-" for stdout and nothing else')
    .option('--scale', 'instead: the cost of a page, and memory, in address spaces of 1 GiB to 1 TiB')
    .addOption(new Option('--serve <order>').hideHelp())
    .addOption(new Option('--serve-scale <order>').hideHelp())
    .addOption(new Option('--serve-heap <design>').hideHelp())
    .action((flags: SpeedFlags) => {
      if (flags.serve !== undefined) return serve(flags.serve)
      if (flags.serveScale !== undefined) return serveScale(flags.serveScale)
      if (flags.serveHeap !== undefined) return void process.stdout.write(JSON.stringify(measureHeap(flags.serveHeap)))
      return flags.scale ? scale(flags, context) : speed(flags, context)
    })
}

/** This process measures one size for another one. */
function serveScale(order: string): void {
  process.stdout.write(JSON.stringify(measureScale(JSON.parse(order) as ScaleOrder)))
}

const MOST_GIB = 1024

function scale(flags: SpeedFlags, { terminal: { out, err } }: Context): void {
  const design = designOf(flags.design)
  if (flags.json !== undefined && flags.json !== '-') checkWritable(flags.json)
  const progress = createProgress(err, 5)
  const rows = measureSizes(design, MOST_GIB, (label) => progress.step(label))
  if (flags.json !== undefined) {
    const text = `${JSON.stringify({ format: 'faultline-scale 1', design, rows }, null, 1)}\n`
    if (flags.json === '-') {
      out.write(text)
      return
    }
    writeWhole(flags.json, text)
  }
  out.write(`${design}; nanoseconds on the CPU\n\n${printScale(rows)}`)
}

function designOf(name: string): string {
  return oneOf(
    'design',
    name,
    designs.map((design) => design.name),
  )
}

/** This process is the model's side of another one. */
function serve(order: string): Promise<void> {
  return serveModel(JSON.parse(order) as ModelOrder, (line) => process.stdout.write(`${line}\n`))
}

async function speed(flags: SpeedFlags, context: Context): Promise<void> {
  const { out, err } = context.terminal
  const operations = operationsOf(flags.ops)
  const repeat = wholeNumber('--repeat', flags.repeat, 1, 1000)
  const order = orderOf(flags, operations)
  if (flags.json !== undefined && flags.json !== '-') checkWritable(flags.json)
  const progress = createProgress(err, repeat + 2)
  const { opened, rounds } = await progress.during(async () => {
    progress.step('loading and warming')
    const opened = await openSides(order)
    try {
      return { opened, rounds: await takeTurns(opened.sides, repeat, (label) => progress.step(label)) }
    } finally {
      for (const side of opened.sides) side.close()
    }
  })
  const rows = rowsOf(operations, rounds)
  if (flags.json !== undefined) {
    const text = `${JSON.stringify(asJson(order, repeat, opened, rows, rounds), null, 1)}\n`
    if (flags.json === '-') {
      out.write(text)
      return
    }
    writeWhole(flags.json, text)
  }
  out.write(asText(order, repeat, opened, rows))
}

function operationsOf(text: string): readonly SpeedOperation[] {
  if (text === 'all') return SPEED_OPERATIONS
  const legal = SPEED_OPERATIONS.map(({ name }) => name)
  const wanted = new Set(text.split(',').map((name) => oneOf('operation', name, legal)))
  return SPEED_OPERATIONS.filter(({ name }) => wanted.has(name))
}

function orderOf(flags: SpeedFlags, operations: readonly SpeedOperation[]): SpeedOrder {
  const pages = wholeNumber('--pages', flags.pages, PAGES_PER_TABLE, MOST_PAGES)
  if (pages % PAGES_PER_TABLE !== 0) throw new UsageError(`--pages ${pages}: expected a multiple of ${PAGES_PER_TABLE}`)
  return {
    design: designOf(flags.design),
    designs: oneOf('choice of designs', flags.designs, ['all', 'one', 'both'] as const),
    reference: oneOf('reference', flags.reference, ['full', 'bare'] as const),
    pages,
    operations: operations.map(({ name }) => name),
  }
}

function asText(
  { design, designs: which, pages, reference }: SpeedOrder,
  repeat: number,
  { sides, missing }: OpenSides,
  rows: readonly SpeedRow[],
): string {
  const loaded = which === 'one' ? 'alone' : `with all ${designs.length} designs loaded and warmed`
  const lines = [
    `${design}, ${loaded}; ${pages.toLocaleString('en-US')} pages, ${repeat} repetitions, time on the CPU`,
    '',
    printSpeed(
      rows,
      sides.map(({ name }) => name),
    ),
    'Not equal work: the kernel zeroes and copies pages, takes exceptions, locks and flushes; the model keeps account of that. How many times',
    'faster than reality an experiment runs is what its column says. The C column does the same simulation for this one design'.concat(
      reference === 'bare' ? ',' : '.',
    ),
    ...(reference === 'bare' ? ['without TLB, page contents and reverse mapping.'] : []),
    '',
    ...judge(rows),
    ...missing.map((reason) => `Left out: ${reason}.`),
    ...sides.flatMap(({ name, leavesOut }) =>
      Object.entries(leavesOut).map(([what, reason]) => `Left out of ${name}: ${what}: ${reason}.`),
    ),
  ]
  return `${lines.join('\n')}\n`
}

function asJson(order: SpeedOrder, repeat: number, { sides, missing }: OpenSides, rows: readonly SpeedRow[], rounds: Rounds): object {
  return {
    format: 'faultline-speed 1',
    ...order,
    repeat,
    machine: { node: process.version, kernel: `${process.platform} ${release()}` },
    missing,
    leavesOut: Object.fromEntries(sides.map(({ name, leavesOut }) => [name, leavesOut])),
    rows: rows.map(({ operation, ...figures }) => ({ name: operation.name, unit: operation.unit, what: operation.what, ...figures })),
    rounds,
  }
}
