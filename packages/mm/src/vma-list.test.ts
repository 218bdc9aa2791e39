import {
  type Backends,
  type CallSupport,
  type Design,
  ENOMEM,
  PROT_READ,
  PROT_WRITE,
  type TlbPolicy,
  VM_NOHUGEPAGE,
  VM_READ,
  VM_WRITE,
} from '@faultline/mm-types'
import { createMachine } from '@faultline/pagetable-core'
import { noMarker } from '@faultline/swap-entry'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mmap as mmapCall, munmap as munmapCall } from './calls/mmap.ts'
import { mprotect } from './calls/mprotect.ts'
import { SimulatedKernel } from './kernel.ts'
import type { AddressSpace } from './objects.ts'

const PAGES = 24
const BASE = 2 ** 31 - 12 // in the middle of the window vpns leave the small integers of shifts
const RIGHTS = VM_READ | VM_WRITE

/** An address space in which nothing is ever touched: no backend is asked. */
function emptySpace(): AddressSpace {
  const tlb = { flushes: 'before-unlock' } as TlbPolicy
  const calls = { mergeKeepsSoftDirty: true, mprotectUnaccounts: true } as CallSupport
  const design = { name: 'test', encoding: noMarker, tlb, calls } as Partial<Design> as Design
  return new SimulatedKernel({ machine: createMachine(), design, backends: { anon: {}, hugetlb: {} } as Backends }).newMm()
}

/** Runs a call that has no reason to wait. */
function finish(call: Generator<unknown, number, void>): number {
  const { done, value } = call.next()
  if (!done) throw new Error('the call waits')
  return value
}

const mmap = (...request: Parameters<typeof mmapCall>) => finish(mmapCall(...request))
const munmap = (...range: Parameters<typeof munmapCall>) => finish(munmapCall(...range))
const anon = (start: number, pages: number, prot: number) => ({
  start: BASE + start,
  pages,
  prot,
  shared: false,
  file: null,
  pgoff: 0,
  noreserve: false,
})

/** Vmas as [first page, end, rights], the form in which the oracle gives them. */
function shape(mm: AddressSpace): number[][] {
  return mm.vmas.all().map((vma) => [vma.start - BASE, vma.end - BASE, vma.flags & RIGHTS])
}

/** Maximal runs of equal pages; -1 is unmapped. */
function runs(pages: readonly number[]): number[][] {
  const found: number[][] = []
  pages.forEach((rights, page) => {
    const last = found.at(-1)
    if (rights < 0) return
    if (last !== undefined && last[1] === page && last[2] === rights) last[1]++
    else found.push([page, page + 1, rights])
  })
  return found
}

test('vmas are the maximal runs of equal pages after any mmaps, munmaps and mprotects', () => {
  const call = fc.record({
    kind: fc.constantFrom('mmap', 'munmap', 'mprotect'),
    start: fc.nat(PAGES - 1),
    length: fc.integer({ min: 1, max: 9 }),
    prot: fc.constantFrom(0, PROT_READ, PROT_READ | PROT_WRITE),
  })
  fc.assert(
    fc.property(fc.array(call, { maxLength: 40 }), (calls) => {
      const mm = emptySpace()
      const oracle: number[] = Array(PAGES).fill(-1)
      for (const { kind, start, length, prot } of calls) {
        const end = Math.min(PAGES, start + length)
        if (kind === 'mmap') {
          mmap(mm, anon(start, end - start, prot))
          oracle.fill(prot, start, end)
        } else if (kind === 'munmap') {
          munmap(mm, BASE + start, BASE + end)
          oracle.fill(-1, start, end)
        } else {
          const hole = oracle.findIndex((rights, page) => page >= start && page < end && rights < 0)
          expect(mprotect(mm, BASE + start, BASE + end, prot)).toBe(hole < 0 ? 0 : -ENOMEM)
          oracle.fill(prot, start, hole < 0 ? end : hole)
        }
        expect(shape(mm)).toEqual(runs(oracle))
        for (let page = 0; page < PAGES; page++) expect(rights(mm, page)).toBe(oracle[page])
      }
    }),
    { seed: 20210115, numRuns: 80 },
  )
})

/** Rights of a page as `findVma` tells them, -1 where nothing is mapped. */
function rights(mm: AddressSpace, page: number): number {
  const vma = mm.findVma(BASE + page)
  return vma === undefined ? -1 : vma.flags & RIGHTS
}

describe('splitting and merging', () => {
  test('a part with other flags is split off, and merges back when they are equal again', () => {
    const mm = emptySpace()
    mmap(mm, anon(0, 8, PROT_READ))
    const [vma] = mm.vmas.all()
    mm.modifyVma(vma, BASE + 2, BASE + 4, vma.flags | VM_NOHUGEPAGE, null)
    expect(shape(mm).map(([start, end]) => [start, end])).toEqual([
      [0, 2],
      [2, 4],
      [4, 8],
    ])
    expect(mm.vmas.all().map(({ pgoff }) => pgoff - BASE)).toEqual([0, 2, 4])
    const middle = mm.vmas.all()[1]
    mm.modifyVma(middle, BASE + 2, BASE + 4, middle.flags & ~VM_NOHUGEPAGE, null)
    expect(shape(mm)).toEqual([[0, 8, VM_READ]])
  })

  test('different userfaultfds keep vmas apart', () => {
    const mm = emptySpace()
    mmap(mm, anon(0, 4, PROT_READ))
    const flags = mm.vmas.all()[0].flags
    mm.modifyVma(mm.vmas.all()[0], BASE, BASE + 2, flags, { id: 1, features: 0 })
    expect(mm.vmas.size).toBe(2)
    mm.modifyVma(mm.vmas.all()[0], BASE, BASE + 2, flags, null)
    expect(mm.vmas.size).toBe(1)
  })

  test('a file’s vmas merge when they are neighbours in the file too, and are known to the file', () => {
    const mm = emptySpace()
    const file = mm.kernel.newInode('shmem', 8, 12)
    const map = (start: number, pgoff: number) =>
      mmap(mm, { start: BASE + start, pages: 2, prot: PROT_READ, shared: true, file, pgoff, noreserve: false })
    map(0, 0)
    map(2, 2)
    expect(mm.vmas.size).toBe(1)
    map(4, 6)
    expect(mm.vmas.size).toBe(2)
    expect(file.vmas).toEqual(new Set(mm.vmas.all()))
    munmap(mm, BASE + 1, BASE + 5)
    expect(mm.vmas.all().map(({ start, pgoff }) => [start - BASE, pgoff])).toEqual([
      [0, 0],
      [5, 7],
    ])
    expect(file.vmas).toEqual(new Set(mm.vmas.all()))
  })

  test('hugetlb vmas stay apart, and are not cut inside a huge page', () => {
    const mm = emptySpace()
    const file = mm.kernel.newInode('hugetlb', 4, 21)
    const start = 2 ** 31
    mmap(mm, { start, pages: 2048, prot: PROT_READ, shared: true, file, pgoff: 0, noreserve: false })
    mprotect(mm, start + 512, start + 1024, PROT_READ | PROT_WRITE)
    mprotect(mm, start + 512, start + 1024, PROT_READ)
    expect(mm.vmas.size).toBe(3)
    expect(munmap(mm, start + 100, start + 512)).toBeLessThan(0)
    expect(mm.vmas.size).toBe(3)
  })
})
