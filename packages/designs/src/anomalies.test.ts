import type { Anomalies, Design } from '@faultline/mm-types'
import { instantiate, type Memory, parseProgram, runProgram } from '@faultline/program'
import { describe, expect, test } from 'vitest'
import { createModel, LINUX_ANOMALIES, linux618 } from './index.ts'

/** One anomaly: a program whose last lines go one way with the switch on, and another with it off. */
interface Case {
  readonly anomaly: keyof Anomalies
  readonly memory: Memory
  readonly setUp: string
  readonly on: string
  readonly off: string
}

const WATCHED = `uffd u features=wp_unpopulated,wp_hugetlbfs_shmem
mmap A 4 memory rw
register u A 0 4 mode=wp
`
const SPLIT = `mmap A 2 memory rw
mmap B 2 memory rw at=A+2
uffd u features=wp_unpopulated
register u A 0 2 mode=wp
write A 1
`

const CASES: readonly Case[] = [
  {
    anomaly: 'reregisterKeepsBits',
    memory: 'anon',
    setUp: `${WATCHED}write A 1\nwriteprotect u A 0 4 mode=wp\nregister u A 0 4 mode=missing\n`,
    on: 'expect A 0 1 has +WP',
    off: 'expect A 0 1 has !+WP',
  },
  {
    anomaly: 'moveKeepsSwapBit',
    memory: 'anon',
    setUp: `${WATCHED}write A 1\nwriteprotect u A 0 1 mode=wp\nmadvise A 0 1 pageout\nmove u A 1 1 from=A\n`,
    on: 'expect A 1 1 has swap +WP',
    off: 'expect A 1 1 has swap !+WP',
  },
  {
    anomaly: 'guardInstallLivelock',
    memory: 'shmem',
    setUp: `${WATCHED}writeprotect u A 0 4 mode=wp\n`,
    on: 'madvise A 0 1 guard_install => livelock',
    off: 'madvise A 0 1 guard_install => ok',
  },
  {
    anomaly: 'ksmLosesBit',
    memory: 'anon',
    setUp: `${WATCHED}write A 7\nwrite A+1 7\nmadvise A 0 4 mergeable\nwriteprotect u A 0 2 mode=wp\nksm A 0 4\n`,
    on: 'expect A 0 1 has present !+WP',
    off: 'expect A 0 1 has present +WP',
  },
  {
    anomaly: 'fillOverwritesMarkers',
    memory: 'anon',
    setUp: `${WATCHED}poison u A 0 1\n`,
    on: 'copy u A 0 1 3 => ok',
    off: 'copy u A 0 1 3 => EEXIST',
  },
  {
    anomaly: 'scanTaintsMarkers',
    memory: 'anon',
    setUp: `uffd u features=wp_async\nmmap A 4 memory rw\nregister u A 0 4 mode=wp\npoison u A 0 1\nscan A 0 1 vec=4 flags=wp_matching mask=written return=written\n`,
    on: 'expect A 0 1 has +WP',
    off: 'expect A 0 1 has !+WP',
  },
  {
    anomaly: 'scanSkipsHugetlbNone',
    memory: 'hugetlb',
    setUp: 'uffd u features=wp_async\nmmap A 2 memory rw\nregister u A 0 2 mode=wp\nwrite A+1 1\n',
    on: 'scan A 0 1 vec=4 mask=written return=written => no regions',
    off: 'scan A 0 1 vec=4 mask=written return=written => region A..A+1 written',
  },
  {
    anomaly: 'collapseFailsAfterCollapsing',
    memory: 'shmem',
    setUp:
      'uffd u features=wp_hugetlbfs_shmem\nfile f 512\nmmap A 512 memory rw file=f\nmadvise A 0 512 populate_write\nregister u A 0 512 mode=wp\n',
    on: 'madvise A 0 512 collapse => EINVAL',
    off: 'madvise A 0 512 collapse => ok',
  },
  {
    anomaly: 'freeAnnouncesBeforeRefusing',
    memory: 'shmem',
    setUp: 'uffd u features=event_remove\nmmap A 4 memory rw\nregister u A 0 4 mode=missing\nmonitor u missing=none wp=none minor=none\n',
    on: 'madvise A 0 1 free => EINVAL; message remove A..A+1',
    off: 'madvise A 0 1 free => EINVAL; no messages',
  },
  {
    anomaly: 'fillDropsProtection',
    memory: 'anon',
    setUp: `${WATCHED}writeprotect u A 0 4 mode=wp\ncopy u A 0 1 3\n`,
    on: 'expect A 0 1 has present !+WP',
    off: 'expect A 0 1 has present +WP',
  },
  {
    anomaly: 'failsAfterPartialEffect',
    memory: 'anon',
    setUp: `${SPLIT}writeprotect u A 0 4 mode=wp => ENOENT\n`,
    on: 'expect A 0 1 has present +WP',
    off: 'expect A 0 1 has present !+WP',
  },
  {
    anomaly: 'forkLosesSharedPoison',
    memory: 'shmem',
    setUp: `uffd u features=poison\nmmap A 4 memory rw\nregister u A 0 4 mode=missing\npoison u A 0 1\nfork c\n`,
    on: 'c: read A => value 0',
    off: 'c: read A => SIGBUS code 2',
  },
  {
    anomaly: 'truncateKeepsShmemMarkers',
    memory: 'shmem',
    setUp: `uffd u features=wp_hugetlbfs_shmem\nfile f 4\nmmap A 4 memory rw file=f\nregister u A 0 4 mode=wp\nwriteprotect u A 0 4 mode=wp\nftruncate f 0\n`,
    on: 'expect A 0 1 has +WP',
    off: 'expect A 0 1 none',
  },
]

async function failures(design: Design, { memory, setUp }: Case, last: string): Promise<readonly unknown[]> {
  const program = parseProgram(`faultline-program 1\nmemory ${memory}\n${setUp}${last}\n`)
  return (await runProgram(createModel(design), instantiate(program, memory))).failures
}

describe.each(CASES)('$anomaly', (each) => {
  test('on, as Linux is', async () => {
    expect(await failures(linux618, each, each.on)).toEqual([])
  })
  test('off, as one would expect', async () => {
    const design = { ...linux618, anomalies: { ...LINUX_ANOMALIES, [each.anomaly]: false } }
    expect(await failures(design, each, each.off)).toEqual([])
    expect(await failures(design, each, each.on)).not.toEqual([])
  })
})
