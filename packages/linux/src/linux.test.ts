import { instantiate, MEMORY_TYPES, parseProgram, runProgram } from '@faultline/program'
import { afterAll, expect, test } from 'vitest'
import { linuxSystem } from './index.ts'

const SCRIPT = `faultline-program 1
memory anon shmem shmem-private hugetlb hugetlb-private
uffd u features=wp_unpopulated,wp_hugetlbfs_shmem
mmap A 16 memory rw
register u A 0 16 mode=wp
monitor u missing=none wp=unprotect minor=none
write A 3 => ok
read A => value 3
writeprotect u A 0 16 mode=wp => ok
read A+1 => value 0
write A 4 => ok; message pagefault A flags=write,wp
read A => value 4
write A+2 5 => ok; message pagefault A+2 flags=write,wp
fork child
child: read A => value 4
munmap A 0 16
read A => SIGSEGV code 1
`
const system = linuxSystem()
afterAll(() => system.close())

test.each(MEMORY_TYPES)('arm, write, resolve on %s', async (memory) => {
  const run = await runProgram(system, instantiate(parseProgram(SCRIPT), memory))
  expect(run.failures).toEqual([])
  expect(run.inexpressible).toBeUndefined()
})
