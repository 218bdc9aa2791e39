import { describe, expect, test } from 'vitest'
import { PageShadow, WHERE_ABSENT, WHERE_COLLAPSED, WHERE_RESIDENT, WHERE_SWAPPED, WHERE_UNMAPPED } from './shadow.ts'

describe('content', () => {
  test('a load must see the last store, and 0 before any', () => {
    const shadow = new PageShadow(1)
    expect(shadow.load(5, 0)).toBe(true)
    shadow.store(5, 11)
    shadow.store(5, 12)
    expect([shadow.load(5, 11), shadow.load(5, 12), shadow.load(6, 0)]).toEqual([false, true, true])
  })

  test('cleared pages read as 0, moved ones keep what they hold', () => {
    const shadow = new PageShadow(1)
    shadow.store(10, 1)
    shadow.store(11, 2)
    shadow.move(10, 2, 5000)
    expect([shadow.stamp(10), shadow.stamp(5000), shadow.stamp(5001)]).toEqual([0, 1, 2])
    shadow.clear(5000, 1)
    expect([shadow.stamp(5000), shadow.stamp(5001)]).toEqual([0, 2])
  })

  test('a frozen copy does not follow later stores', () => {
    const shadow = new PageShadow(1)
    shadow.store(1, 7)
    const frozen = shadow.freeze()
    shadow.store(1, 8)
    expect([frozen.stamp(1), shadow.stamp(1)]).toEqual([7, 8])
  })
})

describe('residency', () => {
  test('untouched pages go nowhere; touched ones come back when touched', () => {
    const shadow = new PageShadow(1)
    shadow.store(1, 1)
    shadow.send(0, 3, WHERE_SWAPPED)
    expect([shadow.where(0), shadow.where(1)]).toEqual([WHERE_ABSENT, WHERE_SWAPPED])
    shadow.load(1, 1)
    expect(shadow.where(1)).toBe(WHERE_RESIDENT)
  })

  test('collapse does not change which pages count as resident', () => {
    const shadow = new PageShadow(1)
    for (const vpn of [2, 4, 6]) shadow.store(vpn, vpn)
    shadow.send(4, 1, WHERE_UNMAPPED)
    const before: number[] = []
    const after: number[] = []
    shadow.resident([{ start: 0, end: 512 }], before)
    shadow.collapse(0, 512)
    shadow.resident([{ start: 0, end: 512 }], after)
    expect(after).toEqual(before)
    expect(after).toEqual([2, 6])
    expect(shadow.where(2)).toBe(WHERE_RESIDENT | WHERE_COLLAPSED)
  })

  test('a huge page is one, its contents are many', () => {
    const shadow = new PageShadow(512)
    shadow.store(512 + 3, 9)
    const resident: number[] = []
    shadow.resident([{ start: 0, end: 2048 }], resident)
    expect(resident).toEqual([512])
    expect([shadow.stamp(512), shadow.stamp(515)]).toEqual([0, 9])
    expect(shadow.where(700)).toBe(WHERE_RESIDENT)
  })
})
