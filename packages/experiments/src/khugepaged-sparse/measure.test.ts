import { blindCollapse, linux618, neverCollapse, oldRetraction, perVmaCollapse } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import { expect, test } from 'vitest'
import { type Measured, measure } from './measure.ts'

const RANGES = 6
const BLOCKS = { name: 'blocks of 2 MiB', pages: 512, unplugged: false }
const ANON = { name: 'anon', memory: 'anon', passesOther: false } as const
const SHMEM = { name: 'shmem', memory: 'shmem', passesOther: false } as const

const found = (design: Design, place: typeof ANON | typeof SHMEM): Measured =>
  measure({ design, place, ranges: RANGES, pattern: BLOCKS, blocks: 2, startsHuge: false }, 7)

test.each([
  [neverCollapse, 0, 0],
  [perVmaCollapse, 0, 0],
  [linux618, RANGES - 2, 0],
  [oldRetraction, RANGES - 2, 0],
  [blindCollapse, RANGES, 2],
])('anonymous memory: $name', (design, huge, lost) => {
  expect(found(design, ANON)).toMatchObject({ free: RANGES - 2, hugeAfter: huge, written: 2, lost, spurious: 0, otherAfter: null })
})

test.each([
  [neverCollapse, 0, 0, 0],
  [perVmaCollapse, 0, 0, 0],
  [linux618, 0, RANGES, 0],
  [oldRetraction, RANGES, RANGES, 2],
  [blindCollapse, RANGES, RANGES, 2],
])('shared memory, a pass over the watched mapping alone: $name', (design, huge, other, lost) => {
  expect(found(design, SHMEM)).toMatchObject({ hugeAfter: huge, otherAfter: other, written: 2, lost, spurious: 0 })
})

test('the same seed finds the same', () => {
  expect(found(linux618, SHMEM)).toEqual(found(linux618, SHMEM))
})
