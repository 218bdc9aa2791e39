import { anonBackend } from '@faultline/backend-anon'
import { shmemBackend } from '@faultline/backend-shmem'
import { flushDeferred, splitOnWrite, unsharedAtRegister, zapKept } from '@faultline/designs'
import { FAULT_DONE, LEVEL_PMD, SCAN_SUCCEED } from '@faultline/mm-types'
import { perPte } from '@faultline/policy-khugepaged'
import { pteMarkers, uffdWpAsync } from '@faultline/policy-uffd'
import { pteMarker, swapType1 } from '@faultline/swap-entry'
import { describe, expect, test, vi } from 'vitest'
import { casesFor, type Seam, type SeamPolicies, suiteFor } from './index.ts'

interface Wrong<S extends Seam> {
  readonly what: string
  /** The case that must fail. */
  readonly caught: string
  readonly policy: SeamPolicies[S]
}

const marking = pteMarkers.armNone
/** One thing done, and another answered. */
const after = <T>(_done: unknown, answer: T): T => answer
/** Kept, so that no compiler can show that what is put here is never read. */
const kept: unknown[] = [undefined]

/** One thing wrong each. */
const WRONG: { readonly [S in Seam]: readonly Wrong<S>[] } = {
  encoding: [
    {
      what: 'a marker in a slot that is handed out',
      caught: 'never-in-use',
      policy: { ...swapType1, markerBits: (_lo, hi) => (hi >>> 27 === 1 ? 1 : 0) },
    },
    { what: 'an unsigned word', caught: 'signed-words', policy: { ...pteMarker, wpHi: 0xffffffff } },
    {
      what: 'a marker that is present',
      caught: 'never-none-or-present',
      policy: { ...pteMarker, markerLo: (bits) => pteMarker.markerLo(bits) | 1 },
    },
    { what: 'a test that finds every marker', caught: 'word-test', policy: { ...pteMarker, wpTestLoMask: 0x101 } },
    {
      what: 'bits that do not come back',
      caught: 'round-trip',
      policy: { ...pteMarker, markerBits: (lo, hi) => pteMarker.markerBits(lo, hi) & 1 },
    },
    { what: 'another marker ready', caught: 'ready-marker', policy: { ...pteMarker, wpLo: pteMarker.markerLo(2) } },
    { what: 'a class of another', caught: 'class', policy: { ...pteMarker, markerClass: 0 } },
  ],
  arming: [
    {
      what: 'writes beyond its span',
      caught: 'none-only',
      policy: { ...pteMarkers, armNone: (lo, hi, from, to, c) => marking(lo, hi, from, to + 1, c) },
    },
    {
      what: 'takes one word of 0 for none',
      caught: 'none-only',
      policy: {
        ...pteMarkers,
        armNone(lo, hi, from, to, { encoding }) {
          for (let at = from; at < to; at++) if (lo[at] === 0) [lo[at], hi[at]] = [encoding.wpLo, encoding.wpHi]
          return to - from
        },
      },
    },
    {
      what: 'counts the span',
      caught: 'counts',
      policy: { ...pteMarkers, armNone: (lo, hi, from, to, c) => after(marking(lo, hi, from, to, c), to - from) },
    },
    {
      what: 'has a marker of its own',
      caught: 'words',
      policy: { ...pteMarkers, armNone: (lo, hi, from, to, c) => marking(lo, hi, from, to, { ...c, encoding: pteMarker }) },
    },
    {
      what: 'arms half of what it says one entry stands for',
      caught: 'whole-tables',
      policy: { ...pteMarkers, wholeLevel: () => LEVEL_PMD, armNone: (lo, hi, from, to, c) => marking(lo, hi, from, (from + to) >> 1, c) },
    },
    { what: 'knows a fourth level', caught: 'levels', policy: { ...pteMarkers, wholeLevel: () => 3 } },
    {
      what: 'makes a table to look at',
      caught: 'levels',
      policy: { ...pteMarkers, wholeLevel: (vpn, tables, pgd) => after(tables.pteTableAlloc(pgd, vpn), 0) },
    },
    {
      what: 'allocates',
      caught: 'no-allocation',
      policy: { ...pteMarkers, armNone: (lo, hi, from, to, c) => after((kept[0] = { from, to }), marking(lo, hi, from, to, c)) },
    },
    {
      what: 'leaves out a page',
      caught: 'first-writes',
      policy: { ...pteMarkers, armNone: (lo, hi, from, to, c) => marking(lo, hi, from, to - 1, c) },
    },
    {
      what: 'leaves out a page, seen by a program',
      caught: 'like-markers',
      policy: { ...pteMarkers, armNone: (lo, hi, from, to, c) => marking(lo, hi, from, to - 1, c) },
    },
  ],
  collapse: [
    {
      what: 'writes the entries',
      caught: 'read-only',
      policy: { ...perPte, scanPmd: (lo, hi, base, scan) => after((lo[base] |= 0x20000), perPte.scanPmd(lo, hi, base, scan)) },
    },
    {
      what: 'looks beside its table',
      caught: 'own-table',
      policy: { ...perPte, scanPmd: (lo, hi, base, scan) => (lo[base - 1] !== 0 ? 0 : perPte.scanPmd(lo, hi, base, scan)) },
    },
    { what: 'answers yes or no', caught: 'answers', policy: { ...perPte, scanPmd: () => -1 } },
    { what: 'merges whatever comes', caught: 'armed-pages', policy: { ...perPte, scanPmd: () => SCAN_SUCCEED } },
    { what: 'merges guards', caught: 'markers', policy: { ...perPte, scanPmd: () => SCAN_SUCCEED } },
    {
      what: 'knows no limits',
      caught: 'limits',
      policy: { ...perPte, scanPmd: (lo, hi, base, scan) => perPte.scanPmd(lo, hi, base, { ...scan, forced: true }) },
    },
    {
      what: 'allocates',
      caught: 'no-allocation',
      policy: { ...perPte, scanPmd: (lo, hi, base, scan) => after((kept[0] = { base }), perPte.scanPmd(lo, hi, base, scan)) },
    },
    { what: 'gives tables away', caught: 'protection-of-files', policy: { ...perPte, retracts: () => true } },
    { what: 'merges what is protected', caught: 'protection-stays', policy: { ...perPte, scanPmd: () => SCAN_SUCCEED } },
    {
      what: 'fills missing pages',
      caught: 'missing-pages',
      policy: { ...perPte, scanPmd: (lo, hi, base, scan) => perPte.scanPmd(lo, hi, base, { ...scan, vmFlags: 0 }) },
    },
  ],
  zap: [
    { what: 'keeps nothing', caught: 'erased-entries', policy: { ...zapKept, keepsUffdWp: () => false } },
    { what: 'keeps what is unmapped', caught: 'end-of-mapping', policy: { ...zapKept, keepsUffdWp: () => true } },
    { what: 'answers a number', caught: 'answers', policy: { ...zapKept, keepsUffdWp: (_vma, flags) => flags as unknown as boolean } },
  ],
  hugeWp: [
    { what: 'is half there', caught: 'interface', policy: { ...splitOnWrite, splitsOnWrite: undefined as unknown as boolean } },
    { what: 'reports all', caught: 'one-page', policy: { ...splitOnWrite, splitsOnWrite: false } },
  ],
  pmdSharing: [
    {
      what: 'shares with whoever watches',
      caught: 'own-protection',
      policy: { ...unsharedAtRegister, mayShare: () => true, unsharesAtRegister: () => false },
    },
    { what: 'answers bits', caught: 'answers', policy: { ...unsharedAtRegister, mayShare: (flags) => (flags & 8) as unknown as boolean } },
  ],
  tracker: [
    { what: 'knows another way', caught: 'interface', policy: { ...uffdWpAsync, mechanism: 'guess' as 'ideal' } },
    { what: 'cites nothing', caught: 'interface', policy: { ...uffdWpAsync, source: '' } },
  ],
  tlb: [
    { what: 'flushes some day', caught: 'interface', policy: { ...flushDeferred, flushes: 'later' as 'each-pte' } },
    { what: 'is that of Linux 5.10', caught: 'unprotect-only', policy: flushDeferred },
  ],
  backend: [
    {
      what: 'forgets pages that it swaps',
      caught: 'reclaimed-pages',
      policy: {
        ...shmemBackend,
        reclaimPage: (machine, inode, pgoff) => after(shmemBackend.removePages(machine, inode, pgoff, pgoff + 1), true),
      },
    },
    {
      what: 'removes one page less',
      caught: 'removed-pages',
      policy: { ...shmemBackend, removePages: (machine, inode, from, to) => shmemBackend.removePages(machine, inode, from, to - 1) },
    },
    {
      what: 'leaves pages empty',
      caught: 'added-pages',
      policy: { ...shmemBackend, addPage: (machine, inode, pgoff) => shmemBackend.addPage(machine, inode, pgoff, 0) },
    },
    { what: 'finds what is not there', caught: 'empty-cache', policy: { ...shmemBackend, hasPage: () => true } },
    {
      what: 'allocates',
      caught: 'no-allocation',
      policy: {
        ...shmemBackend,
        findPage: (machine, inode, pgoff, swapIn) => after((kept[0] = { pgoff }), shmemBackend.findPage(machine, inode, pgoff, swapIn)),
      },
    },
    {
      what: 'drops the bit',
      caught: 'armed-faults',
      policy: { ...shmemBackend, fault: (fault) => after((fault.armed = false), shmemBackend.fault(fault)) },
    },
    {
      what: 'makes up pages',
      caught: 'missing',
      policy: {
        ...anonBackend,
        fault: (fault) => after(anonBackend.fault({ ...fault, vma: { ...fault.vma, flags: fault.vma.flags & ~0x200 } }), FAULT_DONE),
      },
    },
    {
      what: 'has a shortcut that drops the bit',
      caught: 'armed-faults',
      policy: {
        ...anonBackend,
        shortcut: { ...anonBackend.shortcut!, mapZero: (mm, vma, vpn, table) => anonBackend.shortcut!.mapZero(mm, vma, vpn, table, false) },
      },
    },
    {
      what: 'has a shortcut that goes another way',
      caught: 'shortcut',
      policy: {
        ...anonBackend,
        shortcut: { ...anonBackend.shortcut!, mapNew: (mm, ...entry) => after(mm.flush(0, 1), anonBackend.shortcut!.mapNew(mm, ...entry)) },
      },
    },
    {
      what: 'lets parent and child share',
      caught: 'copy-on-write',
      policy: {
        ...anonBackend,
        copyOnWrite: (fault) => after(fault.mm.machine.tables.set(fault.table, fault.index, fault.lo | 2, fault.hi), FAULT_DONE),
      },
    },
  ],
}

const cases = Object.entries(WRONG).flatMap(([seam, wrongs]) =>
  (wrongs as readonly Wrong<Seam>[]).map((wrong) => ({ seam: seam as Seam, ...wrong })),
)

describe('a wrong implementation fails the case that is about it', () => {
  test.each(cases)('$seam: $what', async ({ seam, caught, policy }) => {
    const one = casesFor[seam as 'arming'](() => policy as SeamPolicies['arming']).find(({ name }) => name === caught)
    expect(one).toBeDefined()
    await expect((async () => one!.run())()).rejects.toThrow()
  })
})

describe('a suite', () => {
  const register = (skip?: Record<string, string>) => {
    const run = vi.fn()
    const skipped = vi.fn()
    suiteFor.zap({ test: Object.assign(run, { skip: skipped }), policy: zapKept, skip })
    return { run: run.mock.calls.map(([name]) => String(name)), skipped: skipped.mock.calls.map(([name]) => String(name)) }
  }

  test('makes a test of each case, named by seam, case and law', () => {
    const { run, skipped } = register()
    expect(run).toContain('zap: erased-entries: a protection of a file page outlives the erasure of its entry')
    expect(skipped).toEqual([])
  })

  test('shows what is skipped, with the reason', () => {
    const { run, skipped } = register({ answers: 'it is young' })
    expect(skipped).toEqual([expect.stringMatching(/^zap: answers: .*\(skipped: it is young\)$/)])
    expect(run.join()).not.toContain('zap: answers')
  })

  test('refuses to skip what it does not have, or without a reason', () => {
    expect(() => register({ unknown: 'why not' })).toThrow('has no case "unknown"; it has interface, answers')
    expect(() => register({ answers: ' ' })).toThrow('gives no reason')
  })
})
