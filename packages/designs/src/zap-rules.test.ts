import type { Memory } from '@faultline/program'
import { describe, expect, test } from 'vitest'
import { ALL, ARMED_REGION, FILES, failures, marker, SMALL } from '../test/scripts.ts'
import { linux519, noPersistence } from './index.ts'

// What became of a page is recorded from Linux 6.18 (our single-page matrix).
const PLAIN = 'write A 1'
const BIT = 'write A 1\nwriteprotect u A 0 1 mode=wp'
const MARKER = 'writeprotect u A 0 1 mode=wp'
/** A private mapping that shows the file's page. */
const CACHED = 'read A\nwriteprotect u A 0 1 mode=wp'

const isFile = (memory: Memory) => memory !== 'anon'
const after = (memory: Memory, ...lines: string[]) => failures([ARMED_REGION, ...lines].join('\n'), memory)

describe('MADV_DONTNEED', () => {
  test.each(ALL)('%s: an unarmed page leaves nothing', async (memory) => {
    expect(await after(memory, PLAIN, 'madvise A 0 1 dontneed => ok', 'expect A 0 1 none')).toEqual([])
  })

  test.each(ALL)('%s: an armed page leaves a marker in file memory only', async (memory) => {
    const left = isFile(memory) ? marker(memory) : 'none'
    expect(await after(memory, BIT, 'madvise A 0 1 dontneed', `expect A 0 1 ${left}`)).toEqual([])
    expect(await after(memory, MARKER, `expect A 0 1 ${marker(memory)}`, 'madvise A 0 1 dontneed', `expect A 0 1 ${left}`)).toEqual([])
  })

  test.each(ALL)('%s: poison goes, a guard stays', async (memory) => {
    expect(await after(memory, 'poison u A 0 1 => ok', 'read A => SIGBUS code 2', 'madvise A 0 1 dontneed', 'read A => value 0')).toEqual(
      [],
    )
    if (memory.startsWith('hugetlb')) return
    expect(await after(memory, 'madvise A 0 1 guard_install => ok', 'madvise A 0 1 dontneed', 'read A => SIGSEGV code 1')).toEqual([])
  })

  test.each(FILES)('%s: the marker arms the page that comes back', async (memory) => {
    const lines = [BIT, 'madvise A 0 1 dontneed', 'read A', 'expect A 0 1 has present +WP', 'write A 2 => blocked']
    expect(await after(memory, ...lines)).toEqual([])
  })

  test('where bits die with the pte, the write goes unseen', async () => {
    const program = [ARMED_REGION.replace('wp_unpopulated,', ''), BIT, 'madvise A 0 1 dontneed', 'expect A 0 1 none', 'write A 2 => ok']
    expect(await failures(program.join('\n'), 'shmem', noPersistence)).toEqual([])
    const kept = [ARMED_REGION.replace('wp_unpopulated,', ''), BIT, 'madvise A 0 1 dontneed', 'write A 2 => blocked']
    expect(await failures(kept.join('\n'), 'shmem', linux519)).toEqual([])
  })

  test.each(SMALL)('%s: a whole table without markers is freed, one with markers is not', async (memory) => {
    const region = ARMED_REGION.replaceAll(' 4', ' 512')
    const kept = memory === 'anon' ? 4096 : 8192
    const armed = ['writeprotect u A 0 512 mode=wp', 'status => bytes 12288', 'madvise A 0 512 dontneed', `status => bytes ${kept + 4096}`]
    expect(await failures([region, ...armed].join('\n'), memory)).toEqual([])
    const plain = [
      'write A 1',
      'status => bytes 12288',
      'madvise A 0 511 dontneed',
      'status => bytes 12288',
      'madvise A 0 512 dontneed',
      'status => bytes 8192',
    ]
    expect(await failures([region, ...plain].join('\n'), memory)).toEqual([])
  })
})

describe('MADV_PAGEOUT', () => {
  test.each(['anon', 'shmem-private'] as const)(
    '%s: a private page goes to swap, its bit with it, and comes back with it',
    async (memory) => {
      const out = 'madvise A 0 1 pageout => ok'
      expect(await after(memory, PLAIN, out, 'expect A 0 1 swap', 'read A => value 1', 'write A 2 => ok')).toEqual([])
      const armed = [BIT, out, 'expect A 0 1 swap +WP', 'read A => value 1', 'expect A 0 1 has present +WP', 'write A 2 => blocked']
      expect(await after(memory, ...armed)).toEqual([])
    },
  )

  test.each(['shmem', 'shmem-private'] as const)('%s: a page of the cache leaves a marker when armed', async (memory) => {
    const lines = [CACHED, 'madvise A 0 1 pageout => ok', 'expect A 0 1 marker(wp) +WP', 'write A 2 => blocked']
    expect(await after(memory, ...lines)).toEqual([])
  })

  test('shmem: the contents survive in the file’s swap', async () => {
    expect(await after('shmem', PLAIN, 'madvise A 0 1 pageout', 'expect A 0 1 none', 'read A => value 1')).toEqual([])
  })

  test.each(SMALL)('%s: a bit on a swapped page can be set and taken away there', async (memory) => {
    const swapped = memory === 'shmem' ? marker(memory) : 'swap +WP'
    const lines = [
      PLAIN,
      'madvise A 0 1 pageout',
      'writeprotect u A 0 1 mode=wp',
      `expect A 0 1 ${swapped}`,
      'writeprotect u A 0 1 mode=0',
      'write A 2 => ok',
    ]
    expect(await after(memory, ...lines)).toEqual([])
  })

  test.each(['hugetlb', 'hugetlb-private'] as const)('%s: EINVAL', async (memory) => {
    expect(await after(memory, PLAIN, 'madvise A 0 1 pageout => EINVAL')).toEqual([])
  })
})

describe('MADV_REMOVE and hole punching', () => {
  test.each([
    ['anon', 'EINVAL'],
    ['shmem-private', 'EACCES'],
    ['hugetlb-private', 'EACCES'],
  ] as const)('%s: MADV_REMOVE answers %s', async (memory, errno) => {
    expect(await after(memory, PLAIN, `madvise A 0 1 remove => ${errno}`)).toEqual([])
  })

  test.each(['shmem', 'hugetlb'] as const)('%s: the contents go, the protection stays', async (memory) => {
    for (const punch of ['madvise A 0 1 remove => ok', 'fallocate F 0 1 punch => ok']) {
      expect(await after(memory, PLAIN, punch, 'expect A 0 1 none', 'read A => value 0')).toEqual([])
      for (const state of [BIT, MARKER]) {
        expect(await after(memory, state, punch, `expect A 0 1 ${marker(memory)}`, 'read A => value 0', 'write A 2 => blocked')).toEqual([])
      }
    }
  })

  test('shmem: poison and guards survive a hole', async () => {
    expect(await after('shmem', 'poison u A 0 1', 'fallocate F 0 1 punch', 'read A => SIGBUS code 2')).toEqual([])
    expect(await after('shmem', 'madvise A 0 1 guard_install', 'madvise A 0 1 remove', 'read A => SIGSEGV code 1')).toEqual([])
  })

  test('shmem-private: private pages survive a hole, in memory and in swap; pages of the cache do not', async () => {
    expect(await after('shmem-private', BIT, 'fallocate F 0 1 punch', 'expect A 0 1 has present anon +WP')).toEqual([])
    expect(await after('shmem-private', BIT, 'madvise A 0 1 pageout', 'fallocate F 0 1 punch', 'expect A 0 1 swap +WP')).toEqual([])
    expect(await after('shmem-private', CACHED, 'fallocate F 0 1 punch', 'expect A 0 1 marker(wp) +WP')).toEqual([])
  })

  test('hugetlb-private: private pages are dropped by a hole, and leave markers when armed', async () => {
    expect(await after('hugetlb-private', PLAIN, 'fallocate F 0 1 punch', 'expect A 0 1 none')).toEqual([])
    expect(await after('hugetlb-private', BIT, 'fallocate F 0 1 punch', 'expect A 0 1 none +WP')).toEqual([])
  })
})

describe('truncation', () => {
  test.each(FILES)('%s: contents go, private ones too; shmem keeps wp markers, hugetlb nothing', async (memory) => {
    const cut = 'ftruncate F 0 => ok\nftruncate F 4'
    const armed = memory.startsWith('shmem') ? marker(memory) : 'none'
    expect(await after(memory, PLAIN, cut, 'expect A 0 1 none', 'read A => value 0')).toEqual([])
    for (const state of [BIT, MARKER]) expect(await after(memory, state, cut, `expect A 0 1 ${armed}`)).toEqual([])
    expect(await after(memory, 'poison u A 0 1', cut, 'read A => value 0')).toEqual([])
  })

  test.each(FILES)('%s: beyond the end is SIGBUS', async (memory) => {
    expect(await after(memory, 'ftruncate F 1', 'read A+1 => SIGBUS code 2', 'read A => value 0')).toEqual([])
  })

  test('shmem-private: a private page in swap goes too', async () => {
    expect(await after('shmem-private', BIT, 'madvise A 0 1 pageout', 'ftruncate F 0', 'expect A 0 1 marker(wp) +WP')).toEqual([])
  })
})

test.each(ALL)('%s: munmap leaves nothing, and what is mapped there later is not watched', async (memory) => {
  const lines = [BIT, 'munmap A 0 4 => ok', 'mmap B 4 memory rw file=F at=A', 'expect B 0 4 4x none', 'write B 5 => ok']
  expect(await after(memory, ...lines)).toEqual([])
})

test.each(ALL)('%s: mprotect keeps bits and markers', async (memory) => {
  const lines = [
    BIT,
    'writeprotect u A+1 1 mode=wp',
    'mprotect A 0 4 r => ok',
    'write A 2 => SIGSEGV code 2',
    'mprotect A 0 4 none => ok',
    'read A => SIGSEGV code 2',
    'mprotect A 0 4 rw => ok',
    `expect A 0 2 has present +WP | ${marker(memory)}`,
    'write A 2 => blocked',
  ]
  expect(await after(memory, ...lines)).toEqual([])
})

test.each(ALL)('%s: unregister clears bits, swap bits and markers, and leaves poison', async (memory) => {
  const lines = [
    BIT,
    'writeprotect u A+1 1 mode=wp',
    'poison u A+2 1',
    'unregister u A 0 4 => ok',
    'expect A 0 2 has present !+WP | none',
    'write A 2 => ok',
    'write A+1 3 => ok',
    'read A+2 => SIGBUS code 2',
  ]
  expect(await after(memory, ...lines)).toEqual([])
})
