import {
  FRAME_ANON,
  FRAME_ENTIRE,
  FRAME_EXCLUSIVE,
  FRAME_HUGETLB,
  FRAME_INDEX,
  FRAME_MAP,
  FRAME_MAPPING,
  FRAME_ORDER_MASK,
  FRAME_ORDER_SHIFT,
  FRAME_SWAPBACKED,
  type Mm,
  type Vma,
} from '@faultline/mm-types'
import { expect, test } from 'vitest'
import { anonVma, vmaOf } from '../test/vma.ts'
import { newAnonPage } from './anon-page.ts'
import { createMachine } from './machine.ts'

const FLAGS = ~(FRAME_ORDER_MASK << FRAME_ORDER_SHIFT)

function addressSpace(limit?: number) {
  const prepared: Vma[] = []
  const machine = createMachine(limit === undefined ? {} : { frames: limit })
  const prepareAnonVma = (vma: Vma): void => {
    prepared.push(vma)
    vma.anonVma = anonVma(77)
  }
  return { mm: { machine, prepareAnonVma } as unknown as Mm, frames: machine.frames, prepared }
}

test('a small page is mapped once by a pte, goes to swap, and knows its place', () => {
  const { mm, frames, prepared } = addressSpace()
  const vma = vmaOf({ pgoff: 5000 })
  const pfn = newAnonPage(mm, vma, 1003, 0)
  expect(frames.flags(pfn)).toBe(FRAME_ANON | FRAME_EXCLUSIVE | FRAME_SWAPBACKED)
  expect([FRAME_MAP, FRAME_ENTIRE, FRAME_MAPPING, FRAME_INDEX].map((field) => frames.field(pfn, field))).toEqual([1, 0, 77, 5003])
  expect(prepared).toEqual([vma])
  newAnonPage(mm, vma, 1004, 0)
  expect([prepared.length, frames.hugetlbInUse(0)]).toEqual([1, 0])
})

test.each([9, 18])('a hugetlb page of order %i is mapped once as a whole, stays in memory, and is counted as in use', (order) => {
  const { mm, frames } = addressSpace()
  const pfn = newAnonPage(mm, vmaOf({ anonVma: anonVma(3) }), 1512, order)
  expect(frames.flags(pfn) & FLAGS).toBe(FRAME_ANON | FRAME_EXCLUSIVE | FRAME_HUGETLB)
  expect([FRAME_MAP, FRAME_ENTIRE, FRAME_MAPPING, FRAME_INDEX].map((field) => frames.field(pfn, field))).toEqual([0, 1, 3, 1512])
  expect([frames.hugetlbInUse(order), frames.hugetlbInUse(27 - order)]).toEqual([1, 0])
})

test('no frame left: 0, and the zero page is as it was', () => {
  const { mm, frames } = addressSpace(1024)
  const before = Array.from({ length: 16 }, (_, field) => frames.field(0, field))
  expect([newAnonPage(mm, vmaOf(), 1000, 0), newAnonPage(mm, vmaOf(), 1000, 9)]).toEqual([0, 0])
  expect(Array.from({ length: 16 }, (_, field) => frames.field(0, field))).toEqual(before)
  expect(frames.hugetlbInUse(9)).toBe(0)
})
