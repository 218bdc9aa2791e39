import { ModelSession } from '@faultline/mm'
import {
  type CollapseLimits,
  type Design,
  EINVAL,
  FRAME_FLAGS,
  FRAME_INDEX,
  FRAME_MAPPING,
  FRAME_STAMP,
  PAGE_RW,
} from '@faultline/mm-types'
import { ptePfn } from '@faultline/pagetable-core'
import { createKhugepaged } from '@faultline/policy-khugepaged'
import { instantiate, type Outcome, parseProgram, place } from '@faultline/program'
import { describe, expect, test } from 'vitest'
import { recount } from '../test/recount.ts'
import { composeKernel, linux618, type ModelSettings } from './index.ts'

interface Setting {
  readonly limits?: CollapseLimits
  readonly settings?: ModelSettings
  readonly design?: Design
}

/** A session that can be looked into, whose counts must be right after every operation. */
class Machine {
  readonly session: ModelSession
  constructor({ limits, settings, design = linux618 }: Setting = {}) {
    const composed = composeKernel(design, settings)
    this.session = new ModelSession('test', limits ? { ...composed, khugepaged: createKhugepaged(limits) } : composed)
  }

  /** Performs lines of a program. @returns the last outcome */
  do(text: string): Outcome {
    const outcomes = instantiate(parseProgram(`faultline-program 1\n${text}\n`)).steps.map(({ operation }) =>
      this.session.perform(operation),
    )
    expect(recount(this.session.composed.kernel, [...this.session.bindings.files.values()])).toEqual([])
    return outcomes[outcomes.length - 1]!
  }

  /** What an operation adds to the counters. */
  cost(text: string): Record<string, number> {
    const before = { ...this.session.counters() }
    this.do(text)
    const after: Readonly<Record<string, number>> = this.session.counters()
    return Object.fromEntries(Object.keys(after).map((name) => [name, after[name]! - (before[name as keyof typeof before] ?? 0)]))
  }

  get mm() {
    return this.session.bindings.process('main')
  }

  /** Words of a frame's record that belong to a page, whatever frame it is in. */
  page(pfn: number, ...fields: number[]): number[] {
    return fields.map((field) => this.session.composed.kernel.machine.frames.field(pfn, field))
  }

  /** Frames of 512 pages from `vpn` on: those of its ptes, 0 where there is none. */
  small(vpn: number): number[] {
    const { tables } = this.session.composed.kernel.machine
    const table = tables.pteTable(this.mm.pgd, vpn)
    const at = tables.base(table)
    return Array.from({ length: 512 }, (_, i) => ptePfn(tables.lo(table)[at + i]!, tables.hi(table)[at + i]!))
  }
}

const VPN = 8 * 512
const stamps = (region: string, pages: readonly number[]) => pages.map((page) => `write ${region}+${page} ${page + 1000}`).join('\n')
const values = (machine: Machine, region: string, pages: readonly number[]) =>
  pages.map((page) => machine.session.perform({ op: 'read', at: place(region, page) }).value)
const ALL: readonly number[] = Array.from({ length: 512 }, (_, i) => i)

describe('anonymous memory', () => {
  const setup = `mmap A 1024 anon rw vpn=${VPN - 256}`
  const pages = ALL.map((page) => page + 256)

  test('each page keeps its contents, its place in the mapping and its owner', () => {
    const machine = new Machine()
    // With a page of its own the huge page does not end where a chunk of the frame table does: there is a record behind it.
    machine.do(`${setup}\nmmap Z 1 anon rw\nwrite Z 1\n${stamps('A', pages)}`)
    const places = machine.small(VPN).map((pfn) => machine.page(pfn, FRAME_INDEX, FRAME_MAPPING, FRAME_STAMP))
    const cost = machine.cost('madvise A+256 512 collapse')
    expect(cost).toMatchObject({ collapses: 1, pagesCopied: 512, swapIns: 0, tablesAllocated: 0 })
    expect(cost.ptes).toBeGreaterThanOrEqual(1024)
    const head = machine.mm.hugePfn(VPN)
    expect(ALL.map((i) => machine.page(head + i, FRAME_INDEX, FRAME_MAPPING, FRAME_STAMP))).toEqual(places)
    // Nothing behind the huge page was written.
    expect(machine.page(head + 512, FRAME_FLAGS, FRAME_INDEX)).toEqual([0, 0])
    expect(machine.mm.hugeLeaf(VPN) & PAGE_RW).toBe(PAGE_RW)
    expect(values(machine, 'A', pages)).toEqual(pages.map((page) => page + 1000))
    machine.do('exit')
    expect(machine.session.composed.kernel.machine.frames.nrUsed()).toBe(0)
  })

  test('a zero page, a hole and a swapped page find their place', () => {
    const machine = new Machine()
    machine.do(`${setup}\n${stamps('A', pages.slice(2))}\nread A+256\nmadvise A+300 3 pageout`)
    expect(machine.cost('madvise A+256 512 collapse')).toMatchObject({ collapses: 1, pagesCopied: 507, swapIns: 3 })
    expect(values(machine, 'A', pages)).toEqual([0, 0, ...pages.slice(2).map((page) => page + 1000)])
    expect(machine.session.composed.kernel.machine.swap.nrUsed()).toBe(0)
  })

  test('a page in the swap cache is taken from there, and leaves it with the last reference', () => {
    const machine = new Machine()
    machine.do(
      `${setup}\n${stamps('A', pages)}\nfork child\nmadvise A+256 512 pageout\nchild: madvise A+256 512 pageout\nchild: read A+260`,
    )
    machine.do('child: exit')
    expect(machine.do('madvise A+256 512 collapse').errno).toBe(0)
    expect(values(machine, 'A', pages)).toEqual(pages.map((page) => page + 1000))
    expect(machine.session.composed.kernel.machine.swap.nrUsed()).toBe(0)
    machine.do('exit')
    expect(machine.session.composed.kernel.machine.frames.nrUsed()).toBe(0)
  })

  test('where no huge page is to be had, nothing has happened', () => {
    const machine = new Machine({ settings: { limits: { frames: 1538 } } })
    machine.do(`${setup}\n${stamps('A', pages)}\nwrite A 1\nwrite A+1 1`)
    expect(machine.do('madvise A+256 512 collapse').errno).not.toBe(0)
    expect(machine.session.counters().collapses).toBe(0)
    expect(values(machine, 'A', pages)).toEqual(pages.map((page) => page + 1000))
  })

  test('a mapping that may not be written gets a page that may not', () => {
    const machine = new Machine()
    machine.do(`${setup}\n${stamps('A', pages)}\nmprotect A 0 1024 r\nmadvise A+256 512 collapse`)
    expect(machine.mm.hugeLeaf(VPN) & PAGE_RW).toBe(0)
  })

  test('a guard stops the swap-in where it stands', () => {
    const machine = new Machine()
    machine.do(`${setup}\n${stamps('A', pages)}\nmadvise A+266 1 pageout\nmadvise A+466 1 pageout\nmadvise A+356 1 guard_install`)
    expect(machine.cost('madvise A+256 512 collapse')).toMatchObject({ collapses: 0, swapIns: 1 })
    expect(values(machine, 'A', [266, 466, 267])).toEqual([1266, 1466, 1267])
  })
})

describe('which ranges', () => {
  const three = (more = '') => {
    const machine = new Machine()
    machine.do(`uffd u features=wp_unpopulated\nmmap A 1536 anon rw vpn=${VPN}\nmadvise A 0 1536 populate_write\n${more}`)
    return machine
  }
  const collapsed = (machine: Machine) => [0, 512, 1024].map((at) => machine.mm.hugeLeaf(VPN + at) !== 0)

  test('an armed page costs its own range, and the others are merged', () => {
    const machine = three('register u A 0 1536 mode=wp\nwriteprotect u A 600 1 mode=wp')
    expect(machine.do('madvise A 0 1536 collapse').errno).toBe(EINVAL)
    expect(collapsed(machine)).toEqual([true, false, true])
    expect(machine.session.counters().collapses).toBe(2)
  })

  test('a page that is missing while watched ends the pass', () => {
    const machine = three('register u A 0 1536 mode=wp\nmadvise A+600 1 dontneed')
    expect(machine.do('madvise A 0 1536 collapse').errno).not.toBe(0)
    expect(collapsed(machine)).toEqual([true, false, false])
  })

  test('a range that is huge already, and one without a table, are passed over', () => {
    const machine = three('madvise A+512 512 collapse\nmunmap A 0 512\n')
    expect(machine.do('madvise A+512 1024 collapse').errno).toBe(0)
    expect(collapsed(machine)).toEqual([false, true, true])
    expect(machine.session.counters().collapses).toBe(2)
  })

  test.each([
    ['inside one huge page', 'madvise A+10 500 collapse', false],
    ['up to where its first huge page would begin', 'madvise A+10 502 collapse', true],
    ['of one huge page and some more', 'madvise A+10 1020 collapse', true],
  ])('%s', (_, text, succeeds) => {
    const machine = three()
    expect(machine.do(text).errno === 0).toBe(succeeds)
    expect(collapsed(machine)).toEqual([false, text.includes('1020'), false])
  })

  test.each([
    ['no huge pages wanted', 'mmap A 512 anon rw vpn=4096\nmadvise A 0 512 populate_write\nmadvise A 0 512 nohugepage'],
    ['hugetlb', 'mmap A 512 hugetlb rw'],
    ['no room for an aligned huge page', 'mmap A 1022 anon rw vpn=4097\nmadvise A 0 1022 populate_write'],
    ['never written', 'mmap A 512 anon rw vpn=4096\nread A'],
    ['a file that lies askew', 'file F 1024\nmmap A 513 shmem rw file=F pgoff=1 vpn=4096\nmadvise A 0 513 populate_write'],
  ])('none: %s', (_, text) => {
    const machine = new Machine()
    machine.do(text)
    const last = machine.do('madvise A 0 512 collapse')
    expect(last.errno).not.toBe(0)
    expect(machine.session.counters().collapses).toBe(0)
  })
})

describe('limits of a pass of khugepaged', () => {
  const limits: CollapseLimits = { maxPtesNone: 3, maxPtesSwap: 2, maxPtesShared: 1 }
  const anon = 'mmap A 512 anon rw vpn=4096\nmadvise A 0 512 populate_write'
  const file = 'file F 512\nmmap A 512 shmem rw file=F vpn=4096\nmadvise A+3 509 populate_write'

  test.each([
    ['pages in swap', anon, 'madvise A 0 2 pageout', 'madvise A+2 1 pageout'],
    ['pages in swap, of a file', file, 'madvise A+3 2 pageout\nread A\nread A+1\nread A+2', 'madvise A+5 1 pageout'],
    ['pages that are not there', anon, 'madvise A 0 3 dontneed', 'madvise A+3 1 dontneed'],
    ['pages that are not there, of a file', file, 'status', 'fallocate F 3 1 punch'],
  ])('%s', (_, setup, within, beyond) => {
    const first = new Machine({ limits })
    expect(first.do(`${setup}\n${within}`).errno).toBe(0)
    first.do('khugepaged A 0 512')
    expect(first.session.counters().collapses).toBe(1)
    const second = new Machine({ limits })
    second.do(`${setup}\n${within}\n${beyond}\nkhugepaged A 0 512`)
    expect(second.session.counters().collapses).toBe(0)
    expect(second.do('madvise A 0 512 collapse').errno).toBe(0)
  })
})

describe('files', () => {
  const setup = `file F 1536
mmap A 1536 shmem rw file=F vpn=${VPN}
mmap B 1024 shmem rw file=F pgoff=512 vpn=${VPN + 4096}
mmap ASKEW 512 shmem rw file=F pgoff=512 vpn=${VPN + 8192 + 1}
mmap PART 300 shmem rw file=F pgoff=512 vpn=${VPN + 12288}
mmap OFF 512 shmem rw file=F pgoff=1024 vpn=${VPN + 16384}`

  test('the cache gets one huge page, every mapping sees what it saw, and tables that may go are gone', () => {
    const machine = new Machine()
    const pages = ALL.map((page) => page + 512)
    machine.do(`${setup}\n${stamps('A', pages.slice(2))}`)
    for (const region of ['B', 'ASKEW', 'PART', 'OFF']) machine.do(`madvise ${region} 0 300 populate_read`)
    machine.do('madvise A+700 2 pageout')
    const before = machine.session.tableBytes('main')
    expect(machine.cost('madvise A+512 512 collapse')).toMatchObject({ collapses: 1, pagesCopied: 512 })
    // Those of A, B; ASKEW and PART keep theirs, OFF shows another part of the file.
    expect(before - machine.session.tableBytes('main')).toBe(2 * 4096)
    const inode = machine.session.bindings.file('F')
    const head = inode.pages.get(512)!
    expect(ALL.map((i) => inode.pages.get(512 + i))).toEqual(ALL.map((i) => head + i))
    expect(ALL.map((i) => machine.page(head + i, FRAME_INDEX, FRAME_MAPPING))).toEqual(ALL.map((i) => [512 + i, inode.id]))
    expect(machine.page(head + 512, FRAME_FLAGS, FRAME_INDEX)).toEqual([0, 0])
    const contents = [0, 0, ...pages.slice(2).map((page) => page + 1000)]
    expect(values(machine, 'A', pages)).toEqual(contents)
    expect(values(machine, 'B', ALL)).toEqual(contents)
    expect(values(machine, 'ASKEW', ALL)).toEqual(contents)
    expect(values(machine, 'PART', ALL.slice(0, 300))).toEqual(contents.slice(0, 300))
    machine.do('exit\nftruncate F 0')
    expect(machine.session.composed.kernel.machine.frames.nrUsed()).toBe(0)
  })

  test('a pass of khugepaged leaves the mapping to the next fault', () => {
    const machine = new Machine()
    machine.do(`file F 512\nmmap A 512 shmem rw file=F vpn=${VPN}\nmadvise A 0 512 populate_write\nkhugepaged A 0 512`)
    expect([machine.session.counters().collapses, machine.mm.hugeLeaf(VPN)]).toEqual([1, 0])
  })

  test.each([
    ['shared, writable', 'mmap A 512 shmem rw file=F', true],
    ['shared, read-only', 'mmap A 512 shmem r file=F', false],
    ['private', 'mmap A 512 shmem-private rw file=F', false],
  ])('what MADV_COLLAPSE maps: %s', (_, text, writable) => {
    const machine = new Machine()
    machine.do(`file F 512\nmmap W 512 shmem rw file=F\nmadvise W 0 512 populate_write\n${text} vpn=${VPN}\nmadvise A 0 512 populate_read`)
    expect(machine.do('madvise A 0 512 collapse').errno).toBe(0)
    expect(machine.mm.hugeLeaf(VPN)).not.toBe(0)
    expect((machine.mm.hugeLeaf(VPN) & PAGE_RW) !== 0).toBe(writable)
  })

  test.each([
    ['a copy of its own', 'write P+5 1'],
    ['a copy of its own in swap', 'write P+5 1\nmadvise P+5 1 pageout'],
  ])('a private mapping with %s keeps its ptes', (_, text) => {
    const machine = new Machine()
    machine.do(
      `file F 512\nmmap W 512 shmem rw file=F\nmadvise W 0 512 populate_write\nmmap P 512 shmem-private rw file=F vpn=${VPN}\n${text}`,
    )
    machine.do('madvise W 0 512 collapse')
    expect(machine.do('madvise P 0 512 collapse').errno).not.toBe(0)
    expect(machine.mm.hugeLeaf(VPN)).toBe(0)
    expect(values(machine, 'P', [5, 6])).toEqual([1, 0])
  })

  test('nothing in the file, nothing to merge', () => {
    const machine = new Machine()
    machine.do(`file F 512\nmmap A 512 shmem rw file=F vpn=${VPN}`)
    expect(machine.do('madvise A 0 512 collapse').errno).not.toBe(0)
  })

  test('where no huge page is to be had, the pages stay', () => {
    const machine = new Machine({ settings: { limits: { frames: 1538 } } })
    machine.do(`file F 512\nmmap A 512 shmem rw file=F vpn=${VPN}\n${stamps('A', ALL)}\nmmap B 2 anon rw\nwrite B 1\nwrite B+1 1`)
    expect(machine.do('madvise A 0 512 collapse').errno).not.toBe(0)
    expect(values(machine, 'A', ALL)).toEqual(ALL.map((page) => page + 1000))
  })
})
