/**
 * One run of a race, step by step, in the order that somebody chooses.
 * @module
 */
import type { Design } from '@faultline/mm-types'
import { type Actions, cpuSteps } from './actions.ts'
import type { CompiledRace } from './compile.ts'
import { AFRESH, type Guard, type Steps } from './steps.ts'
import { RaceWorld } from './world.ts'

/** One step that was taken, and the machine after it. */
export interface RaceStep {
  readonly cpu: number
  readonly does: string
  readonly pte: string
  /** The translation of the page, by CPU. */
  readonly tlbs: readonly string[]
  /** Calls whose flush is due. */
  readonly flushesPending: number
  /** Words that have been stored and are gone. */
  readonly lost: number
  /** Words that were stored to a protected page without an event. */
  readonly unseen: number
}

interface Thread {
  readonly steps: Steps
  /** Whether it may go on; null when it has ended. */
  guard: Guard | null
  /** What it did and saw: all that its own state can depend on. */
  readonly seen: string[]
}

/** A race between two steps. */
export class RaceRun {
  readonly world: RaceWorld
  private readonly threads: readonly Thread[]

  constructor(compiled: CompiledRace, design: Design, actions: Actions) {
    this.world = new RaceWorld(compiled, design)
    this.threads = compiled.programs.map((program, cpu) => {
      const steps = cpuSteps(this.world, cpu, program, actions)
      return { steps, guard: guardOf(steps), seen: [] }
    })
  }

  /** CPUs that can take a step now; none when all have ended, or wait for ever. */
  enabled(): number[] {
    return this.threads.flatMap(({ guard }, cpu) => (guard?.() ? [cpu] : []))
  }

  /** Takes the next step of a CPU. @returns what it does */
  advance(cpu: number): string {
    const thread = this.threads[cpu]
    thread.guard = guardOf(thread.steps)
    const does = this.world.takeSaid()
    thread.seen.push(does)
    if (thread.guard === AFRESH) thread.seen.length = 0
    return does
  }

  /** The same, with all that is to be seen after it. */
  take(cpu: number): RaceStep {
    const { world } = this
    const does = this.advance(cpu)
    return {
      cpu,
      does,
      pte: world.pteText(),
      tlbs: world.tlbTexts(),
      flushesPending: world.mm.flushesPending,
      lost: world.lost(),
      unseen: world.unseen,
    }
  }

  /**
   * Equal for states from which the same can follow. Threads are known by what they have seen, since their steps depend on nothing else; of
   * those that have ended it does not matter.
   */
  key(): string {
    return `${this.world.key()} ${this.threads.map(({ guard, seen }) => (guard === null ? 'ended' : seen.join('/'))).join(' | ')}`
  }
}

/** Runs a thread to its next step. */
function guardOf(steps: Steps): Guard | null {
  const next = steps.next()
  return next.done ? null : next.value
}
