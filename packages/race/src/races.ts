/**
 * All races, in the order lists print them.
 * @module
 */
import type { Race } from './race.ts'
import { clearSoftDirty } from './races/clear-soft-dirty.ts'
import { protectUnprotect } from './races/protect-unprotect.ts'
import { sharedMemory } from './races/shared-memory.ts'
import { twoCpus } from './races/two-cpus.ts'
import { unprotectOnly } from './races/unprotect-only.ts'

/** Every race, in the order of lists. */
export const races: readonly Race[] = [unprotectOnly, protectUnprotect, clearSoftDirty, twoCpus, sharedMemory]

/** The race of a name, or undefined. */
export function findRace(name: string): Race | undefined {
  return races.find((race) => race.name === name)
}
