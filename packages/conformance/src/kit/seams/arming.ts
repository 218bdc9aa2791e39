/**
 * Laws of arming policies.
 * @module
 */
import { linux618 } from '@faultline/designs'
import {
  type ArmingContext,
  type ArmingPolicy,
  type Design,
  LEVEL_PGD,
  LEVEL_PTE,
  LEVEL_PUD,
  type MarkerEncoding,
  PAGES_PER_PUD,
  type PageTables,
} from '@faultline/mm-types'
import { createMachine } from '@faultline/pagetable-core'
import { noMarker, pteMarker, pteMarkerNoWp, specialPte, swapType1 } from '@faultline/swap-entry'
import { Random } from '../../fuzz/random.ts'
import { holdAllocatesNothing, unobservable } from '../allocation.ts'
import { type Case, hold } from '../case.ts'
import { holdNothingLeft, holdProgram, holdSame, interfaceCase } from '../model.ts'

const ENCODINGS: readonly MarkerEncoding[] = [pteMarker, specialPte, swapType1, noMarker]
const ZERO_PAGE = { zeroLo: 0x1425, zeroHi: 0x3, isEmpty: false }
const ROUNDS = 50
const TABLE = 512

/** Pages of a first GiB in which little is populated, and of a second in which much is. */
const PLACES = [0, 512, 5120, PAGES_PER_PUD - 512, PAGES_PER_PUD, PAGES_PER_PUD + 2048, 2 * PAGES_PER_PUD, 3 * PAGES_PER_PUD + 512]
/** Pages of an area of three tables that are written first; 3 and 4 are populated before they are armed. */
const FIRST_WRITES = [0, 3, 4, 511, 512, 700, 1023, 1024, 1535]
const AREA = [
  'uffd u features=wp_unpopulated,wp_hugetlbfs_shmem',
  'file F 1536',
  'mmap A 1536 memory rw file=F',
  'write A+3 1',
  'read A+4',
  'register u A 0 1536 mode=wp',
]
const ARM = 'writeprotect u A 0 1536 mode=wp'

/** What an arming policy must do. */
export function armingCases(make: () => ArmingPolicy): readonly Case[] {
  const policy = make()
  const { noneIsArmed } = policy
  const design = designWith(policy)
  const populates = policy.populates || policy.mapsHugeZeroPage
  const memories = populates ? (['anon'] as const) : (['anon', 'shmem'] as const)
  const everywhere = async (lines: readonly string[]) => {
    for (const memory of memories) await holdProgram(design, lines, memory)
  }
  return [
    interfaceCase(make, 'arming'),
    { name: 'none-only', law: 'armNone writes none entries of its span, and nothing else', run: () => noneOnly(make()) },
    { name: 'counts', law: 'armNone answers how many entries are no longer none', run: () => counts(make()) },
    {
      name: 'words',
      law: 'armNone leaves the words it was handed: the zero page if it populates, else the marker',
      run: () => rightWords(make()),
    },
    { name: 'levels', law: 'wholeLevel answers LEVEL_PTE, LEVEL_PMD or LEVEL_PUD, and changes no table', run: () => levels(make()) },
    {
      name: 'whole-tables',
      law: 'where one entry may stand for a table, armNone arms every none entry by a marker, and none is not armed already',
      run: () => wholeTables(make()),
    },
    { name: 'no-allocation', law: 'armNone and wholeLevel allocate nothing', notFor: unobservable(), run: () => allocatesNothing(make()) },
    {
      name: 'first-writes',
      law: 'the first write to a page is reported, whether it was there when it was armed or not',
      async run() {
        for (const page of FIRST_WRITES) await everywhere([...AREA, ARM, `write A+${page} 2 => blocked`])
      },
    },
    {
      name: 'only-the-range',
      law: 'what lies beside the range may be written',
      notFor: noneIsArmed ? 'none means armed to it, wherever' : undefined,
      run: () =>
        everywhere([...AREA, 'writeprotect u A 200 700 mode=wp', ...[0, 199, 900, 1023, 1535].map((page) => `write A+${page} 2 => ok`)]),
    },
    {
      name: 'disarmed',
      law: 'what is disarmed again may be written',
      run: () => everywhere([...AREA, ARM, 'writeprotect u A 0 1536 mode=0', ...FIRST_WRITES.map((page) => `write A+${page} 2 => ok`)]),
    },
    {
      name: 'contents',
      law: 'armed memory reads as it did before',
      run: () => everywhere([...AREA, ARM, ...FIRST_WRITES.map((page) => `read A+${page} => value ${page === 3 ? 1 : 0}`)]),
    },
    {
      name: 'like-markers',
      law: 'programs cannot tell it from markers in ptes, but by the bytes of tables',
      notFor: populates
        ? 'what it arms is present, which programs see'
        : noneIsArmed
          ? 'none means armed to it, which programs see'
          : undefined,
      run: () => holdSame(design, linux618, { features: linux618.uffd.features, wholeLevel: isWhole(make()) ? LEVEL_PUD : LEVEL_PTE }),
    },
    { name: 'nothing-left', law: 'nothing is in use when all processes have ended', run: () => holdNothingLeft(design) },
  ]
}

function designWith(policy: ArmingPolicy): Design {
  const { arming } = linux618
  const encoding = policy.noneIsArmed ? pteMarkerNoWp : linux618.encoding
  const file = policy.populates || policy.mapsHugeZeroPage ? arming.file : policy
  return { ...linux618, name: policy.name, encoding, arming: { ...arming, file, anonUnpopulated: policy } }
}

/** Three tables of entries of all kinds, none more often than others. */
function tables(random: Random): readonly [lo: Int32Array, hi: Int32Array] {
  const kinds = [
    [0, 0],
    [0, 0],
    [0x1067, 0],
    [0x67, 9],
    [0, 0x7fffff00],
    [0x400, 0],
    [pteMarker.wpLo, pteMarker.wpHi],
  ] as const
  const chosen = Array.from({ length: 3 * TABLE }, () => random.pick(kinds))
  return [Int32Array.from(chosen, ([lo]) => lo), Int32Array.from(chosen, ([, hi]) => hi)]
}

interface Armed {
  readonly before: readonly [lo: Int32Array, hi: Int32Array]
  readonly lo: Int32Array
  readonly hi: Int32Array
  readonly from: number
  readonly to: number
  readonly answer: number
  readonly encoding: MarkerEncoding
}

/** Arms spans of random tables under every encoding. */
function* armings(policy: ArmingPolicy): Generator<Armed> {
  const random = new Random(11)
  for (let round = 0; round < ROUNDS; round++) {
    const encoding = ENCODINGS[round % ENCODINGS.length]!
    const before = round % 5 === 4 ? ([new Int32Array(3 * TABLE), new Int32Array(3 * TABLE)] as const) : tables(random)
    const from = TABLE + random.int(0, TABLE - 1)
    const to = random.int(from, 2 * TABLE)
    const [lo, hi] = [before[0].slice(), before[1].slice()]
    const isEmpty = lo.subarray(from, to).every((_, i) => isNone(...before, from + i))
    const answer = policy.armNone(lo, hi, from, to, { encoding, ...ZERO_PAGE, isEmpty })
    yield { before, lo, hi, from, to, answer, encoding }
  }
}

const isNone = (lo: Int32Array, hi: Int32Array, at: number): boolean => lo[at] === 0 && hi[at] === 0

function noneOnly(policy: ArmingPolicy): void {
  for (const { before, lo, hi, from, to } of armings(policy)) {
    for (let at = 0; at < lo.length; at++) {
      if (lo[at] === before[0][at] && hi[at] === before[1][at]) continue
      hold(isNone(...before, at), `armNone(${from}, ${to}) wrote entry ${at}, which was not none`)
      hold(at >= from && at < to, `armNone(${from}, ${to}) wrote entry ${at}, which is not in its span`)
    }
  }
}

function counts(policy: ArmingPolicy): void {
  for (const { before, lo, hi, from, to, answer } of armings(policy)) {
    let changed = 0
    for (let at = from; at < to; at++) if (isNone(...before, at) && !isNone(lo, hi, at)) changed++
    hold(answer === changed, `armNone(${from}, ${to}) answered ${answer}; ${changed} entries are no longer none`)
  }
}

function rightWords(policy: ArmingPolicy): void {
  for (const { before, lo, hi, from, to, encoding } of armings(policy)) {
    const [rightLo, rightHi] = policy.populates ? [ZERO_PAGE.zeroLo, ZERO_PAGE.zeroHi] : [encoding.wpLo, encoding.wpHi]
    for (let at = from; at < to; at++) {
      if (!isNone(...before, at) || isNone(lo, hi, at)) continue
      const what = policy.populates ? 'the zero page' : `the marker of ${encoding.name}`
      hold(lo[at] === rightLo && hi[at] === rightHi, `armNone left ${lo[at]}, ${hi[at]} in entry ${at}; ${what} is ${rightLo}, ${rightHi}`)
    }
  }
}

/** Tables of an address space of which one GiB is all but empty, and the next half populated. */
function populated(): { readonly tables: PageTables; readonly pgd: number } {
  const { tables } = createMachine({}, { lo: pteMarker.wpLo, hi: pteMarker.wpHi })
  const pgd = tables.alloc(LEVEL_PGD)
  const populate = (vpn: number) => tables.set(tables.pteTableAlloc(pgd, vpn), 0, 0x1067, 0)
  populate(1024)
  for (let vpn = PAGES_PER_PUD; vpn < 2 * PAGES_PER_PUD; vpn += 1024) populate(vpn)
  return { tables, pgd }
}

function levelsOf(policy: ArmingPolicy): number[] {
  const { tables, pgd } = populated()
  return PLACES.map((vpn) => policy.wholeLevel(vpn, tables, pgd))
}

const isWhole = (policy: ArmingPolicy): boolean => levelsOf(policy).some((level) => level > LEVEL_PTE)

function levels(policy: ArmingPolicy): void {
  const { tables, pgd } = populated()
  const before = tables.nrTables()
  for (const vpn of PLACES) {
    const level = policy.wholeLevel(vpn, tables, pgd)
    hold(Number.isInteger(level) && level >= LEVEL_PTE && level <= LEVEL_PUD, `wholeLevel(${vpn}) is ${level}, which is none of 0, 1, 2`)
  }
  hold(tables.nrTables() === before, `wholeLevel made ${tables.nrTables() - before} tables`)
}

function wholeTables(policy: ArmingPolicy): void {
  if (!isWhole(policy)) return
  hold(!policy.noneIsArmed, 'noneIsArmed and a wholeLevel above LEVEL_PTE exclude each other')
  hold(!policy.populates, 'populates and a wholeLevel above LEVEL_PTE exclude each other: an entry above the leaves holds a marker')
  for (const { lo, hi, from, to, encoding } of armings(policy)) {
    if (encoding.bits === 0) continue
    for (let at = from; at < to; at++) hold(!isNone(lo, hi, at), `armNone(${from}, ${to}) left entry ${at} none`)
  }
}

function allocatesNothing(policy: ArmingPolicy): void {
  const [lo, hi] = [new Int32Array(TABLE), new Int32Array(TABLE)]
  const context: ArmingContext = { encoding: pteMarker, ...ZERO_PAGE }
  holdAllocatesNothing('armNone', () => {
    lo[7] = hi[7] = 0
    return policy.armNone(lo, hi, 0, 16, context)
  })
  const { tables, pgd } = populated()
  holdAllocatesNothing('wholeLevel', () => policy.wholeLevel(512, tables, pgd))
}
