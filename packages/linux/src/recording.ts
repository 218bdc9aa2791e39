/**
 * Records what the kernel of this machine does with programs.
 * @module
 */
import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { gunzipSync } from 'node:zlib'
import { ExpressionError, type Instance, type RecordedProgram, type RecordedStep, type Recording, type System } from '@faultline/program'
import { currentValue, readSetting, THP } from './settings.ts'

const SETTINGS = [
  `${THP}/enabled`,
  `${THP}/shmem_enabled`,
  `${THP}/use_zero_page`,
  `${THP}/khugepaged/max_ptes_none`,
  `${THP}/khugepaged/max_ptes_swap`,
  `${THP}/khugepaged/max_ptes_shared`,
  '/proc/sys/vm/overcommit_memory',
]
/** Options of the kernel that decide what programs see. */
const OPTIONS = [
  'PTE_MARKER_UFFD_WP',
  'PT_RECLAIM',
  'KSM',
  'PER_VMA_LOCK',
  'HUGETLB_PMD_PAGE_TABLE_SHARING',
  'MEM_SOFT_DIRTY',
  'MEMORY_FAILURE',
  'LRU_GEN',
  'NUMA',
]

/** Which kernel answers, with what settings, and when: that of this machine. */
export function recordingHeader(): Omit<Recording, 'programs'> {
  return { kernel: versionOf(release()), date: new Date().toISOString(), config: { ...kernelOptions(), ...settings() } }
}

/** The version in what uname tells: what follows it is the builder's name for it. */
export function versionOf(kernelRelease: string): string {
  return /^\d+(\.\d+)*/.exec(kernelRelease)?.[0] ?? kernelRelease
}

function settings(): Record<string, string> {
  const known = SETTINGS.map((path) => [path, currentValue(path)] as const)
  return Object.fromEntries(known.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** Empty where the kernel does not tell how it was built. */
function kernelOptions(): Record<string, string> {
  const text = kernelConfig()
  if (text === undefined) return {}
  return Object.fromEntries(OPTIONS.map((name) => [`CONFIG_${name}`, new RegExp(`^CONFIG_${name}=(.*)$`, 'm').exec(text)?.[1] ?? 'n']))
}

function kernelConfig(): string | undefined {
  try {
    return gunzipSync(readFileSync('/proc/config.gz')).toString('latin1')
  } catch {
    return readSetting(`/boot/config-${release()}`)
  }
}

/**
 * Runs a program in a session of its own and keeps what came of each operation.
 *
 * It ends early, and says why, where the system cannot perform an operation or what it names is not there.
 * @param program - what it is known by, such as its file
 */
export async function recordProgram(system: System, program: string, { memory, steps }: Instance): Promise<RecordedProgram> {
  const recorded: RecordedStep[] = []
  const known = { program, ...(memory === undefined ? {} : { memory }), steps: recorded }
  const session = await system.open()
  try {
    for (const { operation } of steps) {
      if (operation.op !== 'comment') recorded.push({ operation, outcome: await session.perform(operation) })
    }
  } catch (error) {
    if (!(error instanceof ExpressionError || error instanceof ReferenceError)) throw error
    return { ...known, ended: reasonOf(error) }
  } finally {
    await session.close()
  }
  return known
}

/** What could not be performed, without the name of the system, which stands at the head of the recording, and without a remedy. */
function reasonOf(error: ExpressionError | ReferenceError): string {
  if (error instanceof ReferenceError) return error.message
  return error.message.replace(`${error.system} cannot express `, '').replace(` (${error.seam}): ${error.remedy}`, '')
}
