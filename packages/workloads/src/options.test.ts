import { expect, test } from 'vitest'
import { COMMON_OPTIONS, completeOptions, type DirtyTrackingOptions } from './options.ts'

test('options left out take their defaults', () => {
  const options = completeOptions<DirtyTrackingOptions & Record<string, unknown>>(COMMON_OPTIONS, { memory: 'shmem', reclaim: 0 })
  expect(options.memory).toBe('shmem')
  expect(options.reclaim).toBe(0)
  for (const spec of COMMON_OPTIONS) if (spec.name !== 'reclaim') expect(options[spec.name]).toBe(spec.default)
})

test.each([
  [{ memory: 'disk' }, 'there is no memory type "disk"; expected one of anon, shmem, shmem-private, hugetlb, hugetlb-private'],
  [{ reclam: 1 }, 'there is no option "reclam"; expected one of memory, seed, epochMarks, reclaim, unmap, khugepaged'],
  [{ reclaim: 2 }, 'option reclaim is 2; expected a number from 0 to 1 (share of resident pages reclaimed in an epoch (not hugetlb))'],
  [{ epochMarks: 1.5 }, 'option epochMarks is 1.5; expected an integer from 1 to'],
  [{ seed: Number.NaN }, 'option seed is NaN; expected an integer from 0 to'],
])('%o is refused', (given, message) => {
  expect(() => completeOptions(COMMON_OPTIONS, given)).toThrow(message)
})
