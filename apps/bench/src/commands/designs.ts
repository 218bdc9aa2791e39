import { designs, ideas } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { printGrid } from '../report/grid.ts'

/** `faultline designs`: what can be compared. */
export function addDesigns(program: Command, { terminal }: Context): void {
  program
    .command('designs')
    .description('list the designs: what each is, how its results are known, where it comes from')
    .action(() => {
      const columns = [
        { head: 'design', width: 18 },
        { head: 'title', width: 46 },
        { head: 'status', width: 14 },
        { head: 'reference', width: 42 },
      ]
      const rows = (list: readonly Design[]) => list.map((design) => [design.name, design.title, design.status, design.reference])
      terminal.out.write(printGrid(columns, rows(designs)))
      terminal.out.write(`\nIdeas and controls, compared only where they are named:\n${printGrid(columns, rows(ideas))}`)
    })
}
