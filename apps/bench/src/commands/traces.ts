import { bundledTraces } from '@faultline/workloads'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { count, printGrid } from '../report/grid.ts'

/** `faultline traces`: the recordings that come with the project. */
export function addTraces(program: Command, { terminal }: Context): void {
  program
    .command('traces')
    .description('list the bundled recordings of real programs: pgtrace for compare, uffdtrace and pgtrace for replay')
    .action(() => {
      const columns = [
        { head: 'trace', width: 31 },
        { head: 'format', width: 11 },
        { head: 'memory', width: 17 },
        { head: 'pages', width: 8, align: 'right' as const },
        { head: 'what was recorded', width: 53 },
      ]
      const rows = bundledTraces.map((trace) => [
        trace.name,
        trace.format,
        trace.memory ?? '–',
        trace.nrPages === undefined ? '–' : count(trace.nrPages),
        `${trace.program}: ${trace.description}`,
      ])
      terminal.out.write(printGrid(columns, rows))
    })
}
