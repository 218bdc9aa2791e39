/**
 * One cell of the matrix as a program: set up a page in a state, perform an operation, see what became of it.
 *
 * The set-up is the recorder's: sixteen pages (ten huge pages) inside a larger reservation, a second mapping of the same
 * file as an alias, states made before or after registration as the configuration says.
 * @module
 */
import { errnoName } from '@faultline/mm-types'
import { formatPageState, type Memory, range, type SyncSession } from '@faultline/program'
import { CellOperations } from './operations.ts'

/** What a registration configuration asks for. */
interface Config {
  readonly features: number
  /** States are made before the registration. */
  readonly late: boolean
  /** The run that recorded it had its hugetlb mappings at the end of a GiB (one address layout a run). */
  readonly hugetlbAtEdge?: boolean
}

const CONFIGS: Readonly<Record<string, Config>> = {
  WP: { features: 0x1000, late: false },
  'WP+UNPOP': { features: 0x3000, late: false },
  'WP+ASYNC': { features: 0xb000, late: false },
  MISSING: { features: 0, late: true },
  'MISSING+WP+UNPOP': { features: 0x3000, late: true },
  MINOR: { features: 0x600, late: true, hugetlbAtEdge: true },
  'MINOR+WP': { features: 0x3600, late: true },
}

/** Names of the configurations a matrix can have. */
export const CONFIG_NAMES: readonly string[] = Object.keys(CONFIGS)
/** Memory types as the recorder spells them. */
export const MATRIX_MEMORY: Readonly<Record<string, Memory>> = {
  anon: 'anon',
  shmem: 'shmem',
  'shmem-priv': 'shmem-private',
  hugetlb: 'hugetlb',
  'hugetlb-priv': 'hugetlb-private',
}

/** The columns after the fifth: one for a refused set-up or a call that never ends, four for a transition. */
export type CellColumns = readonly string[]

/** Runs one cell on a fresh session. */
export function runCell(
  session: SyncSession,
  configName: string,
  memory: Memory,
  mode: number,
  state: string,
  operation: string,
): CellColumns {
  const config = CONFIGS[configName] as Config
  const cell = new CellOperations(session, memory, config.hugetlbAtEdge === true && memory.startsWith('hugetlb'))
  cell.map()
  if (config.late) cell.prepareLate(state)
  cell.perform({ op: 'userfaultfd', uffd: 'u', flags: 0 })
  cell.perform({ op: 'api', uffd: 'u', features: config.features, version: 0xaa })
  const registered = cell.perform({ op: 'register', uffd: 'u', range: range('A', 0, cell.pages), mode })
  if (registered.errno) return [`REGISTER=${errnoName(registered.errno)}`]
  cell.perform({ op: 'monitor', uffd: 'u', missing: 'copy', wp: 'unprotect', minor: 'continue' })
  const setUp = cell.makeState(state, config.late)
  if (setUp !== 0) return [`SETUP=${errnoName(setUp)}`]
  const before = cell.state('A')
  const tables = cell.tables()
  const results: string[] = []
  for (const name of operation.split('+')) {
    const result = cell.operate(name)
    if (result === undefined) return ['KILLED by 14']
    results.push(`${errnoName(result)} `)
  }
  return [
    `rc=${results.join('')}`,
    cell.events,
    `${formatPageState(before)} -> ${formatPageState(cell.state('A'))}`,
    `dPTE=${(cell.tables() - tables) / 1024}k`,
  ]
}
