import { UFFD_IOCTL_POISON } from '@faultline/mm-types'
import type { Memory } from '@faultline/program'
import { describe, expect, test } from 'vitest'
import { ALL, ARMED_REGION, FILES, failures, marker, SMALL } from '../test/scripts.ts'
import { linux519 } from './index.ts'

const on = (memory: Memory, ...lines: string[]) => failures([ARMED_REGION, ...lines].join('\n'), memory)
const isShared = (memory: Memory) => memory === 'shmem' || memory === 'hugetlb'
const MARKER = 'writeprotect u A 0 1 mode=wp'

describe('UFFDIO_COPY', () => {
  test.each(ALL)('%s: fills what is none, plain or armed', async (memory) => {
    expect(
      await on(memory, 'copy u A 0 1 7', 'expect A 0 1 has present !+WP', 'read A => value 7', 'write A 8 => ok; no messages'),
    ).toEqual([])
    expect(await on(memory, 'copy u A 0 1 7 mode=wp', 'expect A 0 1 has present +WP', 'read A => value 7', 'write A 8 => blocked')).toEqual(
      [],
    )
  })

  test.each(ALL)('%s: over a marker keeps the protection only when asked to', async (memory) => {
    expect(await on(memory, MARKER, 'copy u A 0 1 7', 'expect A 0 1 has present !+WP')).toEqual([])
    expect(await on(memory, MARKER, 'copy u A 0 1 7 mode=wp', 'expect A 0 1 has present +WP')).toEqual([])
  })

  test.each(ALL)('%s: EEXIST over what is there; half a range is half done', async (memory) => {
    expect(await on(memory, 'write A 1', 'copy u A 0 1 7 => EEXIST result -EEXIST', 'read A => value 1')).toEqual([])
    const unit = memory.startsWith('hugetlb') ? 2097152 : 4096
    expect(await on(memory, 'write A+1 1', `copy u A 0 3 7 => EAGAIN result ${unit}`, 'read A => value 7', 'read A+1 => value 1')).toEqual(
      [],
    )
  })

  test.each(['shmem', 'hugetlb'] as const)('%s: EEXIST when only the file has the page', async (memory) => {
    expect(await on(memory, 'write A 1', 'madvise A 0 1 dontneed', 'expect A 0 1 none', 'copy u A 0 1 7 => EEXIST result -EEXIST')).toEqual(
      [],
    )
  })

  test('shmem-private: a page of its own although the file has one', async () => {
    expect(
      await on('shmem-private', 'mmap B 4 shmem rw file=F', 'write B 1', 'copy u A 0 1 7', 'read A => value 7', 'read B => value 1'),
    ).toEqual([])
  })

  test.each(ALL)('%s: overwrites poison', async (memory) => {
    expect(await on(memory, 'poison u A 0 1', 'copy u A 0 1 7', 'read A => value 7')).toEqual([])
  })

  test.each(['shmem', 'shmem-private', 'hugetlb'] as const)('%s: EFAULT beyond the end of the file', async (memory) => {
    expect(await on(memory, 'ftruncate F 1', 'copy u A+1 1 7 => EFAULT result -EFAULT')).toEqual([])
  })

  test.each([
    ['copy u A 0 0 7', 'EINVAL'],
    ['copy u A 0 1 7 mode=0x8', 'EINVAL'],
    ['copy u B 0 1 7', 'ENOENT'],
    ['copy u A+3 2 7', 'ENOENT'],
  ])('%s: %s', async (call, errno) => {
    for (const memory of SMALL)
      expect(await on(memory, 'mmap B 1 anon rw', `${call} => ${errno} result ${errno === 'ENOENT' ? '-ENOENT' : '0'}`)).toEqual([])
  })

  test.each(SMALL)('%s: to be armed needs a mapping registered for it', async (memory) => {
    expect(
      await on(
        memory,
        'register u A 0 4 mode=missing',
        'unregister u A 0 4',
        'register u A 0 4 mode=missing',
        'copy u A 0 1 7 mode=wp => EINVAL result -EINVAL',
      ),
    ).toEqual([])
  })
})

describe('UFFDIO_ZEROPAGE', () => {
  test.each(SMALL)('%s: fills none; over a marker %s', async (memory) => {
    expect(await on(memory, 'zeropage u A 0 1', 'expect A 0 1 has present !+WP', 'read A => value 0')).toEqual([])
    const over = isShared(memory) ? 'expect A 0 1 has present !+WP' : `expect A 0 1 ${marker(memory)}`
    expect(await on(memory, MARKER, 'zeropage u A 0 1', over)).toEqual([])
    expect(await on(memory, 'write A 1', 'zeropage u A 0 1 => EEXIST result -EEXIST', 'read A => value 1')).toEqual([])
  })

  test.each(['hugetlb', 'hugetlb-private'] as const)('%s: EINVAL', async (memory) => {
    expect(await on(memory, 'zeropage u A 0 1 => EINVAL result -EINVAL')).toEqual([])
  })
})

describe('UFFDIO_CONTINUE', () => {
  const withAlias = (memory: Memory) => [`mmap B 4 ${memory.replace('-private', '')} rw file=F`, 'write B 9']

  test('anon: EINVAL', async () => {
    expect(await on('anon', 'continue u A 0 1 => EINVAL result -EINVAL')).toEqual([])
  })

  test.each(FILES)('%s: maps the page of the file, armed when asked to', async (memory) => {
    expect(await on(memory, ...withAlias(memory), 'continue u A 0 1', 'expect A 0 1 has present file !+WP', 'read A => value 9')).toEqual(
      [],
    )
    expect(
      await on(memory, ...withAlias(memory), MARKER, 'continue u A 0 1 mode=wp', 'expect A 0 1 has present +WP', 'write A 1 => blocked'),
    ).toEqual([])
  })

  test.each(FILES)('%s: EFAULT when the file has no page, EEXIST over what is there', async (memory) => {
    expect(await on(memory, 'continue u A 0 1 => EFAULT result -EFAULT')).toEqual([])
    if (memory !== 'hugetlb-private')
      expect(await on(memory, ...withAlias(memory), 'read A', 'continue u A 0 1 => EEXIST result -EEXIST')).toEqual([])
  })

  test('shmem: a page in swap is read', async () => {
    expect(await on('shmem', 'write A 9', 'madvise A 0 1 pageout', 'continue u A 0 1', 'read A => value 9')).toEqual([])
  })
})

describe('UFFDIO_POISON', () => {
  test.each(ALL)('%s: only where nothing is', async (memory) => {
    expect(
      await on(
        memory,
        'poison u A 0 1',
        'read A => SIGBUS code 2',
        'write A 1 => SIGBUS code 2',
        'poison u A 0 1 => EEXIST result -EEXIST',
      ),
    ).toEqual([])
    expect(await on(memory, MARKER, 'poison u A 0 1 => EEXIST result -EEXIST')).toEqual([])
    expect(await on(memory, 'write A 1', 'poison u A 0 1 => EEXIST result -EEXIST')).toEqual([])
  })

  test('is unknown to kernels before 6.6', async () => {
    expect(linux519.uffd.ioctls & UFFD_IOCTL_POISON).toBe(0)
    const region = ARMED_REGION.replace('wp_unpopulated,', '')
    expect(await failures(`${region}\npoison u A 0 1 => EINVAL result 0\nread A => value 0`, 'shmem', linux519)).toEqual([])
  })
})

test.each(ALL)('%s: a missing page waits for a fill, and the thread goes on after it', async (memory) => {
  const lines = [
    'unregister u A 0 4',
    'register u A 0 4 mode=missing,wp',
    'read A => blocked',
    'receive u => ok; message pagefault A',
    'copy u A 0 1 7 => result 0x1000; finished main.main value 7',
  ]
  const huge = memory.startsWith('hugetlb') ? lines.map((line) => line.replace('0x1000', '0x200000')) : lines
  expect(await on(memory, ...huge)).toEqual([])
})
