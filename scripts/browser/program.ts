/**
 * What a browser is asked to do with the packages, and Node too, so that the answers can be compared.
 * @module
 */
import type * as Designs from '../../packages/designs/src/index.ts'
import type * as Program from '../../packages/program/src/index.ts'

const TEXT = `faultline-program 1
memory anon shmem hugetlb
uffd u features=wp_unpopulated,wp_hugetlbfs_shmem
mmap A 512 memory rw
register u A 0 512 mode=wp
write A+7 7
writeprotect u A 0 512 mode=wp
write A+7 8 => blocked
writeprotect u A 0 512 mode=0
read A+7
fork child
child: write A+9 9
read A+9 => value 0
`

/** Runs one program on every design and memory type. @returns what each did, as text */
export async function work(
  { formatOutcome, instantiate, parseProgram, runProgram }: typeof Program,
  { createModel, designs }: typeof Designs,
): Promise<string[]> {
  const lines: string[] = []
  for (const memory of ['anon', 'shmem', 'hugetlb'] as const) {
    for (const design of designs) {
      const run = await runProgram(createModel(design), instantiate(parseProgram(TEXT), memory))
      lines.push(`${design.name} ${memory}: ${run.outcomes.map((outcome) => formatOutcome(outcome)).join('; ')}`)
    }
  }
  return lines
}
