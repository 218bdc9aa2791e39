import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ChunkStock } from './chunk-stock.ts'
import { noRefusal } from './limits.ts'
import { SwapArea } from './swap-area.ts'

describe('slots', () => {
  test('what a full area refuses is written down', () => {
    const refusal = noRefusal()
    const swap = new SwapArea(3, undefined, refusal)
    swap.alloc(1)
    swap.alloc(2)
    expect(refusal).toEqual(noRefusal())
    expect(swap.alloc(3)).toBe(0)
    expect(refusal).toEqual({ what: 'swap slots', asked: 1, inUse: 2, limit: 2 })
    expect(swap.nrUsed()).toBe(2)
  })

  test('buffers of a machine that is closed serve the next, as if they were new', () => {
    const stock = new ChunkStock()
    const swap = new SwapArea(undefined, stock)
    const chunk = swap.chunk(swap.alloc(7))
    swap.alloc(8)
    swap.free(1)
    swap.release()
    const next = new SwapArea(undefined, stock)
    expect([next.alloc(0), next.alloc(0), next.alloc(0)]).toEqual([1, 2, 3])
    expect(next.chunk(1)).toBe(chunk)
    expect([next.stamp(2), next.cached(2)]).toEqual([0, 0])
  })

  test('the header is never handed out, and a full area answers 0', () => {
    const swap = new SwapArea(3)
    expect([swap.alloc(10), swap.alloc(20), swap.alloc(30)]).toEqual([1, 2, 0])
    expect([swap.stamp(1), swap.stamp(2)]).toEqual([10, 20])
    swap.free(1)
    expect(swap.alloc(40)).toBe(1)
    expect(swap.stamp(1)).toBe(40)
  })

  test('a slot is free with its last reference', () => {
    const swap = new SwapArea()
    const slot = swap.alloc(1)
    swap.dup(slot)
    swap.free(slot)
    expect([swap.count(slot), swap.nrUsed()]).toEqual([1, 1])
    swap.free(slot)
    expect([swap.count(slot), swap.nrUsed()]).toEqual([0, 0])
    expect(() => swap.free(slot)).toThrow(`swap slot ${slot}: freed more often than it was taken`)
  })

  test('the swap cache keeps a slot whose entries are gone', () => {
    const swap = new SwapArea()
    const slot = swap.alloc(1)
    swap.setCached(slot, 5000)
    swap.free(slot)
    expect([swap.nrUsed(), swap.cached(slot)]).toEqual([1, 5000])
    expect(swap.alloc(2)).not.toBe(slot)
    swap.setCached(slot, 0)
    expect(swap.nrUsed()).toBe(1)
    expect(swap.alloc(3)).toBe(slot)
  })

  test('a slot that only the cache keeps may be cached anew', () => {
    const swap = new SwapArea()
    const slot = swap.alloc(1)
    swap.setCached(slot, 5000)
    swap.free(slot)
    swap.setCached(slot, 6000)
    expect([swap.nrUsed(), swap.cached(slot), swap.alloc(2) === slot]).toEqual([1, 6000, false])
  })

  test('slots come back newest first, and their neighbours keep what they hold', () => {
    const swap = new SwapArea()
    const slots = Array.from({ length: 6 }, (_, i) => swap.alloc(10 + i))
    for (const i of [1, 3, 4]) swap.free(slots[i])
    expect([0, 2, 5].map((i) => [swap.stamp(slots[i]), swap.count(slots[i]), swap.cached(slots[i])])).toEqual([
      [10, 1, 0],
      [12, 1, 0],
      [15, 1, 0],
    ])
    expect([swap.alloc(0), swap.alloc(0), swap.alloc(0), swap.alloc(0)]).toEqual([slots[4], slots[3], slots[1], slots[5] + 1])
  })

  test('contents may be written', () => {
    const swap = new SwapArea()
    const [slot, other] = [swap.alloc(1), swap.alloc(2)]
    swap.setStamp(slot, 9)
    expect([swap.stamp(slot), swap.stamp(other)]).toEqual([9, 2])
  })

  test('contents stay, and stay where they are, when the area grows', () => {
    const swap = new SwapArea()
    const first = swap.chunk(swap.alloc(0))
    const slots = Array.from({ length: 5000 }, (_, i) => swap.alloc(i))
    expect(swap.chunk(1)).toBe(first)
    swap.free(1)
    expect(slots.every((slot, i) => swap.stamp(slot) === i && swap.count(slot) === 1)).toBe(true)
    expect(swap.nrUsed()).toBe(5000)
  })
})

test('slots in use equal those with references or a cached page, for any order of calls', () => {
  const step = fc.record({ call: fc.constantFrom('alloc', 'dup', 'free', 'cache'), which: fc.nat() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const swap = new SwapArea(40)
      const counts = new Map<number, number>()
      const cached = new Set<number>()
      for (const { call, which } of steps) {
        const live = [...counts].filter(([, count]) => count > 0).map(([slot]) => slot)
        if (call === 'alloc' || live.length === 0) {
          const slot = swap.alloc(0)
          if (slot === 0) continue
          expect(counts.get(slot) ?? 0).toBe(0)
          expect(cached.has(slot)).toBe(false)
          counts.set(slot, 1)
          continue
        }
        const slot = live[which % live.length]
        const count = counts.get(slot) as number
        if (call === 'dup') {
          swap.dup(slot)
          counts.set(slot, count + 1)
        } else if (call === 'free') {
          swap.free(slot)
          counts.set(slot, count - 1)
        } else {
          const drop = cached.delete(slot)
          if (!drop) cached.add(slot)
          swap.setCached(slot, drop ? 0 : 77)
        }
      }
      for (const [slot, count] of counts) expect(swap.count(slot)).toBe(count)
      expect(swap.nrUsed()).toBe([...counts].filter(([slot, count]) => count > 0 || cached.has(slot)).length)
    }),
    { seed: 20210115, numRuns: 80 },
  )
})
