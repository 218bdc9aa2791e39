import type { Memory } from '@faultline/program'
import { describe, expect, test } from 'vitest'
import { ALL, ARMED_REGION, FILES, failures, marker } from '../test/scripts.ts'
import { linux57, linux64, wpZeropageV1 } from './index.ts'

const ARM = 'writeprotect u A 0 1 mode=wp => ok'
const DISARM = 'writeprotect u A 0 1 mode=0 => ok'
const on = (memory: Memory, ...lines: string[]) => failures([ARMED_REGION, ...lines].join('\n'), memory)
/** The armed region with other features asked for. */
const asking = (features: string) => ARMED_REGION.replace('wp_unpopulated,wp_hugetlbfs_shmem', features)

describe('UFFDIO_WRITEPROTECT', () => {
  test.each(ALL)('%s: what is not there becomes a marker, and none again', async (memory) => {
    expect(await on(memory, ARM, `expect A 0 2 ${marker(memory)} | none`, DISARM, 'expect A 0 2 2x none')).toEqual([])
  })

  test.each(ALL)('%s: a present page gets the bit, and is writable again without a message when it is taken away', async (memory) => {
    const lines = ['write A 1', ARM, 'expect A 0 1 has present +WP', 'read A => value 1', 'write A 2 => blocked', DISARM]
    expect(await on(memory, ...lines, 'expect A 0 1 has present !+WP', 'write A 3 => ok; no messages', 'read A => value 3')).toEqual([])
  })

  test.each(FILES)('%s: a page of a marker is there with the bit when the write is reported', async (memory) => {
    const state = {
      shmem: 'file excl',
      'shmem-private': 'anon excl',
      hugetlb: 'file excl HUGE',
      'hugetlb-private': 'anon excl HUGE',
      anon: '',
    }[memory]
    const lines = [
      'monitor u wp=unprotect',
      ARM,
      `write A 7 => ok; message pagefault A flags=write,wp [present ${state} +WP]`,
      'read A => value 7',
    ]
    expect(await on(memory, ...lines)).toEqual([])
  })

  test.each(ALL)('%s: poison stays as it is', async (memory) => {
    expect(await on(memory, 'poison u A 0 1', ARM, DISARM, 'read A => SIGBUS code 2')).toEqual([])
  })

  test.each([
    ['writeprotect u A 0 1 mode=wp,dontwake', 'EINVAL'],
    ['writeprotect u A 0 1 mode=0x4', 'EINVAL'],
    ['writeprotect u A 0 0 mode=wp', 'EINVAL'],
    ['writeprotect u A 0 0:0x10 mode=wp', 'EINVAL'],
  ])('%s: %s', async (call, errno) => {
    for (const memory of ALL) expect(await on(memory, `${call} => ${errno}`)).toEqual([])
  })

  test.each(ALL)('%s: ENOENT where nothing is registered, after what comes before has been armed', async (memory) => {
    const lines = [
      'write A 1',
      'unregister u A+2 2',
      'writeprotect u A 0 4 mode=wp => ENOENT',
      'expect A 0 1 has +WP',
      'writeprotect u A+2 2 mode=wp => ENOENT',
    ]
    expect(await on(memory, ...lines)).toEqual([])
  })
})

describe('arming the empty on anonymous memory', () => {
  test('linux-5.7 skips it: the first write is lost', async () => {
    expect(
      await failures(
        [asking('0'), ARM, 'expect A 0 1 none', 'status => bytes 0', 'write A 1 => ok; no messages'].join('\n'),
        'anon',
        linux57,
      ),
    ).toEqual([])
  })

  test('so does linux-6.4 unless asked', async () => {
    expect(await failures([asking('0'), ARM, 'expect A 0 1 none', 'write A 1 => ok; no messages'].join('\n'), 'anon', linux64)).toEqual([])
    expect(
      await failures([asking('wp_unpopulated'), ARM, 'status => bytes 12288', 'write A 1 => blocked'].join('\n'), 'anon', linux64),
    ).toEqual([])
  })

  test('wp-zeropage-v1 maps the zero page: reads do not fault, the write is reported', async () => {
    const lines = [asking('wp_unpopulated'), ARM, 'expect A 0 1 present anon ZERO +WP', 'read A => value 0', 'write A 1 => blocked']
    expect(await failures(lines.join('\n'), 'anon', wpZeropageV1)).toEqual([])
  })
})

describe('huge pages of anonymous memory', () => {
  const REGION = `mmap A 512 anon rw
madvise A 0 512 hugepage
uffd u features=wp_unpopulated
register u A 0 512 mode=wp
monitor u wp=unprotect`
  const huge = (...lines: string[]) => failures([REGION, ...lines].join('\n'), 'anon')
  /** Bytes of tables while the range is huge: pud, pmd, and the one kept for a split. */
  const TABLES = 'status => bytes 12288'

  test('a whole one keeps one bit', async () => {
    const lines = [
      'write A 1',
      'expect A 0 1 present anon excl THP',
      'writeprotect u A 0 512 mode=wp',
      'expect A 0 512 512x present anon excl THP +WP',
      TABLES,
    ]
    expect(
      await huge(...lines, 'writeprotect u A 0 512 mode=0', 'expect A 0 512 512x present anon excl THP', 'write A+9 2 => ok; no messages'),
    ).toEqual([])
  })

  test('a part splits it, and only that part is armed', async () => {
    const lines = [
      'write A 1',
      'writeprotect u A 4 2 mode=wp',
      'expect A 3 4 has !+WP | 2x has +WP | has !+WP',
      TABLES,
      'read A => value 1',
    ]
    expect(await huge(...lines, 'write A+3 2 => ok; no messages', 'write A+4 2 => ok; message pagefault A+4 flags=write,wp')).toEqual([])
  })

  test('a write to an armed one is resolved for its page; 511 stay armed', async () => {
    const lines = [
      'write A 1',
      'writeprotect u A 0 512 mode=wp',
      'write A+7 2 => ok; message pagefault A+7 flags=write,wp [present anon excl THP +WP]',
    ]
    expect(await huge(...lines, 'expect A 0 512 7x has +WP | has !+WP | 504x has +WP', 'read A => value 1', 'read A+7 => value 2')).toEqual(
      [],
    )
  })

  test('the huge zero page: whole, part, and a write', async () => {
    const zero = ['read A', 'expect A 0 1 present file ZERO THP']
    expect(await huge(...zero, 'writeprotect u A 0 512 mode=wp', 'expect A 0 512 512x present file ZERO THP +WP')).toEqual([])
    expect(await huge(...zero, 'writeprotect u A 0 1 mode=wp', 'expect A 0 512 present anon ZERO +WP | 511x present anon ZERO')).toEqual([])
    const written = [
      'writeprotect u A 0 512 mode=wp',
      'write A 5 => ok; message pagefault A flags=write,wp',
      'expect A 0 512 present anon excl | 511x present anon ZERO +WP',
    ]
    expect(await huge(...zero, ...written, 'read A => value 5', 'read A+1 => value 0')).toEqual([])
  })

  test('none lies across the border of two mappings', async () => {
    expect(
      await huge(
        'write A 1',
        'madvise A 0 8 nohugepage',
        'fork child',
        'write A+9 2',
        'child: read A+9 => value 0',
        'child: read A => value 1',
      ),
    ).toEqual([])
  })

  // Seen both ways on 6.18: with a swap file the folio was split and what was never written became the zero page; in another
  // run, on other swap, all 512 pages went to swap. The model has the first; which swap decides is not settled.
  test('an armed one goes to swap page by page, each with its bit', async () => {
    expect(
      await huge(
        'write A 1',
        'writeprotect u A 0 512 mode=wp',
        'madvise A 0 512 pageout',
        'expect A 0 512 swap +WP | 511x present anon ZERO +WP',
        'read A => value 1',
      ),
    ).toEqual([])
  })
})

describe('fork', () => {
  test.each(ALL)('%s: without EVENT_FORK the child has no bits, no markers, and is not watched', async (memory) => {
    const lines = [
      'write A 1',
      'writeprotect u A 0 2 mode=wp',
      'fork child => ok',
      'child: expect A 0 2 has !+WP | none',
      'expect A 0 2 has present +WP | has +WP !present',
    ]
    expect(await on(memory, ...lines, 'child: read A => value 1', 'child: write A 2 => ok; no messages', 'write A 3 => blocked')).toEqual(
      [],
    )
  })

  test.each(['anon', 'shmem-private'] as const)('%s: a swapped armed page is swapped and unarmed in the child', async (memory) => {
    const lines = [
      'write A 1',
      ARM,
      'madvise A 0 1 pageout',
      'fork child',
      'child: expect A 0 1 swap',
      'expect A 0 1 swap +WP',
      'child: read A => value 1',
    ]
    expect(await on(memory, ...lines)).toEqual([])
  })

  test('anon: two processes that share a swap slot do not share what they write', async () => {
    const lines = [
      'mmap B 1 anon rw',
      'write B 1',
      'fork child',
      'reclaim B 0 1',
      'expect B 0 1 swap',
      'read B => value 1',
      'write B 2 => ok',
      'child: read B => value 1',
      'read B => value 2',
    ]
    expect(await failures(lines.join('\n'), 'anon')).toEqual([])
  })

  test('shmem: tables of unwatched shared memory are not copied', async () => {
    expect(await on('shmem', 'write A 1', 'fork child', 'child: expect A 0 1 none', 'child: status => bytes 0')).toEqual([])
  })

  test.each([
    ['anon', 'SIGBUS code 2'],
    ['shmem', 'value 0'],
    ['shmem-private', 'SIGBUS code 2'],
  ] as const)('%s: poison in the child reads %s', async (memory, read) => {
    expect(await on(memory, 'write A+1 1', 'poison u A 0 1', 'fork child', `child: read A => ${read}`)).toEqual([])
  })

  test.each(ALL)('%s: with EVENT_FORK the child keeps bits and markers', async (memory) => {
    const region = asking('event_fork,wp_unpopulated,wp_hugetlbfs_shmem')
    const lines = [
      'write A 1',
      'writeprotect u A 0 2 mode=wp',
      'fork child => blocked',
      'receive u child=v => ok; message fork',
      'child: expect A 0 2 has present +WP | has +WP !present',
      'child: write A 2 => blocked',
    ]
    expect(await failures([region, ...lines].join('\n'), memory)).toEqual([])
  })
})
