/**
 * Writing 4 to clear_refs in steps.
 * @module
 */
import { clearRefs } from '@faultline/mm'
import type { ClearRefsOp } from '@faultline/program'
import { changeSteps } from './change-steps.ts'
import type { Steps } from './steps.ts'
import type { RaceWorld } from './world.ts'

/** Everything counts as not written from now on. @source v5.10 fs/proc/task_mmu.c clear_refs_write() */
export function* clearRefsSteps(world: RaceWorld, _cpu: number, _operation: ClearRefsOp): Steps {
  yield* changeSteps(world, {
    lock: world.mm.tlb.clearRefsLock,
    what: 'clears the soft-dirty bit and the right to write',
    change: () => clearRefs(world.mm, world.composed.softDirty),
  })
}
