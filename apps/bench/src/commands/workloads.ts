import { workloads } from '@faultline/workloads'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { printGrid } from '../report/grid.ts'

/** `faultline workloads`: what the designs can be put through. */
export function addWorkloads(program: Command, { terminal }: Context): void {
  program
    .command('workloads')
    .description('list the workloads')
    .action(() => {
      for (const workload of workloads) {
        const rows = workload.options.map((option) => [
          option.name,
          String(option.default),
          `${option.min} … ${option.max}`,
          option.meaning,
        ])
        terminal.out.write(`${workload.name}\n${workload.description}\n\n${printGrid(COLUMNS, rows)}\n`)
      }
    })
}

const COLUMNS = [
  { head: 'option (--set)', width: 16 },
  { head: 'default', width: 9, align: 'right' as const },
  { head: 'from … to', width: 18 },
  { head: 'meaning', width: 77 },
]
