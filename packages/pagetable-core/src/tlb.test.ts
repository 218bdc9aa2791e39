import { PAGE_PROTNONE, VM_EXEC, VM_READ } from '@faultline/mm-types'
import { describe, expect, test } from 'vitest'
import { ChunkStock } from './chunk-stock.ts'
import { countSteps, MachineCounters } from './counters.ts'
import { createMachine } from './machine.ts'
import { isHugeLeaf, mkPteLo, pteHi, pteLo, ptePfn } from './pte.ts'
import { TLB_WRITE, Tlb } from './tlb.ts'

describe('a TLB', () => {
  test('translates what was inserted, for that address space and page', () => {
    const tlb = new Tlb()
    tlb.insert(3, 2 ** 33 + 5, 77, TLB_WRITE)
    const found = tlb.find(3, 2 ** 33 + 5)
    expect([tlb.pfns[found], tlb.rights[found]]).toEqual([77, TLB_WRITE])
    expect([tlb.find(4, 2 ** 33 + 5), tlb.find(3, 2 ** 33 + 6), tlb.find(3, 5)]).toEqual([-1, -1, -1])
  })

  test('forgets a page, and no other', () => {
    const tlb = new Tlb()
    tlb.insert(0, 10, 1, 0)
    tlb.insert(0, 11, 2, 0)
    tlb.flushPage(0, 10)
    tlb.flushPage(1, 11)
    expect(tlb.find(0, 10)).toBe(-1)
    expect(tlb.find(0, 11)).toBeGreaterThanOrEqual(0)
  })

  test('forgets an address space at once, and no other', () => {
    const tlb = new Tlb()
    tlb.insert(0, 10, 1, 0)
    tlb.insert(1, 11, 2, 0)
    tlb.flushMm(0)
    expect(tlb.find(0, 10)).toBe(-1)
    expect(tlb.find(1, 11)).toBeGreaterThanOrEqual(0)
    tlb.insert(0, 10, 5, 0)
    expect(tlb.pfns[tlb.find(0, 10)]).toBe(5)
  })

  test('a page that takes the entry of another is not flushed in its stead', () => {
    const tlb = new Tlb()
    tlb.insert(0, 10, 1, 0)
    tlb.insert(0, 10 + 1024, 2, 0)
    expect(tlb.find(0, 10)).toBe(-1)
    tlb.flushPage(0, 10)
    expect(tlb.pfns[tlb.find(0, 10 + 1024)]).toBe(2)
  })

  test('what one address space had is not found by one that was never seen, or was flushed as often', () => {
    const tlb = new Tlb()
    for (let mm = 0; mm < 8; mm++) {
      tlb.insert(mm, 100 + mm, mm, 0)
      for (let other = 0; other < 12; other++) {
        if (other !== mm) expect(tlb.find(other, 100 + mm)).toBe(-1)
      }
      for (let times = 0; times < mm; times++) tlb.flushMm(7 - mm)
    }
    tlb.insert(20, 1, 1, 0)
    tlb.insert(11, 2, 2, 0)
    expect([tlb.find(11, 1), tlb.find(20, 2), tlb.find(12, 1), tlb.find(12, 2)]).toEqual([-1, -1, -1, -1])
  })

  test('forgets every page that it is told to, the first ones too', () => {
    const tlb = new Tlb()
    for (const vpn of [0, 1, 2, 1023, 1024]) {
      tlb.insert(0, vpn, 7, 0)
      tlb.flushPage(0, vpn)
      for (const page of [0, 1, 2, 1023, 1024]) expect(tlb.find(0, page)).toBe(-1)
    }
  })

  test('finds nothing that it has forgotten, however often address spaces are flushed', () => {
    const tlb = new Tlb()
    tlb.insert(1, 5, 71, 0)
    for (let times = 0; times < 2 ** 18; times++) {
      tlb.insert(0, 7, times, 0)
      tlb.flushMm(0)
      if (tlb.find(0, 7) >= 0 || tlb.find(2, 5) >= 0) throw new Error(`found after ${times} flushes`)
      const other = tlb.find(1, 5)
      if (other < 0) tlb.insert(1, 5, 71, 0)
      else if (tlb.pfns[other] !== 71) throw new Error(`another frame after ${times} flushes`)
    }
  })

  test('gives its words back, and the next one finds nothing in them', () => {
    const stock = new ChunkStock()
    const tlb = new Tlb(stock)
    tlb.insert(0, 5, 77, TLB_WRITE)
    tlb.release()
    const next = new Tlb(stock)
    expect(next.pfns.buffer).toBe(tlb.pfns.buffer)
    expect([next.find(0, 5), next.pfns.every((pfn) => pfn === 0)]).toEqual([-1, true])
  })

  test('keeps 1024 pages, each by itself', () => {
    const tlb = new Tlb()
    for (let vpn = 0; vpn < 1024; vpn++) tlb.insert(0, vpn, vpn + 7, 0)
    for (let vpn = 0; vpn < 1024; vpn++) expect(tlb.pfns[tlb.find(0, vpn)]).toBe(vpn + 7)
  })
})

test('steps are the sum of what costs a kernel something', () => {
  const counters = new MachineCounters()
  expect(countSteps(counters)).toBe(0)
  const stepping = [
    'ptes',
    'tablesAllocated',
    'tablesFreed',
    'framesAllocated',
    'pagesCopied',
    'faults',
    'messages',
    'tlbFlushes',
    'swapOuts',
    'swapIns',
    'collapses',
    'splits',
    'calls',
    'vmaSplits',
    'vmaMerges',
    'signals',
  ] as const
  stepping.forEach((name, i) => void (counters[name] = 2 ** i))
  expect(countSteps(counters)).toBe(2 ** stepping.length - 1)
  Object.assign(counters, { tlbHits: 999, faultsWp: 999, tlbFlushedPages: 999 })
  expect(countSteps(counters)).toBe(2 ** stepping.length - 1)
})

test.each([1, 1024, 2 ** 20 - 1, 2 ** 20, 2 ** 31 - 1])('an entry gives back frame %i', (pfn) => {
  for (const flags of [VM_READ, VM_READ | VM_EXEC]) expect(ptePfn(pteLo(pfn, 0), pteHi(pfn, flags))).toBe(pfn)
})

test('no access right, nothing for the hardware to see', () => {
  expect(mkPteLo(9, 0, VM_READ)).toBe(pteLo(9, 0))
  expect(mkPteLo(9, 0, 0) & 0x101).toBe(PAGE_PROTNONE)
  expect(ptePfn(mkPteLo(9, 0, 0), pteHi(9, 0))).toBe(9)
  expect([isHugeLeaf(pteLo(512, 0x80)), isHugeLeaf(pteLo(512, 0)), isHugeLeaf(0x80)]).toEqual([true, false, false])
})

test('limits of a machine reach its parts', () => {
  const machine = createMachine({ tables: 1, frames: 1025, swapSlots: 2 })
  expect([machine.tables.alloc(0), machine.tables.alloc(0)]).toEqual([1, 0])
  expect([machine.frames.alloc(0), machine.frames.alloc(0)]).toEqual([1024, 0])
  expect([machine.swap.alloc(0), machine.swap.alloc(0)]).toEqual([1, 0])
})
