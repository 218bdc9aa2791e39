import {
  flushBatched,
  flushDeferred,
  flushDeferredFixed,
  flushDeferredKeepsWrite,
  linux57,
  linux618,
  tlbPolicies,
} from '@faultline/designs'
import { describe, expect, test } from 'vitest'
import { ACTIONS, type Actions } from './actions.ts'
import { designOf, type Exploration, explore, startRace } from './explore.ts'
import type { Race } from './race.ts'
import { clearSoftDirty } from './races/clear-soft-dirty.ts'
import { protectUnprotect } from './races/protect-unprotect.ts'
import { sharedMemory } from './races/shared-memory.ts'
import { twoCpus } from './races/two-cpus.ts'
import { unprotectOnly } from './races/unprotect-only.ts'
import { races } from './races.ts'
import { ALWAYS } from './steps.ts'

const without = (race: Race, cpu: number): Race => ({ ...race, cpus: race.cpus.filter((_, i) => i !== cpu) })

/** Who loses a store, by name. */
const losers = (race: Race) => tlbPolicies.filter((tlb) => explore(race, designOf(tlb)).losing > 0).map(({ name }) => name)

/** Every order, one by one, with no state known from another. */
function enumerate(race: Race, tlb = flushDeferred): Pick<Exploration, 'interleavings' | 'losing'> {
  const found = { interleavings: 0, losing: 0 }
  const schedules: number[][] = [[]]
  for (let schedule = schedules.pop(); schedule !== undefined; schedule = schedules.pop()) {
    const run = startRace(race, designOf(tlb))
    const lost = schedule.map((cpu) => run.take(cpu).lost).at(-1)
    const enabled = run.enabled()
    if (enabled.length === 0) {
      found.interleavings++
      if (lost) found.losing++
    }
    for (const cpu of enabled) schedules.push([...schedule, cpu])
  }
  return found
}

/** A write fault that flushes its page in a step of its own, after the step that counts this. */
function flushingOnce(counted: 'framesAllocated' | 'pagesCopied'): Actions {
  return {
    ...ACTIONS,
    *write(world, cpu, operation) {
      const { counters } = world.composed.kernel.machine
      let before = counters[counted]
      for (const guard of ACTIONS.write(world, cpu, operation)) {
        if (counters[counted] > before) {
          yield ALWAYS
          world.mm.flush(world.vpn, 1)
          world.say('flushes the page')
        }
        yield guard
        before = counters[counted]
      }
    },
  }
}

describe('the first case', () => {
  test('loses a store where the flush is deferred, the end of a protection takes rights, and nobody minds', () => {
    expect(losers(unprotectOnly)).toEqual(['deferred'])
  })

  test('in eight steps, the last of which puts the copy in place', () => {
    const { shortest } = explore(unprotectOnly, designOf(flushDeferred))
    expect(shortest?.map(({ cpu }) => cpu)).toEqual([0, 0, 1, 1, 1, 1, 2, 1])
    expect(shortest?.map(({ lost }) => lost)).toEqual([0, 0, 0, 0, 0, 0, 0, 2])
    expect(shortest?.[6]).toMatchObject({ does: 'stores to p through its TLB', pte: 'p ro', flushesPending: 1 })
    expect(shortest?.[7]).toMatchObject({ pte: 'p1 rw', tlbs: ['-', '-', '-'] })
  })

  test('with any two of its CPUs, and with the faulting CPU alone stale, loses nothing', () => {
    for (const cpu of [0, 1, 2]) expect(explore(without(unprotectOnly, cpu), designOf(flushDeferred)).losing).toBe(0)
    expect(losers(twoCpus)).toEqual([])
  })

  test('on a page that nobody else holds, loses nothing: it is reused', () => {
    expect(losers({ ...unprotectOnly, isHeld: false })).toEqual([])
  })

  test('has as many interleavings as are found one by one', () => {
    const { interleavings, losing } = explore(unprotectOnly, designOf(flushDeferred))
    expect(enumerate(unprotectOnly)).toEqual({ interleavings, losing })
    expect(losing).toBeGreaterThan(0)
  }, 120_000)
})

describe('the second case', () => {
  test('loses a store although the end of a protection takes no rights', () => {
    expect(losers(protectUnprotect)).toEqual(['deferred', 'deferred-keeps-write'])
  }, 120_000)

  test('then needs all four CPUs', () => {
    const design = designOf(flushDeferredKeepsWrite)
    const { shortest } = explore(protectUnprotect, design)
    expect(new Set(shortest?.map(({ cpu }) => cpu)).size).toBe(4)
    expect(shortest).toHaveLength(10)
    for (const cpu of [0, 1, 2, 3]) expect(explore(without(protectUnprotect, cpu), design).losing).toBe(0)
  })

  test('copies nothing on shared memory, and loses nothing', () => {
    expect(losers(sharedMemory)).toEqual([])
  })
})

describe('soft-dirty', () => {
  test('loses a store while clear_refs lets faults in', () => {
    expect(losers(clearSoftDirty)).toEqual(['deferred', 'deferred-keeps-write'])
  })

  test('is not helped by the flush in the faults of watched mappings', () => {
    const half = { ...flushDeferredFixed, clearRefsLock: 'read' as const }
    expect(explore(clearSoftDirty, designOf(half)).losing).toBeGreaterThan(0)
  })
})

describe('faults that are put into the steps are found', () => {
  test('a flush that comes after the copy is no fix, one before it is', () => {
    for (const race of [unprotectOnly, protectUnprotect]) {
      expect(explore(race, designOf(flushDeferred), flushingOnce('framesAllocated')).losing).toBe(0)
      expect(explore(race, designOf(flushDeferred), flushingOnce('pagesCopied')).losing).toBeGreaterThan(0)
    }
  }, 120_000)

  test('a protection that never flushes misses events', () => {
    const actions: Actions = {
      ...ACTIONS,
      *writeprotect(world, cpu, operation) {
        const { kernel } = world.composed
        const perform = kernel.performFlushes
        kernel.performFlushes = () => {}
        yield* ACTIONS.writeprotect(world, cpu, operation)
        kernel.performFlushes = perform
      },
    }
    for (const tlb of [flushBatched, flushDeferredFixed]) {
      expect(explore(without(protectUnprotect, 1), designOf(tlb)).unseen).toBe(0)
      const { unseen, shortest } = explore(without(protectUnprotect, 1), designOf(tlb), actions)
      expect(unseen).toBeGreaterThan(0)
      expect(shortest?.at(-1)).toMatchObject({ does: 'stores to p through its TLB' })
    }
  })
})

test('presets lose what their releases lost', () => {
  expect(explore(unprotectOnly, linux57)).toMatchObject({ losing: 0 })
  expect(explore(unprotectOnly, { ...linux57, tlb: flushDeferred }).losing).toBeGreaterThan(0)
  for (const race of [unprotectOnly, protectUnprotect]) expect(explore(race, linux618).losing).toBe(0)
})

test('a design that cannot do what the race needs says so', () => {
  expect(() => explore(clearSoftDirty, linux57)).toThrow('it has no soft-dirty bits')
  expect(() => explore(sharedMemory, linux57)).toThrow(/^it refuses /)
})

test('no event is missed, whatever the policy', () => {
  for (const race of races.filter(({ name }) => name !== 'clear-soft-dirty')) {
    for (const tlb of [flushDeferred, flushDeferredKeepsWrite]) expect(explore(race, designOf(tlb)).unseen).toBe(0)
  }
}, 120_000)
