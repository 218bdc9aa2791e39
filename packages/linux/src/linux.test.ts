import { spawnSync } from 'node:child_process'
import { instantiate, MEMORY_TYPES, type Memory, parseProgram, runProgram } from '@faultline/program'
import { afterAll, expect, test } from 'vitest'
import { linuxSystem } from './index.ts'
import { freeHugePages } from './settings.ts'

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
/** Why the kernel of this machine cannot be asked about a memory type, or null. */
function whyNot(memory: Memory): string | null {
  if (process.platform !== 'linux') return `this is ${process.platform}, not Linux`
  if (spawnSync('cc', ['--version']).status !== 0) return 'there is no C compiler called cc'
  if (process.getuid?.() !== 0) return 'userfaultfd and page states want root'
  if (!memory.startsWith('hugetlb')) return null
  const free = freeHugePages()
  return free < 40 ? `${free} free huge pages of 2 MiB; 40 are needed (write 64 to /proc/sys/vm/nr_hugepages)` : null
}

const system = linuxSystem()
afterAll(() => system.close())

test.for(MEMORY_TYPES)('arm, write, resolve on %s', async (memory, { skip }) => {
  const why = whyNot(memory)
  if (why !== null) {
    console.warn(`the running kernel is not asked about ${memory}: ${why}`)
    skip(why)
  }
  const run = await runProgram(system, instantiate(parseProgram(SCRIPT), memory))
  expect(run.failures).toEqual([])
  expect(run.inexpressible).toBeUndefined()
})
