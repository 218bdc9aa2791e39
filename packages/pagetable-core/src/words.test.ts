import {
  FRAME_ANON,
  FRAME_EXCLUSIVE,
  PAGE_ACCESSED,
  PAGE_DIRTY,
  PAGE_PRESENT,
  PAGE_PROTNONE,
  PAGE_PSE,
  PAGE_RW,
  PAGE_SOFT_DIRTY,
  PAGE_UFFD_WP,
  PAGE_USER,
  VM_EXEC,
  VM_READ,
  VM_SHARED,
  VM_SOFTDIRTY,
  VM_UFFD_WP,
  VM_WRITE,
} from '@faultline/mm-types'
import { describe, expect, test } from 'vitest'
import { vmaOf } from '../test/vma.ts'
import { pmdNumber, pteIndex } from './address.ts'
import { createMachine } from './machine.ts'
import { entryTable, isHugeLeaf, mkPteLo, needsSoftDirtyWp, pointsToTable, pteHi, pteLo, ptePfn } from './pte.ts'
import { ALWAYS_WRITABLE, mayWrite, NEVER_WRITABLE, writeRule } from './write-rule.ts'

test.each([0, 511, 512, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 513, 2 ** 35 + 1023])('page %i: its index, its 2 MiB region', (vpn) => {
  expect([pteIndex(vpn), pmdNumber(vpn)]).toEqual([vpn % 512, Math.floor(vpn / 512)])
})

describe('a present entry', () => {
  test('is accessed and of the user; software that makes it dirty makes it soft-dirty', () => {
    expect(pteLo(3, 0)).toBe(0x3000 | PAGE_PRESENT | PAGE_USER | PAGE_ACCESSED)
    expect(pteLo(3, PAGE_RW)).toBe(pteLo(3, 0) | PAGE_RW)
    expect(pteLo(3, PAGE_DIRTY)).toBe(pteLo(3, 0) | PAGE_DIRTY | PAGE_SOFT_DIRTY)
  })

  test('may be executed with VM_EXEC only', () => {
    expect([pteHi(5 << 20, VM_EXEC), pteHi(5 << 20, VM_READ)]).toEqual([5, 5 | -0x80000000])
    expect(mkPteLo(9, PAGE_RW, 0)).toBe((pteLo(9, PAGE_RW) & ~PAGE_PRESENT) | PAGE_PROTNONE)
  })

  test.each([
    [PAGE_PRESENT, false, true],
    [PAGE_PRESENT | PAGE_PSE, true, false],
    [PAGE_PROTNONE | PAGE_PSE, true, false],
    [PAGE_PROTNONE, false, false],
    [PAGE_PSE, false, false],
    [0, false, false],
  ])('%i is a huge leaf: %s, points to a table: %s', (lo, leaf, table) => {
    expect([isHugeLeaf(lo), pointsToTable(lo)]).toEqual([leaf, table])
  })

  test('names a frame or a table, of any number', () => {
    for (const number of [1, 2 ** 20 - 1, 2 ** 20, 2 ** 30 + 7]) {
      const [lo, hi] = [(number << 12) | 0xfff, number >>> 20]
      expect([entryTable(lo, hi), ptePfn(lo, hi | -0x80000000)]).toEqual([number, number])
    }
  })
})

test.each([
  { kernel: true, vma: 0, entry: 0, kept: true },
  { kernel: false, vma: 0, entry: 0, kept: false },
  { kernel: true, vma: VM_SOFTDIRTY, entry: 0, kept: false },
  { kernel: true, vma: 0, entry: PAGE_SOFT_DIRTY, kept: false },
])('soft-dirty tracking keeps an entry read-only: %j', ({ kernel, vma, entry, kept }) => {
  expect(needsSoftDirtyWp(vmaOf({ flags: vma }, { softDirty: kernel }), entry)).toBe(kept)
})

/** An entry of a page that is exclusive and anonymous, or has fewer flags. */
function may(flags: number, lo: number, frame: number, more: { backend?: 'anon' | 'shmem' | 'hugetlb'; softDirty?: boolean } = {}) {
  const { frames } = createMachine()
  const pfn = frames.alloc(0)
  frames.setFlags(pfn, frame)
  const vma = vmaOf({ flags, backend: more.backend ?? 'anon' }, { softDirty: more.softDirty === true })
  return mayWrite(writeRule(vma), frames, pteLo(pfn, lo), pteHi(pfn, flags))
}

const OWN = FRAME_ANON | FRAME_EXCLUSIVE

describe('an entry may become writable', () => {
  test.each([
    ['private, its own page', VM_WRITE, 0, OWN, {}, true],
    ['private, somebody else’s too', VM_WRITE, 0, FRAME_ANON, {}, false],
    ['private, a page of the file', VM_WRITE, 0, FRAME_EXCLUSIVE, {}, false],
    ['no right to write', 0, 0, OWN, {}, false],
    ['private, watched', VM_WRITE | VM_UFFD_WP, 0, OWN, {}, true],
    ['private, protected', VM_WRITE | VM_UFFD_WP, PAGE_UFFD_WP, OWN, {}, false],
    ['shared', VM_WRITE | VM_SHARED, 0, 0, {}, true],
    ['shared, watched, clean', VM_WRITE | VM_SHARED | VM_UFFD_WP, 0, 0, {}, false],
    ['shared, watched, dirty', VM_WRITE | VM_SHARED | VM_UFFD_WP, PAGE_DIRTY, 0, {}, true],
    ['shared, protected, dirty', VM_WRITE | VM_SHARED | VM_UFFD_WP, PAGE_DIRTY | PAGE_UFFD_WP, 0, {}, false],
    ['tracked by soft-dirty, clean', VM_WRITE, 0, OWN, { softDirty: true }, false],
    ['tracked by soft-dirty, soft-dirty', VM_WRITE, PAGE_SOFT_DIRTY, OWN, { softDirty: true }, true],
    ['soft-dirty as a whole', VM_WRITE | VM_SOFTDIRTY, 0, OWN, { softDirty: true }, true],
    ['private hugetlb', VM_WRITE, 0, OWN, { backend: 'hugetlb' }, false],
    ['shared hugetlb', VM_WRITE | VM_SHARED, 0, 0, { backend: 'hugetlb' }, true],
    ['shared hugetlb, watched', VM_WRITE | VM_SHARED | VM_UFFD_WP, PAGE_DIRTY, 0, { backend: 'hugetlb' }, false],
  ] as const)('%s', (_what, flags, lo, frame, more, expected) => {
    expect(may(flags, lo, frame, more)).toBe(expected)
  })

  test('always, never, by the rules that say so', () => {
    const { frames } = createMachine()
    for (const lo of [0, 1, -1])
      expect([ALWAYS_WRITABLE, NEVER_WRITABLE].map((rule) => mayWrite(rule, frames, lo, 0))).toEqual([true, false])
  })
})
