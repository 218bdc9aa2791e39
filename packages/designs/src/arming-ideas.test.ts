import { type ArmingPolicy, type Design, LEVEL_PTE, UFFD_FEATURE_WP_UNPOPULATED } from '@faultline/mm-types'
import { ExpressionError, type Memory, place, range } from '@faultline/program'
import { noMarker, pteMarker, specialPte } from '@faultline/swap-entry'
import { describe, expect, test } from 'vitest'
import { ALL, ARMED_REGION, failures, SMALL } from '../test/scripts.ts'
import { createModel, hugeZeroPageArming, linux64, linux67, twoMarkersArming, wpZeropageV1, zeropageForbidden } from './index.ts'

/** Region A: two ranges of 2 MiB and a half that may be huge, registered for write-protection. */
const HUGE_REGION = `uffd u features=wp_unpopulated
mmap A 1280 anon rw
madvise A 0 1280 hugepage
register u A 0 1280 mode=wp`

const on = (design: Design, ...lines: string[]) => failures(lines.join('\n'), 'anon', design)

describe('the huge zero page', () => {
  test('arms 2 MiB by one entry where they are empty and may be huge, the rest page by page', async () => {
    const lines = [
      HUGE_REGION,
      'writeprotect u A 0 1280 mode=wp',
      'expect A 0 1280 1024x present file ZERO THP +WP | 256x present anon ZERO +WP',
      // One table of ptes, and one deposited for each huge entry, under one of pmds and one of puds.
      'status => bytes 20480',
      'read A+700 => value 0; no messages',
    ]
    expect(await on(hugeZeroPageArming, ...lines)).toEqual([])
  })

  test('reports the first write of each page and no read', async () => {
    const lines = [
      HUGE_REGION,
      'writeprotect u A 0 1280 mode=wp',
      'write A+5 7 => blocked',
      'writeprotect u A 5 1 mode=0 => ok',
      'expect A 4 3 present anon ZERO +WP | present anon excl | present anon ZERO +WP',
      'read A+5 => value 7; no messages',
      'read A+6 => value 0; no messages',
      'write A+6 7 => blocked',
    ]
    expect(await on(hugeZeroPageArming, ...lines)).toEqual([])
  })

  test.each([
    [
      'where something is there already',
      ['write A+3 1', 'writeprotect u A 0 512 mode=wp', 'expect A 3 2 has present +WP', 'expect A 4 1 present anon ZERO +WP'],
      'nohugepage',
    ],
    ['of which only a part is armed', ['writeprotect u A 0 256 mode=wp', 'expect A 255 2 present anon ZERO +WP | none'], 'hugepage'],
  ] as const)('is not taken for a range %s', async (_where, lines, advice) => {
    expect(await on(hugeZeroPageArming, HUGE_REGION, `madvise A 0 512 ${advice}`, ...lines)).toEqual([])
  })

  test('leaves what the small zero page leaves where nothing may be huge', async () => {
    const lines = ['uffd u features=wp_unpopulated', 'mmap A 512 anon rw', 'register u A 0 512 mode=wp', 'writeprotect u A 0 512 mode=wp']
    for (const design of [hugeZeroPageArming, wpZeropageV1])
      expect(await on(design, ...lines, 'expect A 0 512 present anon ZERO +WP', 'status => bytes 12288')).toEqual([])
  })
})

describe('the zero page forbidden', () => {
  const forbidden = (...lines: string[]) => on(zeropageForbidden, ...lines)

  test('a read is given a page of its own, which may be written without a further fault', async () => {
    expect(await forbidden('mmap A 4 anon rw', 'read A => value 0', 'expect A 0 2 present anon excl | none')).toEqual([])
  })

  test('a read is given a huge page of its own', async () => {
    expect(
      await forbidden('mmap A 512 anon rw', 'madvise A 0 512 hugepage', 'read A => value 0', 'expect A 0 512 present anon excl THP'),
    ).toEqual([])
  })

  test('UFFDIO_ZEROPAGE fills with a page of zeroes, over a marker too', async () => {
    const region = ['uffd u features=wp_unpopulated', 'mmap A 4 anon rw', 'register u A 0 4 mode=missing,wp']
    const filled = [
      'zeropage u A 0 1 => result 4096',
      'expect A 0 1 present anon excl',
      'read A => value 0',
      'write A 7 => ok; no messages',
    ]
    expect(await forbidden(...region, ...filled)).toEqual([])
    expect(await forbidden(...region, 'writeprotect u A 0 1 mode=wp', ...filled)).toEqual([])
  })

  test('a page read under a marker is protected', async () => {
    const lines = ['uffd u features=wp_unpopulated', 'mmap A 4 anon rw', 'register u A 0 4 mode=wp', 'writeprotect u A 0 4 mode=wp']
    expect(await forbidden(...lines, 'read A => value 0', 'expect A 0 1 present anon excl +WP', 'write A 7 => blocked')).toEqual([])
  })

  test.each([wpZeropageV1, hugeZeroPageArming])('cannot be had with $name: the error names the seam', (design) => {
    expect(() => createModel({ ...design, forbidsZeropage: true })).toThrow(ExpressionError)
    expect(() => createModel({ ...design, forbidsZeropage: true })).toThrow(`${design.name} cannot express`)
  })
})

test('a further arming policy is one object and one line of a composition', async () => {
  const everySecond: ArmingPolicy = {
    name: 'every-second',
    needsTable: true,
    populates: false,
    mapsHugeZeroPage: false,
    noneIsArmed: false,
    wholeLevel: () => LEVEL_PTE,
    armNone(lo, hi, from, to, { encoding }) {
      let armed = 0
      for (let at = from; at < to; at += 2) {
        if (lo[at] !== 0 || hi[at] !== 0) continue
        lo[at] = encoding.wpLo
        hi[at] = encoding.wpHi
        armed++
      }
      return armed
    },
    source: 'a test',
  }
  const mine: Design = {
    ...linux64,
    arming: { ...linux64.arming, anonUnpopulated: everySecond, unpopulatedFeatures: UFFD_FEATURE_WP_UNPOPULATED },
  }
  const lines = ['uffd u features=wp_unpopulated', 'mmap A 4 anon rw', 'register u A 0 4 mode=wp', 'writeprotect u A 0 4 mode=wp']
  expect(await on(mine, ...lines, 'write A+1 1 => ok', 'write A 1 => blocked')).toEqual([])
})

describe('two markers', () => {
  const two = (memory: Memory, ...lines: string[]) => failures([ARMED_REGION, ...lines].join('\n'), memory, twoMarkersArming)

  test.each(ALL)('%s: registering protects what is empty, without a table', async (memory) => {
    expect(await two(memory, 'status => bytes 0', 'expect A 0 4 none', 'write A+1 7 => blocked')).toEqual([])
    expect(await two(memory, 'writeprotect u A 0 4 mode=wp', 'expect A 0 4 none', 'write A+1 7 => blocked')).toEqual([])
  })

  test.each(ALL)('%s: what is read comes with the bit', async (memory) => {
    expect(await two(memory, 'read A => value 0; no messages', 'expect A 0 1 has present +WP', 'write A 7 => blocked')).toEqual([])
  })

  test.each(ALL)('%s: disarming what is empty is what costs a table', async (memory) => {
    const lines = ['writeprotect u A 0 4 mode=0', 'write A 7 => ok; no messages', 'expect A 0 1 has present !+WP']
    expect(await two(memory, ...lines)).toEqual([])
    // Arming takes the markers away again.
    expect(
      await two(memory, 'writeprotect u A 0 4 mode=0', 'writeprotect u A 0 4 mode=wp', 'expect A 0 4 none', 'write A 7 => blocked'),
    ).toEqual([])
  })

  test('anon: tables of an empty range that is disarmed', async () => {
    const lines = ['uffd u', 'mmap A 1024 anon rw', 'register u A 0 1024 mode=wp', 'writeprotect u A 0 1024 mode=wp', 'status => bytes 0']
    expect(
      await failures([...lines, 'writeprotect u A 0 1024 mode=0', 'status => bytes 16384'].join('\n'), 'anon', twoMarkersArming),
    ).toEqual([])
  })

  test.each(ALL)('%s: what is erased stays as armed as it was', async (memory) => {
    const disarmed = ['writeprotect u A 0 4 mode=0', 'write A 7 => ok', 'madvise A 0 1 dontneed', 'write A 8 => ok; no messages']
    expect(await two(memory, ...disarmed)).toEqual([])
    const armed = [
      'writeprotect u A 0 4 mode=0',
      'write A 7 => ok',
      'writeprotect u A 0 4 mode=wp',
      'madvise A 0 1 dontneed',
      'write A 8 => blocked',
    ]
    expect(await two(memory, ...armed)).toEqual([])
  })

  test.each(SMALL)('%s: a page that is reclaimed stays as armed as it was', async (memory) => {
    const disarmed = ['writeprotect u A 0 4 mode=0', 'write A 7 => ok', 'reclaim A 0 1', 'write A 8 => ok; no messages']
    expect(await two(memory, ...disarmed)).toEqual([])
    const armed = ['read A => value 0', 'reclaim A 0 1', 'write A 8 => blocked']
    expect(await two(memory, ...armed)).toEqual([])
  })

  test.each(ALL)('%s: the end of the registration leaves nothing behind', async (memory) => {
    const lines = [
      'writeprotect u A 0 4 mode=0',
      'unregister u A 0 4',
      'expect A 0 4 none',
      'write A 7 => ok',
      'register u A 0 4 mode=wp',
      'write A+1 7 => blocked',
    ]
    expect(await two(memory, ...lines)).toEqual([])
  })

  test.each(ALL)('%s: a child that nobody watches may write everything', async (memory) => {
    expect(await two(memory, 'writeprotect u A 0 1 mode=0', 'fork c', 'c: write A 7 => ok', 'c: write A+1 7 => ok')).toEqual([])
  })

  test('anon: a child that is watched is as armed as its parent', async () => {
    const lines = ['uffd u features=event_fork', 'mmap A 4 anon rw', 'register u A 0 4 mode=wp', 'writeprotect u A 0 1 mode=0']
    const child = ['fork c', 'receive u child=v', 'c: write A 7 => ok; no messages', 'c: write A+1 7 => blocked']
    expect(await failures([...lines, ...child].join('\n'), 'anon', twoMarkersArming)).toEqual([])
  })

  test('anon: an empty range that may be huge is served by an armed huge page', async () => {
    const lines = ['uffd u', 'mmap A 512 anon rw', 'madvise A 0 512 hugepage', 'register u A 0 512 mode=wp']
    const written = [
      'write A 7 => blocked',
      'expect A 0 2 present anon excl THP +WP',
      'writeprotect u A 0 1 mode=0 => ok',
      'read A => value 7',
      'expect A 1 1 has +WP',
    ]
    expect(await failures([...lines, ...written].join('\n'), 'anon', twoMarkersArming)).toEqual([])
    expect(await failures([...lines, 'read A => value 0', 'write A+511 7 => blocked'].join('\n'), 'anon', twoMarkersArming)).toEqual([])
  })

  test('shmem: a huge page of the cache is not mapped whole where none means armed', async () => {
    const lines = ['mmap B 512 shmem rw file=F', 'write B 1', 'madvise B 0 512 collapse', 'uffd u features=wp_hugetlbfs_shmem']
    const watched = [
      'mmap A 512 shmem rw file=F',
      'register u A 0 512 mode=wp',
      'read A => value 1',
      'expect A 0 2 has present +WP | none',
      'write A 2 => blocked',
    ]
    expect(await failures(['file F 512', ...lines, ...watched].join('\n'), 'shmem', twoMarkersArming)).toEqual([])
  })

  test('PAGEMAP_SCAN finds what is empty not written, and what is disarmed written', async () => {
    const lines = [
      'uffd u features=wp_async',
      'mmap A 4 anon rw',
      'register u A 0 4 mode=wp',
      'writeprotect u A 1 1 mode=0',
      'write A+2 7 => ok; no messages',
    ]
    const design: Design = { ...twoMarkersArming, uffd: linux67.uffd, tracker: linux67.tracker }
    const scan = 'scan A 0 4 vec=4 flags=wp_matching mask=written return=written'
    expect(
      await failures(
        [...lines, `${scan} => region A+1..A+3 written`, `${scan} => no regions`, 'expect A 0 2 none'].join('\n'),
        'anon',
        design,
      ),
    ).toEqual([])
  })

  test('UFFDIO_ZEROPAGE fills as armed as the page was', async () => {
    const lines = [
      'uffd u',
      'mmap A 4 anon rw',
      'register u A 0 4 mode=missing,wp',
      'writeprotect u A 1 1 mode=0',
      'zeropage u A 0 2 => result 8192',
    ]
    const after = ['expect A 0 2 present anon ZERO +WP | present anon ZERO', 'write A+1 7 => ok; no messages', 'write A 7 => blocked']
    expect(await failures([...lines, ...after].join('\n'), 'anon', twoMarkersArming)).toEqual([])
  })

  test.each([pteMarker, specialPte, noMarker])('cannot be had with the encoding $name: the error names the seam', (encoding) => {
    expect(() => createModel({ ...twoMarkersArming, encoding })).toThrow("take the encoding 'pte-marker-no-wp'")
  })
})

test('steps count the table that a huge page keeps once: when it is mapped, not when it is split', () => {
  const session = createModel(linux64, { thp: 'always' }).open()
  session.perform({ op: 'mmap', region: 'A', pages: 512, memory: 'anon', prot: 'rw' })
  session.perform({ op: 'write', at: place('A'), value: 1 })
  const { tablesAllocated } = session.counters()
  // Of ptes, pmds, puds and the address space's own.
  expect(tablesAllocated).toBe(4)
  session.perform({ op: 'madvise', range: range('A', 0, 1), advice: 'dontneed' })
  expect(session.counters()).toMatchObject({ splits: 1, tablesAllocated, tablesFreed: 0 })
  session.perform({ op: 'munmap', range: range('A', 0, 512) })
  expect(session.counters()).toMatchObject({ tablesAllocated, tablesFreed: 3 })
})
