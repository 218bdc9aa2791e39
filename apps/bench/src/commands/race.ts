import { allDesigns, findDesign, tlbPolicies } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import { designOf, explore, findRace, type Race, races, UnsupportedRaceError } from '@faultline/race'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { EXIT_DIFFERENCE, UsageError } from '../errors.ts'
import { oneOf } from '../names.ts'
import { checkWritable, writeWhole } from '../output.ts'
import { printGrid } from '../report/grid.ts'
import { printRace, type RaceReport, type RaceRow, raceJson } from '../report/race.ts'

interface RaceFlags {
  readonly list?: boolean
  readonly tlb?: string
  readonly design?: string
  readonly json?: string
  readonly failOnLost?: boolean
}

/** `faultline race`: every order of a few CPUs' steps. */
export function addRace(program: Command, context: Context): void {
  program
    .command('race')
    .description('take the steps of several CPUs in every order: which orders lose a store, and which is the shortest?')
    .argument('[name]', 'of a race (--list)')
    .option('--list', 'list the races')
    .option('--tlb <names>', `TLB policies, comma-separated: ${tlbPolicies.map(({ name }) => name).join(', ')} (default: all)`)
    .option('--design <names>', 'designs with their own policies instead, comma-separated (faultline designs)')
    .option('--json <file>', 'write the result as JSON, "-" for stdout and nothing else')
    .option('--fail-on-lost', 'exit with 1 when an interleaving loses a store or misses an event')
    .action((name: string | undefined, flags: RaceFlags) => {
      const { out, err, colors } = context.terminal
      if (flags.list) return out.write(listText())
      const race = chosenRace(name)
      const designs = chosenDesigns(flags)
      if (flags.json !== undefined && flags.json !== '-') checkWritable(flags.json)
      const report: RaceReport = { race, rows: designs.map((design) => runOn(race, design)) }
      if (flags.failOnLost && report.rows.some(({ found }) => found !== null && found.losing + found.unseen > 0)) {
        context.exitCode = EXIT_DIFFERENCE
      }
      if (flags.json === '-') return out.write(raceJson(report))
      out.write(printRace(report, colors))
      if (flags.json === undefined) return
      writeWhole(flags.json, raceJson(report))
      err.write(`wrote ${flags.json}\n`)
    })
}

function listText(): string {
  return printGrid(
    [{ head: 'race' }, { head: 'CPUs', align: 'right' }, { head: 'what happens', width: 48 }, { head: 'source', width: 44 }],
    races.map(({ name, cpus, title, source }) => [name, String(cpus.length), title, source]),
  )
}

function chosenRace(name: string | undefined): Race {
  const names = races.map((race) => race.name)
  if (name === undefined) throw new UsageError(`which race? one of ${names.join(', ')} (faultline race --list)`)
  return findRace(oneOf('race', name, names))!
}

function chosenDesigns({ tlb, design }: RaceFlags): readonly Design[] {
  if (tlb !== undefined && design !== undefined) throw new UsageError('--tlb and --design: a design has a policy of its own; leave out one')
  if (design !== undefined) {
    const known = allDesigns.map(({ name }) => name)
    return design.split(',').map((word) => findDesign(oneOf('design', word, known))!)
  }
  const known = tlbPolicies.map(({ name }) => name)
  const names = tlb?.split(',').map((word) => oneOf('TLB policy', word, known)) ?? known
  return names.map((name) => designOf(tlbPolicies.find((policy) => policy.name === name)!))
}

function runOn(race: Race, design: Design): RaceRow {
  const { name, tlb } = design
  try {
    return { name, tlb, found: explore(race, design), unsupported: null }
  } catch (error) {
    if (error instanceof UnsupportedRaceError) return { name, tlb, found: null, unsupported: error.message }
    throw error
  }
}
