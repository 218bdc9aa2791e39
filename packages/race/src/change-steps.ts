/**
 * A call that takes rights from entries of a table: the change under its lock, and the flush when the design's policy has it.
 *
 * Simplified: one page, so that a flush at each entry and one before the lock is dropped are the same steps.
 *
 * @source v5.10 mm/mprotect.c change_protection_range(); v5.10 fs/proc/task_mmu.c clear_refs_write()
 * @module
 */
import { ALWAYS, type Steps } from './steps.ts'
import type { RaceWorld } from './world.ts'

/** What one call does in these steps. */
export interface Change {
  /** How it holds mmap_lock. */
  readonly lock: 'read' | 'write'
  /** What it does to the entry, in words. */
  readonly what: string
  begin?(): void
  change(): void
  end?(): void
}

export function* changeSteps(world: RaceWorld, { lock, what, begin, change, end }: Change): Steps {
  const { locks, mm } = world
  const { kernel } = world.composed
  yield lock === 'read' ? locks.mayRead : locks.mayWrite
  locks.take(lock)
  mm.flushesPending++
  begin?.()
  world.say(`takes mmap_lock (${lock}), announces a flush`)
  yield locks.mayLockTable
  const flushes = kernel.gatherFlushes(change)
  const isDeferred = mm.tlb.flushes === 'after-unlock'
  world.say(`${what}${isDeferred ? '' : ', keeps the lock of the table'}`)
  if (!isDeferred) {
    locks.lockTable()
    yield ALWAYS
    kernel.performFlushes(flushes)
    locks.unlockTable()
    world.say(flushes.length > 0 ? 'flushes, drops the lock of the table' : 'drops the lock of the table')
  }
  yield ALWAYS
  if (isDeferred && flushes.length > 0) {
    kernel.performFlushes(flushes)
    world.say('flushes')
  }
  mm.flushesPending--
  locks.drop(lock)
  end?.()
  world.say('drops mmap_lock, returns')
}
