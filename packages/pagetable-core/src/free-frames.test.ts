import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FreeFrames } from './free-frames.ts'

/** Frames of several chunks and of one word alike. */
const pfn = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 200_000 }))
const step = fc.oneof(
  pfn.map((put) => ({ put, nr: 1 })),
  fc.record({ put: pfn, nr: fc.integer({ min: 1, max: 100 }) }),
  fc.constant({ put: 0, nr: 0 }),
)

test('the lowest free frame is taken, and each once', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const free = new FreeFrames()
      const oracle = new Set<number>()
      for (const { put, nr } of steps) {
        if (put !== 0) {
          if (nr === 1) free.put(put)
          else free.putRun(put, nr)
          for (let i = 0; i < nr; i++) oracle.add(put + i)
        } else {
          const lowest = oracle.size === 0 ? 0 : Math.min(...oracle)
          expect(free.take()).toBe(lowest)
          oracle.delete(lowest)
        }
      }
      for (const lowest of [...oracle].sort((a, b) => a - b)) expect(free.take()).toBe(lowest)
      expect(free.take()).toBe(0)
    }),
  )
})
