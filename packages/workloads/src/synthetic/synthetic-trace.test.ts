import { MADV_DONTNEED } from '@faultline/mm-types'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PGT_EVENT, PGT_WRITE, type Pgtrace } from '../trace/pgtrace.ts'
import type { SyntheticStep, TouchOrder } from './program.ts'
import { syntheticTrace } from './synthetic-trace.ts'

const START = 0x100000

function make(steps: readonly SyntheticStep[], seed = 1): Pgtrace {
  return syntheticTrace({ name: 'test', seed, steps })
}

/** Pages accessed, from START. */
function pagesOf(trace: Pgtrace): number[] {
  return Array.from(trace.pages)
    .filter((_, i) => trace.ops[i] !== PGT_EVENT)
    .map((page) => page - START)
}

describe('events', () => {
  test('come in order, with what a layout reads of them', () => {
    const at = { start: START, pages: 8 }
    const trace = make([
      { do: 'map', ...at },
      { do: 'touch', ...at, count: 1 },
      { do: 'protect', ...at, writable: false },
      { do: 'advise', ...at, advice: MADV_DONTNEED },
      { do: 'remap', ...at, to: 0x200000 },
      { do: 'fork' },
      { do: 'epoch' },
      { do: 'fork' },
      { do: 'unmap', start: 0x200000, pages: 8 },
      { do: 'brk', from: 0x300000, to: 0x300010 },
    ])
    expect(trace.events.map((event) => [event.at, event.kind])).toEqual([
      [0, 'mmap'],
      [2, 'mprotect'],
      [3, 'madvise'],
      [4, 'mremap'],
      [5, 'fork'],
      [6, 'epoch'],
      [7, 'fork'],
      [8, 'munmap'],
      [9, 'brk'],
    ])
    expect(trace.events[0]).toMatchObject({ start: START, nrPages: 8, prot: 3, fd: -1 })
    expect(trace.events[3]).toMatchObject({ newStart: 0x200000, newNrPages: 8 })
    expect(trace.events[6]).toMatchObject({ kind: 'fork', index: 1 })
  })

  test('outside the address space are refused by name', () => {
    expect(() => make([{ do: 'map', start: 2 ** 36 - 1, pages: 2 }])).toThrow(/ends past page 2\^36/)
    expect(() => make([{ do: 'touch', start: START, pages: 0 }])).toThrow(RangeError)
  })
})

describe('orders', () => {
  const touch = (order: TouchOrder, more: object = {}): SyntheticStep => ({ do: 'touch', start: START, pages: 6, order, ...more })

  test.each<[TouchOrder, object, number[]]>([
    ['sequential', {}, [0, 1, 2, 3, 4, 5]],
    ['sequential', { offset: 4, count: 4 }, [4, 5, 0, 1]],
    ['strided', { stride: 2 }, [0, 2, 4, 1, 3, 5]],
    ['strided', { stride: 4, count: 3 }, [0, 4, 1]],
    ['sequential', { grain: 2 }, [0, 2, 4]],
    ['strided', { grain: 2, stride: 2 }, [0, 4, 2]],
  ])('%s %o', (order, more, expected) => {
    expect(pagesOf(make([touch(order, more)]))).toEqual(expected)
  })

  test('shuffled comes to each page once, and not in order', () => {
    const pages = pagesOf(make([{ do: 'touch', start: START, pages: 100, order: 'shuffled' }]))
    expect(pages).not.toEqual([...pages].sort((a, b) => a - b))
    expect(new Set(pages).size).toBe(100)
  })

  test('zipf comes to few pages often: with a skew of 1 over 1000 pages, the first takes 1 of 7.5', () => {
    const pages = pagesOf(make([{ do: 'touch', start: START, pages: 1000, count: 20_000, order: 'zipf', skew: 1 }]))
    const counts = new Map<number, number>()
    for (const page of pages) counts.set(page, (counts.get(page) ?? 0) + 1)
    const sorted = [...counts.values()].sort((a, b) => b - a)
    expect(sorted[0] / 20_000).toBeCloseTo(1 / 7.485, 1)
    expect(sorted[0] / sorted[1]).toBeGreaterThan(1.7)
  })

  test('all stay in their range, number as many as asked for, and depend on the seed alone', () => {
    const orders: TouchOrder[] = ['sequential', 'strided', 'shuffled', 'random', 'zipf']
    fc.assert(
      fc.property(fc.constantFrom(...orders), fc.nat(60), fc.nat(90), fc.nat(70), fc.nat(1e9), (order, more, count, offset, seed) => {
        const pages = more + 1
        const step: SyntheticStep = { do: 'touch', start: START, pages, count, order, offset, stride: 1 + (seed % 7) }
        const found = pagesOf(make([step], seed))
        expect(found).toHaveLength(order === 'shuffled' ? Math.min(count, pages) : count)
        for (const page of found) expect(page).toSatisfy((n: number) => n >= 0 && n < pages)
        expect(pagesOf(make([step], seed))).toEqual(found)
      }),
    )
  })

  test('stores are the share asked for', () => {
    const trace = make([{ do: 'touch', start: START, pages: 10_000, order: 'random', writes: 0.25 }])
    expect(trace.ops.filter((op) => op === PGT_WRITE).length / 10_000).toBeCloseTo(0.25, 1)
  })
})
