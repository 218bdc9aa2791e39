/**
 * The steps of what a CPU can do.
 *
 * What a step does is the model's own code: entries are changed by `protectRange` and `clearRefs`, faults served by `handleFault`, pages
 * copied by the functions that `copyOnWrite` is made of. Here is only where they can be interrupted.
 * @module
 */
import type { ClearRefsOp, WriteOp, WriteProtectOp } from '@faultline/program'
import { clearRefsSteps } from './clear-refs-steps.ts'
import type { RaceOperation } from './compile.ts'
import { protectSteps } from './protect-steps.ts'
import type { Steps } from './steps.ts'
import { storeSteps } from './store-steps.ts'
import type { RaceWorld } from './world.ts'

/** Steps by operation; a test can put others in their place. */
export interface Actions {
  /** A store. */
  readonly write: (world: RaceWorld, cpu: number, operation: WriteOp) => Steps
  /** UFFDIO_WRITEPROTECT. */
  readonly writeprotect: (world: RaceWorld, cpu: number, operation: WriteProtectOp) => Steps
  /** A write to /proc/pid/clear_refs. */
  readonly clear_refs: (world: RaceWorld, cpu: number, operation: ClearRefsOp) => Steps
}

/** The steps as the designs have them. */
export const ACTIONS: Actions = { write: storeSteps, writeprotect: protectSteps, clear_refs: clearRefsSteps }

/** All a CPU does, one operation after the other. */
export function* cpuSteps(world: RaceWorld, cpu: number, program: readonly RaceOperation[], actions: Actions): Steps {
  for (const [place, operation] of program.entries()) {
    world.places[cpu] = place
    if (operation.op === 'write') yield* actions.write(world, cpu, operation)
    else if (operation.op === 'writeprotect') yield* actions.writeprotect(world, cpu, operation)
    else yield* actions.clear_refs(world, cpu, operation)
  }
}
