/**
 * Laws of TLB policies.
 * @module
 */
import { linux618 } from '@faultline/designs'
import type { TlbPolicy } from '@faultline/mm-types'
import { designOf, explore, races } from '@faultline/race'
import { type Case, hold } from '../case.ts'
import { FORK_PROGRAM, holdNothingLeft, holdProgram, interfaceCase } from '../model.ts'

/** Translations of these pages are in the TLB when they are armed. */
const ARMED = [
  'uffd u features=wp_unpopulated,wp_hugetlbfs_shmem',
  'file F 4',
  'mmap A 4 memory rw file=F',
  'write A 1',
  'write A+1 2',
  'register u A 0 4 mode=wp',
  'writeprotect u A 0 4 mode=wp',
]

/** What a TLB policy must do; for several CPUs, every interleaving of the races of `@faultline/race` is taken. */
export function tlbCases(make: () => TlbPolicy): readonly Case[] {
  const design = { ...linux618, name: make().name, tlb: make() }
  const everywhere = async (...lines: readonly string[]) => {
    for (const memory of ['anon', 'shmem'] as const) await holdProgram(design, [...ARMED, ...lines], memory)
  }
  return [
    interfaceCase(make, 'tlb'),
    {
      name: 'protected',
      law: 'once the call has returned, no write passes by an old translation',
      run: () => everywhere('write A 3 => blocked', 'write A+1 3 => blocked'),
    },
    {
      name: 'disarmed',
      law: 'what is disarmed may be written, and is read as it was',
      run: () => everywhere('writeprotect u A 0 4 mode=0', 'read A+1 => value 2', 'write A 3 => ok', 'read A => value 3'),
    },
    {
      name: 'forked',
      law: 'a process does not see what its child writes',
      run: () => holdProgram(design, FORK_PROGRAM),
    },
    ...races.map(
      (race): Case => ({
        name: race.name,
        law: `${race.title}: no interleaving loses a store or an event`,
        run() {
          const { losing, unseen, interleavings, shortest } = explore(race, designOf(make()))
          const steps = shortest?.map(({ cpu, does }) => `CPU ${cpu} ${does}`).join('; ')
          hold(
            losing + unseen === 0,
            `of ${interleavings} interleavings ${losing} lose a store and ${unseen} an event; the shortest: ${steps}`,
          )
        },
      }),
    ),
    { name: 'nothing-left', law: 'nothing is in use when all processes have ended', run: () => holdNothingLeft(design) },
  ]
}
