import type { Race } from '../race.ts'
import { unprotectOnly } from './unprotect-only.ts'

/** The first case without its third CPU. */
export const twoCpus: Race = {
  name: 'two-cpus',
  title: 'the first case with two CPUs',
  text: `As unprotect-only, but the CPU that faults is the one that has the stale translation. It cannot store through that between its copy and
its flush, since it is busy with them.`,
  source: 'a control',
  setup: unprotectOnly.setup,
  isHeld: true,
  cpus: [{ program: 'writeprotect u A 0 1 mode=0' }, { program: 'write A 1\nwrite A 2', hasEntry: true }],
}
