import type { Race } from '../race.ts'

/** The first of the two cases: three CPUs. */
export const unprotectOnly: Race = {
  name: 'unprotect-only',
  title: 'the end of a protection that was never there',
  text: `CPU 0 ends the protection of a page that is not protected: monitors do, over ranges of which they protect some pages. Releases until
6.1 took the right to write from the entry then, and flushed after they had dropped the lock of the page table. CPU 1 faults on what is
now a read-only entry and copies the page; CPU 2, which has a writable translation still, stores to the page after the copy was made.`,
  source: 'Nadav Amit, linux-mm, 25 December 2020, first case; mended by 6ce64428d620 (5.12-rc3, 5.10.24)',
  setup: `mmap A 1 anon rw
write A 0x100
uffd u
register u A 0 1 mode=wp`,
  isHeld: true,
  cpus: [{ program: 'writeprotect u A 0 1 mode=0' }, { program: 'write A 1' }, { program: 'write A 2', hasEntry: true }],
}
