/**
 * Laws of collapse policies.
 * @module
 */
import { linux618 } from '@faultline/designs'
import {
  type CollapsePolicy,
  type CollapseScan,
  FRAME_MAP,
  type Frames,
  PAGE_UFFD_WP,
  PTE_MARKER_GUARD,
  PTE_MARKER_POISONED,
  SCAN_NEVER,
  SCAN_SUCCEED,
  SWP_UFFD_WP,
  VM_READ,
  VM_UFFD_MISSING,
  VM_UFFD_WP,
  VM_WRITE,
} from '@faultline/mm-types'
import { createMachine, pteHi, pteLo } from '@faultline/pagetable-core'
import { pteMarker, specialPte, swapType1, swpPteHi, swpPteLo } from '@faultline/swap-entry'
import { Random } from '../../fuzz/random.ts'
import { holdAllocatesNothing, unobservable } from '../allocation.ts'
import { type Case, hold } from '../case.ts'
import { holdNothingLeft, holdProgram, interfaceCase } from '../model.ts'

const ENCODINGS = [pteMarker, specialPte, swapType1]
const LIMITS = { maxPtesNone: 100, maxPtesSwap: 10, maxPtesShared: 10 }
const PLAIN = VM_READ | VM_WRITE
/** A policy may want to see a range several times before it merges it. */
const PASSES = 8
const TABLE = 512
/** Calls of a loop over 512 entries, to see whether they allocate. */
const SCANS = 1000

const WATCHED = [
  'uffd u features=wp_unpopulated,wp_hugetlbfs_shmem',
  'mmap A 512 anon rw',
  'madvise A 0 512 populate_write',
  'write A+7 5',
  'write A+9 6',
  'register u A 0 512 mode=wp',
]
const PASS = Array<string>(PASSES).fill('khugepaged A 0 512')

/** What a collapse policy must do. */
export function collapseCases(make: () => CollapsePolicy): readonly Case[] {
  const design = () => ({ ...linux618, name: make().name, collapse: make() })
  return [
    interfaceCase(make, 'collapse'),
    { name: 'read-only', law: 'a scan changes neither entries nor pages', run: () => readOnly(make()) },
    { name: 'own-table', law: 'a scan answers the same whatever lies beside its 512 entries', run: () => ownTable(make) },
    { name: 'answers', law: 'a scan answers a SCAN_* code', run: () => answers(make()) },
    {
      name: 'armed-pages',
      law: 'where a mapping is watched for writes, nothing armed is merged: page, swap entry or marker',
      run: () => armedPages(make),
    },
    {
      name: 'missing-pages',
      law: 'where a mapping is watched for missing pages, none of them is filled by a merge',
      run: () => missingPages(make),
    },
    { name: 'markers', law: 'guards and poison are never merged, not even by MADV_COLLAPSE', run: () => guards(make) },
    {
      name: 'limits',
      law: 'more empty, swapped or shared pages than the limits allow are not merged by khugepaged',
      run: () => limits(make),
    },
    {
      name: 'keeps-tables',
      law: 'tables of mappings watched for writes are kept: they may hold the only record of a protection',
      run() {
        for (const flags of [VM_UFFD_WP, PLAIN | VM_UFFD_WP, VM_UFFD_WP | VM_UFFD_MISSING])
          hold(!make().retracts(flags), `retracts(0x${flags.toString(16)}) gives the table away`)
      },
    },
    { name: 'no-allocation', law: 'a scan allocates nothing', notFor: unobservable(), run: () => allocatesNothing(make()) },
    {
      name: 'protection-stays',
      law: 'what was protected before khugepaged came is protected after it',
      run: () =>
        holdProgram(design(), [...WATCHED, 'writeprotect u A 7 1 mode=wp', ...PASS, 'write A+7 1 => blocked', 'write A+9 1 => ok']),
    },
    {
      name: 'protection-of-files',
      law: 'a collapse of a file by one mapping keeps the markers of another',
      run: () =>
        holdProgram(
          design(),
          [
            'uffd u features=wp_unpopulated,wp_hugetlbfs_shmem',
            'file F 512',
            'mmap A 512 shmem rw file=F',
            'mmap B 512 shmem rw file=F',
            'register u A 0 512 mode=wp',
            'writeprotect u A 0 512 mode=wp',
            'madvise B 0 512 populate_write',
            ...PASS.map((line) => line.replace('A', 'B')),
            'write A+3 1 => blocked',
          ],
          'shmem',
        ),
    },
    {
      name: 'contents',
      law: 'a merge changes no contents',
      run: () =>
        holdProgram(design(), [
          ...WATCHED.filter((line) => !line.startsWith('register')),
          ...PASS,
          'read A+7 => value 5',
          'read A+9 => value 6',
          'read A+8 => value 0',
        ]),
    },
    {
      name: 'nothing-left',
      law: 'nothing is in use when all processes have ended',
      run: () => holdNothingLeft(design(), ['anon', 'shmem']),
    },
  ]
}

/** 512 pages of their own, as the second of three tables. */
function table() {
  const { frames } = createMachine({ frames: 4096 })
  const [lo, hi] = [new Int32Array(3 * TABLE), new Int32Array(3 * TABLE)]
  for (let at = TABLE; at < 2 * TABLE; at++) {
    const pfn = frames.alloc(0)
    frames.setField(pfn, FRAME_MAP, 1)
    lo[at] = pteLo(pfn, 0)
    hi[at] = pteHi(pfn, 0)
  }
  return { lo, hi, frames }
}

type Table = ReturnType<typeof table>

const scanOf = (frames: Frames, more: Partial<CollapseScan> = {}): CollapseScan => ({
  limits: LIMITS,
  vmFlags: PLAIN,
  encoding: pteMarker,
  frames,
  forced: false,
  ...more,
})

/** Whether a fresh policy merges a range in one of several passes. */
function merges(make: () => CollapsePolicy, { lo, hi, frames }: Table, more: Partial<CollapseScan>): boolean {
  const policy = make()
  const scan = scanOf(frames, more)
  if (!policy.vmaAllows(scan.vmFlags)) return false
  for (let pass = 0; pass < PASSES; pass++) if (policy.scanPmd(lo, hi, TABLE, scan) === SCAN_SUCCEED) return true
  return false
}

function changed(change: (table: Table) => void): Table {
  const made = table()
  change(made)
  return made
}

function set({ lo, hi }: Table, nr: number, word: number, high: number): void {
  lo.fill(word, TABLE, TABLE + nr)
  hi.fill(high, TABLE, TABLE + nr)
}

function readOnly(policy: CollapsePolicy): void {
  const { lo, hi, frames } = table()
  lo[TABLE + 3] |= PAGE_UFFD_WP
  const first = lo[TABLE]! >>> 12
  const before = [lo.slice(), hi.slice(), frames.chunk(first).slice()]
  for (const vmFlags of [PLAIN, PLAIN | VM_UFFD_WP]) policy.scanPmd(lo, hi, TABLE, scanOf(frames, { vmFlags }))
  const after = [lo, hi, frames.chunk(first)]
  hold(
    after.every((words, i) => words.every((word, at) => word === before[i]![at])),
    'scanPmd wrote an entry or the record of a page',
  )
}

function ownTable(make: () => CollapsePolicy): void {
  const random = new Random(3)
  const one = table()
  const other = { ...one, lo: one.lo.slice(), hi: one.hi.slice() }
  for (const at of [...Array(TABLE).keys(), ...Array(TABLE).keys()].map((i, n) => (n < TABLE ? i : i + 2 * TABLE))) {
    other.lo[at] = random.pick([pteMarker.wpLo, swpPteLo(0, 9), one.lo[TABLE]! | PAGE_UFFD_WP])
    other.hi[at] = random.pick([pteMarker.wpHi, swpPteHi(0, 9)])
  }
  for (const vmFlags of [PLAIN, PLAIN | VM_UFFD_WP]) {
    const [alone, beside] = [merges(make, one, { vmFlags }), merges(make, other, { vmFlags })]
    hold(
      alone === beside,
      `with nothing beside it the range ${alone ? 'is' : 'is not'} merged, with armed entries beside it it ${beside ? 'is' : 'is not'}`,
    )
  }
}

function answers(policy: CollapsePolicy): void {
  const full = table()
  for (const made of [full, changed((t) => set(t, 512, 0, 0)), changed((t) => set(t, 512, swpPteLo(0, 9), swpPteHi(0, 9)))]) {
    const code = policy.scanPmd(made.lo, made.hi, TABLE, scanOf(made.frames))
    hold(Number.isInteger(code) && code >= 0 && code <= SCAN_NEVER, `scanPmd answered ${code}, which is no SCAN_* code`)
  }
}

function armedPages(make: () => CollapsePolicy): void {
  for (const encoding of ENCODINGS) {
    for (const at of [TABLE, TABLE + 100, 2 * TABLE - 1]) {
      const one = (lo: number, hi: number) =>
        changed((t) => {
          t.lo[at] = lo
          t.hi[at] = hi
        })
      const armed = {
        page: changed((t) => (t.lo[at] |= PAGE_UFFD_WP)),
        'swap entry': one(swpPteLo(0, 9) | SWP_UFFD_WP, swpPteHi(0, 9)),
        marker: one(encoding.wpLo, encoding.wpHi),
      }
      for (const forced of [false, true])
        for (const [what, made] of Object.entries(armed))
          hold(
            !merges(make, made, { encoding, forced, vmFlags: PLAIN | VM_UFFD_WP }),
            `an armed ${what} (entry ${at - TABLE}, encoding ${encoding.name}${forced ? ', MADV_COLLAPSE' : ''}) is merged`,
          )
    }
  }
}

function missingPages(make: () => CollapsePolicy): void {
  const made = changed((t) => set(t, 1, 0, 0))
  for (const vmFlags of [PLAIN | VM_UFFD_MISSING, PLAIN | VM_UFFD_MISSING | VM_UFFD_WP])
    hold(!merges(make, made, { vmFlags }), `a range with one missing page is merged in a vma with the flags 0x${vmFlags.toString(16)}`)
}

function guards(make: () => CollapsePolicy): void {
  for (const [what, bits] of [
    ['guard', PTE_MARKER_GUARD],
    ['poison', PTE_MARKER_POISONED],
  ] as const) {
    const made = changed((t) => set(t, 1, pteMarker.markerLo(bits), pteMarker.markerHi(bits)))
    for (const forced of [false, true])
      hold(!merges(make, made, { forced }), `a ${what} marker is merged${forced ? ' by MADV_COLLAPSE' : ''}`)
  }
}

function limits(make: () => CollapsePolicy): void {
  const shared = (t: Table, nr: number) => {
    for (let at = TABLE; at < TABLE + nr; at++) t.frames.setField(t.lo[at]! >>> 12, FRAME_MAP, 2)
  }
  const over = {
    'empty pages': changed((t) => set(t, LIMITS.maxPtesNone + 1, 0, 0)),
    'swapped pages': changed((t) => set(t, LIMITS.maxPtesSwap + 1, swpPteLo(0, 9), swpPteHi(0, 9))),
    'shared pages': changed((t) => shared(t, LIMITS.maxPtesShared + 1)),
  }
  for (const [what, made] of Object.entries(over)) hold(!merges(make, made, {}), `a range with more ${what} than the limit is merged`)
}

function allocatesNothing(policy: CollapsePolicy): void {
  const { lo, hi, frames } = table()
  const scan = scanOf(frames)
  holdAllocatesNothing('scanPmd', () => policy.scanPmd(lo, hi, TABLE, scan), SCANS)
}
