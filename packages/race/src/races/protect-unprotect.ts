import type { Race } from '../race.ts'
import { unprotectOnly } from './unprotect-only.ts'

/** The second case: four CPUs. */
export const protectUnprotect: Race = {
  name: 'protect-unprotect',
  title: 'a protection that ends before its flush',
  text: `CPU 0 protects a page, and has not flushed yet. CPU 1 ends the protection: the entry stays read-only. CPU 2 faults, is not asked about,
and copies the page. CPU 3 has the writable translation from before the protection, and stores to the page after the copy was made.
Here it does not help to take no right to write at the end of a protection: the beginning took it. Where the end takes it too, the first
case is part of this one, and needs no CPU 0.`,
  source: 'Nadav Amit, linux-mm, 25 December 2020, second case; mended by 6ce64428d620 (5.12-rc3, 5.10.24)',
  setup: unprotectOnly.setup,
  isHeld: true,
  cpus: [
    { program: 'writeprotect u A 0 1 mode=wp' },
    { program: 'writeprotect u A 0 1 mode=0' },
    { program: 'write A 1' },
    { program: 'write A 2', hasEntry: true },
  ],
}
