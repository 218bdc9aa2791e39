/**
 * All interleavings of a race under one design, and the shortest that goes wrong.
 *
 * States that are reached in several orders are followed once: the interleavings are counted over the graph of states, not walked one by
 * one. Threads cannot be wound back, so each state is reached by a run of its own from the setup on.
 * @module
 */
import { linux618SoftDirty } from '@faultline/designs'
import type { Design, TlbPolicy } from '@faultline/mm-types'
import { ACTIONS, type Actions } from './actions.ts'
import { type CompiledRace, compileRace } from './compile.ts'
import type { Race } from './race.ts'
import { RaceRun, type RaceStep } from './run.ts'

/** What became of a race. */
export interface Exploration {
  /** Orders in which the steps of all CPUs can be taken. */
  readonly interleavings: number
  readonly states: number
  /** Interleavings at whose end a store is in no page that the tables lead to. */
  readonly losing: number
  /** Interleavings in which a store to a page whose protection was complete gave no event. */
  readonly unseen: number
  /** The fewest steps after which a store is gone, or was not seen, whatever follows; null when there are none. */
  readonly shortest: readonly RaceStep[] | null
}

interface State {
  readonly schedule: readonly number[]
  readonly last: RaceStep | null
  readonly next: number[]
  /** It is being counted. */
  isOpen: boolean
  interleavings: number
  losing: number
  unseen: number
}

/** More states than this are not a small program. */
const MOST_STATES = 200_000

/** @throws UnsupportedRaceError for a design that refuses the setup */
export function explore(race: Race, design: Design, actions: Actions = ACTIONS): Exploration {
  const compiled = compileRace(race)
  const states = reach(compiled, design, actions)
  const [first] = states
  count(states, first)
  const wrong = states.find(
    ({ last, interleavings, losing, unseen }) =>
      last !== null && ((last.lost !== 0 && losing === interleavings) || (last.unseen !== 0 && unseen === interleavings)),
  )
  return {
    interleavings: first.interleavings,
    states: states.length,
    losing: first.losing,
    unseen: first.unseen,
    shortest: wrong === undefined ? null : replay(compiled, design, actions, wrong.schedule),
  }
}

/** All states, those with fewer steps first. */
function reach(compiled: CompiledRace, design: Design, actions: Actions): State[] {
  const states: State[] = [newState([], null)]
  const known = new Map<string, number>()
  for (let i = 0; i < states.length; i++) {
    const { schedule, next } = states[i]
    let run: RaceRun | null = runTo(compiled, design, actions, schedule)
    for (const cpu of run.enabled()) {
      run ??= runTo(compiled, design, actions, schedule)
      const last = run.take(cpu)
      const key = run.key()
      let index = known.get(key)
      if (index === undefined) {
        index = states.push(newState([...schedule, cpu], last)) - 1
        known.set(key, index)
        if (states.length > MOST_STATES) throw new Error(`${compiled.race.name}: more than ${MOST_STATES} states; use fewer operations`)
      }
      next.push(index)
      run = null
    }
  }
  return states
}

function newState(schedule: readonly number[], last: RaceStep | null): State {
  return { schedule, last, next: [], isOpen: false, interleavings: 0, losing: 0, unseen: 0 }
}

/** Counts the interleavings from a state on, once. @throws Error when threads can go round in a circle */
function count(states: readonly State[], state: State): State {
  if (state.interleavings > 0) return state
  if (state.isOpen) throw new Error(`these steps come back to where they were: ${state.schedule.join(' ')}`)
  state.isOpen = true
  if (state.next.length === 0) {
    state.interleavings = 1
    state.losing = state.last?.lost ? 1 : 0
    state.unseen = state.last?.unseen ? 1 : 0
  }
  for (const index of state.next) {
    const { interleavings, losing, unseen } = count(states, states[index])
    state.interleavings += interleavings
    state.losing += losing
    state.unseen += unseen
  }
  return state
}

function runTo(compiled: CompiledRace, design: Design, actions: Actions, schedule: readonly number[]): RaceRun {
  const run = new RaceRun(compiled, design, actions)
  for (const cpu of schedule) run.advance(cpu)
  return run
}

/** Takes steps in an order and answers what each did. */
function replay(compiled: CompiledRace, design: Design, actions: Actions, schedule: readonly number[]): RaceStep[] {
  const run = new RaceRun(compiled, design, actions)
  return schedule.map((cpu) => run.take(cpu))
}

/** A run of a race from its setup on, for whoever chooses the order. */
export function startRace(race: Race, design: Design): RaceRun {
  return new RaceRun(compileRace(race), design, ACTIONS)
}

/** The kernel of the races with one TLB policy, everything else being equal. */
export function designOf(tlb: TlbPolicy): Design {
  return { ...linux618SoftDirty, name: tlb.name, title: `Linux 6.18 with the TLB policy ${tlb.name}`, reference: tlb.source, tlb }
}
