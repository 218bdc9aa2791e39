/**
 * Running short programs that say themselves what must happen.
 */
import type { Design } from '@faultline/mm-types'
import { instantiate, MEMORY_TYPES, type Memory, parseProgram, runProgram } from '@faultline/program'
import { createModel, linux618, type ModelSettings } from '../src/index.ts'

/** Every memory type, those with a file, and those without huge pages. */
export const ALL = MEMORY_TYPES
export const FILES: readonly Memory[] = ['shmem', 'shmem-private', 'hugetlb', 'hugetlb-private']
export const SMALL: readonly Memory[] = ['anon', 'shmem', 'shmem-private']

/** Region A: four pages of `memory` of file F, registered for write-protection with userfaultfd u. */
export const ARMED_REGION = `file F 4 huge=memory
uffd u features=wp_unpopulated,wp_hugetlbfs_shmem
mmap A 4 memory rw file=F
register u A 0 4 mode=wp`

/** How a page looks that is armed and not there: hugetlb's pagemap does not say that it is a marker. */
export function marker(memory: Memory): string {
  return memory.startsWith('hugetlb') ? 'none +WP' : 'marker(wp) +WP'
}

/** Runs the lines of a program on a design. @returns its failures, one line each */
export async function failures(lines: string, memory: Memory, design: Design = linux618, settings: ModelSettings = {}): Promise<string[]> {
  const program = parseProgram(`faultline-program 1\nmemory ${memory}\n${lines}\n`)
  const run = await runProgram(createModel(design, settings), instantiate(program, memory))
  if (run.inexpressible !== undefined) return [String(run.inexpressible)]
  return run.failures.map(({ step, operation, expected, got }) => `${step}: ${operation}: expected ${expected}, got ${got}`)
}
