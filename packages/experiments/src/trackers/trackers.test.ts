import { linux618, linux618Sync, mprotectSigsegv, softDirty } from '@faultline/designs'
import type { WorkloadResult } from '@faultline/workloads'
import { describe, expect, test } from 'vitest'
import { COMPARED, track } from './compared.ts'
import { MEASURED, measure } from './dirty-rates.ts'
import { DISTURBANCES, disturbedProgram } from './disturbances.ts'

function disturbed(name: string, memory: 'anon' | 'shmem' | 'hugetlb', design = softDirty): WorkloadResult {
  const disturbance = DISTURBANCES.find((each) => each.name === name)
  if (disturbance === undefined) throw new Error(`no disturbance ${name}`)
  const { result } = track(design, disturbedProgram(disturbance, memory, 1), { ...disturbance.options, memory, seed: 1 })
  if ('unsupported' in result) throw new Error(result.unsupported)
  return result
}

describe('disturbances', () => {
  test.each([
    ['nothing', 'anon', { lost: 0, spurious: 0 }],
    ['fork', 'anon', { lost: 0, spurious: 0 }],
    ['mremap moves whole tables', 'anon', { lost: 0, spurious: 0 }],
    ['mremap grows it', 'shmem', { lost: 0, spurious: 0 }],
  ] as const)('%s leaves soft-dirty exact on %s', (name, memory, expected) => {
    expect(disturbed(name, memory)).toMatchObject(expected)
  })

  test.each([
    ['a mapping beside it', 'anon'],
    ['brk grows it', 'shmem'],
    ['mremap moves it by odd pages', 'anon'],
  ] as const)('%s makes soft-dirty report what nobody wrote of %s, and userfaultfd and mprotect not', (name, memory) => {
    const { lost, spurious, pagesWritten } = disturbed(name, memory)
    expect(lost).toBe(0)
    expect(spurious).toBeGreaterThan(pagesWritten)
    for (const design of [linux618, linux618Sync, mprotectSigsegv])
      expect(disturbed(name, memory, design)).toMatchObject({ lost: 0, spurious: 0 })
  })

  test('a zap of shared memory, and hugetlb as such, lose soft-dirty', () => {
    expect(disturbed('MADV_DONTNEED of a quarter', 'shmem').lost).toBeGreaterThan(0)
    expect(disturbed('nothing', 'hugetlb').lost).toBeGreaterThan(0)
    expect(disturbed('MADV_DONTNEED of a quarter', 'anon').lost).toBe(0)
  })
})

describe('costs of an epoch', () => {
  const run = measure('anon', 1000, 10, 'scattered', 1)
  const cost = (label: string) => run.costs[COMPARED.findIndex((each) => each.label === label)]

  test('are those of the pages written in it, and no part of filling the heap', () => {
    expect(cost('mprotect')?.counters).toMatchObject({ signals: 100, faults: 100, messages: 0 })
    expect(cost('uffd sync')?.counters).toMatchObject({ signals: 0, messages: 100 })
    expect(cost('soft-dirty')?.counters).toMatchObject({ faults: 100, calls: 2, tlbFlushes: 1 })
    expect(run.costs.every((each) => each?.lost === 0 && each.spurious === 0)).toBe(true)
  })

  test('the walks of soft-dirty come to every entry twice, and each of its faults reads one and writes it', () => {
    expect(cost('soft-dirty')?.counters.ptes).toBe(2 * 1000 + 2 * 100)
  })

  test('are averages over the measured epochs', () => {
    expect(MEASURED).toBeGreaterThan(1)
    expect(cost('mprotect')?.counters.vmaSplits).toBe(cost('mprotect')?.counters.vmaMerges)
  })
})
