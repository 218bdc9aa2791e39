import type { Race } from '../race.ts'
import { protectUnprotect } from './protect-unprotect.ts'

/** The second case on memory that is never copied. */
export const sharedMemory: Race = {
  ...protectUnprotect,
  name: 'shared-memory',
  title: 'the second case on a shared mapping',
  text: `As protect-unprotect, but on shared memory: a write fault there makes the entry writable and copies nothing, so that a store through a
stale translation goes to the page that all others have too. The RFC for shmem and hugetlbfs says so of this issue.`,
  source: 'userfaultfd-wp: Support shmem and hugetlbfs, RFC 00/30, linux-mm, 15 January 2021, its postscript; a control',
  setup: `mmap A 1 shmem rw
write A 0x100
uffd u features=wp_hugetlbfs_shmem
register u A 0 1 mode=wp`,
}
