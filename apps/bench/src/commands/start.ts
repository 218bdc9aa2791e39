import { designs } from '@faultline/designs'
import type { Memory } from '@faultline/program'
import { findWorkload } from '@faultline/workloads'
import type { Command } from 'commander'
import { compareDesigns, nrSteps } from '../compare.ts'
import type { Context } from '../context.ts'
import { defaultOptions } from '../options.ts'
import { writeWhole } from '../output.ts'
import { createProgress } from '../progress.ts'
import type { Comparison } from '../report/schema.ts'
import { printComparison } from '../report/table.ts'
import type { Terminal } from '../terminal.ts'
import { loadPgtrace } from '../traces.ts'

const PAGE = 'faultline-report.html'
const TRACE = 'redis-server'
const WORKLOAD = 'dirty-tracking'
const MEMORIES: readonly Memory[] = ['anon', 'shmem']

/** `faultline start`: every design on a recorded redis-server; what `npm start` runs. */
export function addStart(program: Command, { terminal }: Context): void {
  program
    .command('start')
    .description(`compare all designs on a bundled trace; print tables and write ./${PAGE}`)
    .action(async () => {
      terminal.out.write(`Tracking the pages that a recorded ${TRACE} writes, with every design.\n\n`)
      const comparisons = await compareAll(terminal)
      for (const comparison of comparisons) terminal.out.write(`${printComparison(comparison, terminal.colors)}\n`)
      // The drawing library is loaded once the tables are on the screen.
      const { comparisonPage } = await import('../report/html.ts')
      writeWhole(PAGE, await comparisonPage(`Faultline: ${WORKLOAD}, ${TRACE}`, comparisons))
      terminal.out.write(`The same with charts: ./${PAGE}\nMore: npx faultline --help\n`)
    })
}

async function compareAll(terminal: Terminal): Promise<readonly Comparison[]> {
  const trace = await loadPgtrace(TRACE)
  const workload = findWorkload(WORKLOAD)!
  const progress = createProgress(terminal.err, MEMORIES.length * nrSteps(designs))
  return progress.during(async () => {
    const comparisons: Comparison[] = []
    for (const memory of MEMORIES) {
      const options = defaultOptions(workload.options)
      comparisons.push(await compareDesigns({ workload, designs, memory, trace, traceName: TRACE, options }, progress))
    }
    return comparisons
  })
}
