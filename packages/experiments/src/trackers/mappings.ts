/**
 * How many mappings a tracker by mprotect makes of a heap that is armed before it is filled, and when it has too many.
 * @module
 */
import { mprotectSigsegv } from '@faultline/designs'
import type { Memory } from '@faultline/program'
import type { Setting } from '../experiment.ts'
import type { Table } from '../findings.ts'
import { type TrackedRun, track } from './compared.ts'
import { dirtyingProgram } from './dirty-rates.ts'

const HEAP = 8192
/** So large that half of it, scattered, needs more than vm.max_map_count allows. */
const LARGE_HEAP = 163_840

const CASES = (['anon', 'shmem', 'shmem-private'] as const).flatMap((memory) =>
  (['sequential', 'shuffled'] as const).map((fill) => ({ memory, heap: HEAP, fill, percent: 1 })),
)
const LARGE = { memory: 'shmem', heap: LARGE_HEAP, fill: 'sequential', percent: 50 } as const

/** One heap. */
export interface MappingRun extends TrackedRun {
  readonly memory: Memory
  readonly heap: number
  readonly fill: 'sequential' | 'shuffled'
  readonly percent: number
}

/** Runs all heaps. */
export async function measureMappings(setting: Setting): Promise<MappingRun[]> {
  const runs: MappingRun[] = []
  for (const each of [...CASES, LARGE]) {
    setting.progress(0.9 + (0.1 * runs.length) / (CASES.length + 1), `mappings of ${each.heap} pages of ${each.memory}`)
    await setting.breathe()
    const { memory, heap, fill, percent } = each
    const trace = dirtyingProgram(memory, heap, Math.floor((heap * percent) / 100), 'scattered', setting.seed, fill)
    runs.push({ ...each, ...track(mprotectSigsegv, trace, { memory }) })
  }
  return runs
}

/** As a table. */
export function mappingsTable(runs: readonly MappingRun[]): Table {
  return {
    title: 'Mappings under mprotect of a heap that is armed before it is first written',
    columns: [
      { key: 'memory', head: 'memory' },
      { key: 'heap', head: 'pages of\nthe heap' },
      { key: 'fill', head: 'first\nwritten' },
      { key: 'percent', head: 'then scattered\nan epoch, %' },
      { key: 'peak', head: 'mappings\nat most' },
      { key: 'left', head: 'when all is\narmed again' },
      { key: 'end', head: '' },
    ],
    rows: runs.map(({ memory, heap, fill, percent, result, vmas }) => ({
      memory,
      heap,
      fill,
      percent,
      peak: 'unsupported' in result ? null : result.peakVmas,
      left: 'unsupported' in result ? null : vmas,
      end: 'unsupported' in result ? 'ENOMEM' : '',
    })),
    note: 'Private pages of two mappings that were first written apart have different anon_vmas, so that the mappings are never joined again, whatever their rights. On Linux 6.18.44 a C program that does the same to 8,192 pages, shuffled in three other ways, had at most 4,499 to 4,546 mappings of private memory and 4,059 to 4,192 of shared memory, and was left with 2,720 to 2,740, and with 1.',
  }
}
