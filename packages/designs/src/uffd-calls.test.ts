import type { Design } from '@faultline/mm-types'
import type { Memory } from '@faultline/program'
import { describe, expect, test } from 'vitest'
import { failures } from '../test/scripts.ts'
import { linux61, linux618 } from './index.ts'

/** Region A of four pages, S of as many beside it, and an agreed userfaultfd u that watches nothing yet. */
const BEGIN = `uffd u
mmap A 4 memory rw
mmap S 4 memory rw`
/** What Linux 6.18 answered to each line. */
const on = (memory: Memory, ...lines: string[]) => failures([BEGIN, ...lines].join('\n'), memory)

describe('UFFDIO_REGISTER', () => {
  test.each<[Memory, string, string]>([
    ['anon', 'no mode', 'register u A 0 4 mode=0 => EINVAL'],
    ['anon', 'an unknown mode', 'register u A 0 4 mode=0x8 => EINVAL'],
    ['anon', 'an unknown mode beside a known one', 'register u A 0 4 mode=0x9 => EINVAL'],
    ['anon', 'no pages', 'register u A 0 0 mode=missing => EINVAL'],
    ['anon', 'half a page', 'register u A 0 0:0x800 mode=missing => EINVAL'],
    ['anon', 'minor faults of anonymous memory', 'register u A 0 4 mode=minor => EINVAL'],
    ['hugetlb', 'half a huge page', 'register u A 0 0:0x1000 mode=missing => EINVAL'],
    ['hugetlb', 'one huge page and a half', 'register u A 0 1:0x1000 mode=missing => EINVAL'],
  ])('%s: %s', async (memory, _what, line) => {
    expect(await on(memory, line)).toEqual([])
  })

  test('before the handshake; where nothing is mapped; over a hole', async () => {
    expect(await on('anon', 'userfaultfd v', 'register v A 0 4 mode=missing => EINVAL')).toEqual([])
    const holes = ['munmap A 1 1', 'register u A 1 1 mode=missing => EINVAL', 'register u A 0 4 mode=missing => ok']
    expect(await on('anon', ...holes, 'zeropage u A 0 1', 'zeropage u A 3 1', 'zeropage u A 1 1 => ENOENT result -ENOENT')).toEqual([])
  })

  test('what another one watches is EBUSY, and nothing is changed before it either', async () => {
    const lines = [
      'uffd v',
      'register v A 2 1 mode=missing',
      'register u A 0 4 mode=missing => EBUSY',
      'zeropage u A 0 1 => ENOENT result -ENOENT',
    ]
    expect(await on('anon', ...lines, 'register u A 0 2 mode=missing', 'zeropage u A 0 1', 'read A+2 => blocked')).toEqual([])
  })

  test.each<[Memory, number, number, string]>([
    ['anon', 0x13c, 0x17c, 'EINVAL'],
    ['shmem', 0x13c, 0x17c, 'result 0x1bc'],
    ['hugetlb', 0x10c, 0x14c, 'result 0x18c'],
  ])('%s: answers with the ioctls that the range supports', async (memory, missing, wp, minor) => {
    const lines = [`register u A 0 4 mode=missing => result ${missing}`, `register u A 0 4 mode=wp => result ${wp}`]
    expect(
      await on(memory, ...lines, `register u A 0 4 mode=missing,wp => result ${wp}`, `register u A 0 4 mode=minor => ${minor}`),
    ).toEqual([])
  })
})

describe('a range over hugetlb and what comes behind it', () => {
  const BOTH = `uffd u
mmap A 1 hugetlb rw
mmap B 3 anon rw at=A+1`

  test('need not end where a huge page does, and supports what both do', async () => {
    const lines = ['register u A 0 1:0x1000 mode=missing => result 0x10c', 'zeropage u B 0 1', 'zeropage u B 1 1 => ENOENT result -ENOENT']
    expect(await failures([BOTH, ...lines].join('\n'), 'anon')).toEqual([])
    const unregistered = [...lines, 'register u B 0 3 mode=missing', 'unregister u A 0 1:0x1000 => ok', 'zeropage u B 2 1']
    expect(await failures([BOTH, ...unregistered, 'read A => value 0', 'read B+1 => blocked'].join('\n'), 'anon')).toEqual([])
  })
})

describe('registering anew', () => {
  const armed = ['register u A 0 4 mode=missing,wp', 'zeropage u A 0 4', 'write A 1', 'writeprotect u A 0 4 mode=wp']
  const tidy: Design = { ...linux618, name: 'tidy', anomalies: { ...linux618.anomalies, reregisterKeepsBits: false } }
  const onTidy = (...lines: string[]) => failures([BEGIN, ...lines].join('\n'), 'shmem', tidy)

  test('for less changes nothing', async () => {
    expect(await on('shmem', ...armed, 'register u A 0 4 mode=missing', 'write A 2 => blocked')).toEqual([])
  })

  test('for other faults keeps the bits in Linux, as does the end of that registration', async () => {
    const lines = [
      'register u A 0 4 mode=wp',
      'write A 1',
      'writeprotect u A 0 4 mode=wp',
      'register u A 0 4 mode=missing',
      'expect A 0 1 has +WP',
    ]
    expect(await on('shmem', ...lines, 'unregister u A 0 4', 'expect A 0 1 has +WP', 'write A 3')).toEqual([])
  })

  test('takes them away where that is mended, and only those of a registration that is lost', async () => {
    const lines = ['register u A 0 4 mode=wp', 'write A 1', 'writeprotect u A 0 4 mode=wp']
    expect(await onTidy(...lines, 'register u A 0 4 mode=missing', 'expect A 0 1 has present !+WP', 'expect A 1 1 none')).toEqual([])
    expect(await onTidy(...lines, 'register u A 0 4 mode=missing,wp', 'expect A 0 1 has +WP', 'write A 2 => blocked')).toEqual([])
  })
})

describe('memory that a release cannot write-protect', () => {
  const WP_ANON: Design = { ...linux618, name: 'wp-anon', uffd: { ...linux618.uffd, wpMemory: ['anon'] } }
  const asking = (features: string, ...lines: string[]) =>
    failures([`uffd u${features}`, 'mmap A 4 memory rw', ...lines].join('\n'), 'shmem', WP_ANON)

  test('may be watched for missing pages, or asynchronously and for nothing else', async () => {
    expect(
      await asking('', 'register u A 0 4 mode=wp => EINVAL', 'register u A 0 4 mode=missing,wp => EINVAL', 'register u A 0 4 mode=missing'),
    ).toEqual([])
    const async = ' features=wp_async'
    expect(await asking(async, 'register u A 0 4 mode=missing,wp => EINVAL', 'register u A 0 4 mode=wp', 'write A 1')).toEqual([])
    expect(await asking(async, 'register u A 0 4 mode=missing => ok')).toEqual([])
  })
})

describe('UFFDIO_UNREGISTER', () => {
  test('of protections alone wakes nobody in Linux', async () => {
    const lines = [
      'register u A 0 4 mode=wp',
      'write A 1',
      'writeprotect u A 0 4 mode=wp',
      'write A 2 => blocked',
      '.t1: unregister u A 0 4',
    ]
    expect(await on('anon', ...lines, '.t1: wake u A 0 1 => finished main.main ok')).toEqual([])
  })

  test('what nobody watches is fine; what another one watches, or nobody mapped, is not', async () => {
    expect(
      await on('anon', 'unregister u A 0 4 => ok', 'munmap A 1 1', 'unregister u A 1 1 => EINVAL', 'unregister u A 0 4 => ok'),
    ).toEqual([])
    expect(await on('anon', 'uffd v', 'register v A 2 1 mode=missing', 'unregister u A 0 4 => EINVAL', 'read A+2 => blocked')).toEqual([])
    expect(await on('anon', 'userfaultfd v', 'unregister v A 0 4 => EINVAL', 'unregister u A 0 0 => EINVAL')).toEqual([])
    expect(
      await on(
        'hugetlb',
        'register u A 0 4 mode=missing',
        'unregister u A 0 1:0x1000 => EINVAL',
        'unregister u A 0 0:0x1000 => EINVAL',
        'read A => blocked',
      ),
    ).toEqual([])
  })

  test('of a part leaves the rest watched, and wakes who waits there', async () => {
    const lines = [
      'register u A 0 4 mode=missing',
      'read A+1 => blocked',
      '.t1: read A+3 => blocked',
      'unregister u A 1 2 => finished main.main value 0',
    ]
    expect(await on('anon', ...lines, 'read A+2 => value 0', 'write A 1 => blocked')).toEqual([])
  })

  test('takes the protection along', async () => {
    const lines = [
      'register u A 0 4 mode=wp',
      'write A 1',
      'writeprotect u A 0 4 mode=wp',
      'unregister u A 0 2',
      'expect A 0 1 has present !+WP',
    ]
    expect(
      await on('shmem', ...lines, 'write A 2', 'register u A 0 4 mode=wp', 'write A 3', 'write A+1 3', 'write A+3 3 => blocked'),
    ).toEqual([])
  })
})

describe('UFFDIO_WAKE', () => {
  test('needs a range, and an agreement', async () => {
    expect(await on('anon', 'wake u A 0 0 => EINVAL', 'userfaultfd v', 'wake v A 0 1 => EINVAL', 'wake u A 0 1 => ok')).toEqual([])
  })
})

describe('UFFDIO_MOVE', () => {
  const watched = 'register u A 0 4 mode=missing'

  test.each<[string, ...string[]]>([
    ['before the handshake', 'userfaultfd v', 'move v A 0 1 from=S => EINVAL result 0'],
    ['an unknown mode', watched, 'write S 1', 'move u A 0 1 from=S mode=0x4 => EINVAL result 0'],
    ['no pages', watched, 'move u A 0 0 from=S => EINVAL result 0'],
    ['to where nothing is mapped', 'munmap A 0 4', 'write S 1', 'move u A 0 1 from=S => ENOENT result -ENOENT'],
    ['from where nothing is mapped', watched, 'munmap S 0 4', 'move u A 0 1 from=S => ENOENT result -ENOENT'],
    [
      'from beyond a mapping',
      watched,
      'munmap S 2 2',
      'write S 1',
      'write S+1 1',
      'move u A 0 3 from=S => EINVAL result -EINVAL',
      'read S => value 1',
    ],
    ['to beyond a mapping', watched, 'munmap A 2 2', 'move u A 0 3 from=S => EINVAL result -EINVAL'],
    ['from what may not be written', watched, 'write S 1', 'mprotect S 0 4 r', 'move u A 0 1 from=S => EINVAL result -EINVAL'],
    [
      'between mappings that may not be written',
      watched,
      'write S 1',
      'mprotect S 0 4 r',
      'mprotect A 0 4 r',
      'move u A 0 1 from=S => EINVAL result -EINVAL',
    ],
    ['from locked memory', watched, 'write S 1', 'mlock S 0 4', 'move u A 0 1 from=S => EINVAL result -EINVAL'],
    ['to what nobody watches', 'write S 1', 'move u A 0 1 from=S => EINVAL result -EINVAL'],
    ['to what another one watches', 'uffd v', 'register v A 0 4 mode=missing', 'write S 1', 'move u A 0 1 from=S => EINVAL result -EINVAL'],
    ['from shared memory', watched, 'mmap B 4 shmem rw', 'write B 1', 'move u A 0 1 from=B => EINVAL result -EINVAL'],
    ['from a private file', watched, 'mmap B 4 shmem-private rw', 'write B 1', 'move u A 0 1 from=B => EINVAL result -EINVAL'],
    ['to shared memory', 'mmap B 4 shmem rw', 'register u B 0 4 mode=missing', 'write S 1', 'move u B 0 1 from=S => EINVAL result -EINVAL'],
    [
      'to a private file',
      'mmap B 4 shmem-private rw',
      'register u B 0 4 mode=missing',
      'write S 1',
      'move u B 0 1 from=S => EINVAL result -EINVAL',
    ],
    [
      'from nothing',
      watched,
      'move u A 0 1 from=S => ENOENT result -ENOENT',
      'write S 1',
      'move u A 0 1 from=S+1 => ENOENT result -ENOENT',
    ],
    [
      'over what is there',
      watched,
      'write S 1',
      'zeropage u A 0 1',
      'move u A 0 1 from=S => EEXIST result -EEXIST',
      'read S => value 1',
      'read A => value 0',
    ],
    ['over a marker', 'register u A 0 4 mode=wp', 'poison u A 0 1', 'write S 1', 'move u A 0 1 from=S => EEXIST result -EEXIST'],
    ['of poison', watched, 'register u S 0 4 mode=missing', 'poison u S 0 1', 'move u A 0 1 from=S => EFAULT result -EFAULT'],
    ['of what a child maps too', watched, 'write S 1', 'fork c', 'move u A 0 1 from=S => EBUSY result -EBUSY', 'read S => value 1'],
    [
      'of what is in swap for a child too',
      watched,
      'write S 1',
      'fork c',
      'madvise S 0 1 pageout',
      'move u A 0 1 from=S => EBUSY result -EBUSY',
    ],
  ])('%s is refused', async (_what, ...lines) => {
    expect(await on('anon', ...lines)).toEqual([])
  })

  test('takes contents along, and leaves nothing', async () => {
    const lines = [
      watched,
      'write S 1',
      'write S+1 2',
      'move u A 1 2 from=S => result 8192',
      'expect S 0 2 2x none',
      'expect A 0 4 none | 2x present anon excl | none',
    ]
    expect(
      await on('anon', ...lines, 'read A+1 => value 1', 'read A+2 => value 2', 'read S => value 0', 'write A+1 3', 'read A+1 => value 3'),
    ).toEqual([])
  })

  test('moves zero pages and pages in swap', async () => {
    const lines = [watched, 'read S', 'write S+1 7', 'madvise S 1 1 pageout', 'move u A 0 2 from=S => result 8192', 'expect S 0 2 2x none']
    expect(await on('anon', ...lines, 'expect A 0 2 present anon ZERO | swap', 'read A => value 0', 'read A+1 => value 7')).toEqual([])
  })

  test('ends where something is in the way, and says how far it came', async () => {
    const lines = [
      watched,
      'write S 1',
      'write S+2 3',
      'move u A 0 3 from=S => EAGAIN result 4096',
      'read A => value 1',
      'read S+2 => value 3',
    ]
    expect(await on('anon', ...lines)).toEqual([])
    const holes = [watched, 'write S 1', 'write S+2 3', 'move u A 0 3 from=S mode=allow_src_holes => result 12288']
    expect(await on('anon', ...holes, 'expect A 0 3 present anon excl | none | present anon excl')).toEqual([])
    expect(await on('anon', watched, 'move u A 0 4 from=S mode=allow_src_holes => result 16384', 'expect A 0 4 4x none')).toEqual([])
  })

  test('wakes who waits for the page, unless told not to', async () => {
    const lines = [watched, 'write S 1', 'read A => blocked']
    expect(await on('anon', ...lines, '.t1: move u A 0 1 from=S => result 4096; finished main.main value 1')).toEqual([])
    expect(
      await on(
        'anon',
        ...lines,
        '.t1: move u A 0 1 from=S mode=dontwake => result 4096',
        '.t1: wake u A 0 1 => finished main.main value 1',
      ),
    ).toEqual([])
  })
})

describe('fills', () => {
  test.each(['copy u A 0 1 7', 'zeropage u A 0 1'])('%s wakes who waits for the page, unless told not to', async (call) => {
    const value = call.startsWith('copy') ? 7 : 0
    const lines = ['register u A 0 4 mode=missing', 'read A => blocked']
    expect(await on('anon', ...lines, `.t1: ${call} => result 4096; finished main.main value ${value}`)).toEqual([])
    expect(
      await on('anon', ...lines, `.t1: ${call} mode=dontwake => result 4096`, `.t1: wake u A 0 1 => finished main.main value ${value}`),
    ).toEqual([])
  })

  test.each(['copy v A 0 1 7', 'zeropage v A 0 1', 'continue v A 0 1', 'poison v A 0 1'])('%s before the handshake', async (call) => {
    expect(await on('shmem', 'userfaultfd v', `${call} => EINVAL result 0`)).toEqual([])
  })

  test.each(['zeropage u A 0 1 mode=0x2', 'poison u A 0 1 mode=0x2', 'copy u A 0 1 7 mode=0x4', 'continue u A 0 1 mode=0x4'])(
    '%s',
    async (call) => {
      expect(await on('shmem', 'register u A 0 4 mode=missing,wp', `${call} => EINVAL result 0`)).toEqual([])
    },
  )

  test('CONTINUE knew no protection before 6.4', async () => {
    const lines =
      'uffd u features=wp_hugetlbfs_shmem\nmmap A 4 memory rw\nregister u A 0 4 mode=minor,wp\ncontinue u A 0 1 mode=0x2 => EINVAL result 0'
    expect(await failures(lines, 'shmem', linux61)).toEqual([])
  })

  test.each<[Memory, string]>([
    ['hugetlb', 'copy u A 0 0:0x1000 7'],
    ['hugetlb', 'copy u A+0:0x1000 1 7'],
    ['hugetlb-private', 'poison u A 0 1:0x1000'],
  ])('%s: %s: no part of a huge page', async (memory, call) => {
    expect(await on(memory, 'register u A 0 4 mode=missing', `${call} => EINVAL result -EINVAL`)).toEqual([])
  })
})
