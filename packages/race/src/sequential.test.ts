import { composeKernel, tlbPolicies } from '@faultline/designs'
import { type AddressSpace, access, ModelSession } from '@faultline/mm'
import type { Design } from '@faultline/mm-types'
import { ptePfn } from '@faultline/pagetable-core'
import { expect, test } from 'vitest'
import { compileRace } from './compile.ts'
import { designOf, startRace } from './explore.ts'
import type { Race } from './race.ts'
import { races } from './races.ts'

/** What is left of the page, and what it took. */
function endOf(mm: AddressSpace, vpn: number): unknown {
  const { tables, frames, counters } = mm.machine
  const table = tables.pteTable(mm.pgd, vpn)
  const at = tables.base(table) + (vpn & 511)
  const lo = tables.lo(table)[at]
  const pfn = ptePfn(lo, tables.hi(table)[at])
  const { faults, faultsCow, faultsWp, faultsSpurious, pagesCopied, tlbFlushes, messages, framesAllocated, ptes } = counters
  return {
    bits: lo & 0xfff,
    stamp: frames.stamp(pfn),
    mapcount: frames.mapcount(pfn),
    references: frames.field(pfn, 0),
    used: frames.nrUsed(),
    tlbs: mm.kernel.tlbs.map((tlb) => {
      const entry = tlb.find(mm.id, vpn)
      return entry < 0 ? null : [tlb.pfns[entry] === pfn, tlb.rights[entry]]
    }),
    counts: { faults, faultsCow, faultsWp, faultsSpurious, pagesCopied, tlbFlushes, messages, framesAllocated, ptes },
  }
}

/** Each CPU's program as a whole, one after the other, by the paths that know no steps. */
function unstepped(race: Race, design: Design, order: readonly number[]): unknown {
  const { setup, programs } = compileRace(race)
  const composed = composeKernel(design, { cpus: programs.length })
  const session = new ModelSession(design.name, composed)
  for (const operation of setup) session.perform(operation)
  const mm = session.mm({})
  const vpn = session.bindings.address({ region: 'A', page: 0, byte: 0 }) / 4096
  const { frames } = composed.kernel.machine
  const table = composed.kernel.machine.tables.pteTable(mm.pgd, vpn)
  const at = composed.kernel.machine.tables.base(table) + (vpn & 511)
  const frame = () => ptePfn(composed.kernel.machine.tables.lo(table)[at], composed.kernel.machine.tables.hi(table)[at])
  const store = (cpu: number, word: number) =>
    access(mm, vpn, true, { cpu, thread: `cpu${cpu}`, user: true, stays: true, byte: 0, stamp: frames.stamp(frame()) | word })
  if (race.isHeld) frames.get(frame())
  race.cpus.forEach(({ hasEntry }, cpu) => void (hasEntry && store(cpu, 0)))
  for (const cpu of order) {
    for (const operation of programs[cpu]) {
      if (operation.op === 'write') store(cpu, operation.value)
      else session.perform(operation)
    }
  }
  return endOf(mm, vpn)
}

/** The same in steps, no CPU before the one ahead of it has ended or waits. */
function stepped(race: Race, design: Design, order: readonly number[]): unknown {
  const run = startRace(race, design)
  for (const cpu of order) while (run.enabled().includes(cpu)) run.take(cpu)
  return endOf(run.world.mm, run.world.vpn)
}

function orders(cpus: readonly number[]): number[][] {
  if (cpus.length === 0) return [[]]
  return cpus.flatMap((cpu) => orders(cpus.filter((other) => other !== cpu)).map((rest) => [cpu, ...rest]))
}

test.each(races)('one CPU after the other, the steps of $name do what the calls and faults do at once', (race) => {
  for (const order of orders(race.cpus.map((_, cpu) => cpu))) {
    for (const tlb of tlbPolicies) {
      const design = designOf(tlb)
      expect(stepped(race, design, order), `${tlb.name}, ${order}`).toEqual(unstepped(race, design, order))
    }
  }
})
