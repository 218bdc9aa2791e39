import { instantiate, parseProgram, runProgram } from '@faultline/program'
import { describe, expect, test } from 'vitest'
import { createModel, linux61, linux612, linux618 } from './index.ts'

/**
 * What releases do differently. Every expectation was seen on the kernel of its name: 6.1.0-56 and 6.12.117 of Debian 12 in a virtual
 * machine, 6.18.44 directly.
 */
interface Case {
  readonly name: string
  readonly program: string
  /** The last line, for each of the three. */
  readonly seen: readonly [linux61: string, linux612: string, linux618: string]
}

const WATCHED = 'uffd u features=wp_hugetlbfs_shmem\n'

const CASES: readonly Case[] = [
  {
    name: 'WRITEPROTECT beyond its mapping',
    program: `${WATCHED}mmap A 1 anon rw\nregister u A 0 1 mode=wp\n`,
    seen: ['writeprotect u A 0 2 mode=0 => ENOENT', 'writeprotect u A 0 2 mode=0 => ok', 'writeprotect u A 0 2 mode=0 => ok'],
  },
  {
    name: 'CONTINUE with protection',
    program: `${WATCHED}mmap A 1 hugetlb rw\n`,
    seen: [
      'continue u A 0 1 mode=wp => EINVAL result 0',
      'continue u A 0 1 mode=wp => ENOENT result -ENOENT',
      'continue u A 0 1 mode=wp => ENOENT result -ENOENT',
    ],
  },
  {
    name: 'a scan',
    program: 'mmap A 1 anon rw\n',
    seen: ['scan A 0 1 vec=1 => ENOTTY', 'scan A 0 1 vec=1 => ok', 'scan A 0 1 vec=1 => ok'],
  },
  {
    name: 'guard regions',
    program: 'mmap A 1 anon rw\n',
    seen: ['madvise A 0 1 guard_install => EINVAL', 'madvise A 0 1 guard_install => EINVAL', 'madvise A 0 1 guard_install => ok'],
  },
  {
    name: 'POPULATE_WRITE across a hole',
    program: 'mmap A 4 anon rw\nmunmap A 1 1\nmprotect A 2 1 r\n',
    seen: ['madvise A 0 4 populate_write => EINVAL', 'madvise A 0 4 populate_write => ENOMEM', 'madvise A 0 4 populate_write => ENOMEM'],
  },
  {
    name: 'mremap onto itself of what is not mapped',
    program: 'mmap A 1 anon rw\nmunmap A 0 1\n',
    seen: ['mremap A 0 1 M 1 maymove to=A => EFAULT', 'mremap A 0 1 M 1 maymove to=A => EFAULT', 'mremap A 0 1 M 1 maymove to=A => EINVAL'],
  },
  {
    name: 'the child of a protected hugetlb page',
    program: `${WATCHED}mmap A 1 hugetlb-private rw\nregister u A 0 1 mode=wp\nwrite A 1\nwriteprotect u A 0 1 mode=wp\nfork c\n`,
    seen: ['c: expect A 0 1 has +WP', 'c: expect A 0 1 has !+WP', 'c: expect A 0 1 has !+WP'],
  },
  {
    name: 'pages of a split huge page that were never written',
    program: 'mmap A 512 anon rw\nmadvise A 0 512 hugepage\nwrite A 1\nreclaim A 0 1\n',
    seen: ['expect A 1 9 has !ZERO', 'expect A 1 9 has ZERO', 'expect A 1 9 has ZERO'],
  },
  {
    name: 'a write to the huge zero page',
    program: 'mmap A 512 anon rw\nmadvise A 0 512 hugepage\nread A\nwrite A 1\n',
    seen: ['expect A 1 9 has ZERO', 'expect A 1 9 has ZERO', 'expect A 1 9 has THP'],
  },
  {
    name: 'collapse of a file with holes that another mapping is to hear of',
    program:
      'uffd u features=missing_shmem\nfile F 1\nmmap A 512 shmem rw file=F\nmmap B 1 shmem-private rw file=F\nregister u B 0 1 mode=missing\nwrite A 1\n',
    seen: ['madvise A 0 512 collapse => ok', 'madvise A 0 512 collapse => EBUSY', 'madvise A 0 512 collapse => EBUSY'],
  },
  {
    name: 'an access to poison',
    program: 'uffd u features=poison\nmmap A 1 anon rw\nregister u A 0 1 mode=missing\n',
    seen: ['poison u A 0 1 => EINVAL', 'poison u A 0 1\nread A => SIGBUS code 4', 'poison u A 0 1\nread A => SIGBUS code 2'],
  },
]

describe.each(CASES)('$name', ({ program, seen }) => {
  test.each([linux61, linux612, linux618].map((design, at) => ({ design, name: design.name, last: seen[at] })))(
    '$name',
    async ({ design, last }) => {
      const steps = parseProgram(`faultline-program 1\nmemory anon\n${program}${last}\n`)
      expect((await runProgram(createModel(design), instantiate(steps, 'anon'))).failures).toEqual([])
    },
  )
})

/** Soft-dirty after clear_refs, as pagemap tells it for page 1. */
const SOFT_DIRTY: readonly (readonly [name: string, program: string, linux61: boolean, linux612: boolean])[] = [
  ['hugetlb never tells it of a page', 'mmap A 1 hugetlb rw\nclear_refs\nwrite A 1\npagemap A 0 1', false, false],
  ['a split makes dirty ptes soft-dirty', 'HUGE\nclear_refs\nmadvise A 5 1 dontneed\npagemap A 0 1', false, true],
  ['a page split for reclaim', 'HUGE\nclear_refs\nreclaim A 5 1\npagemap A 0 1', true, false],
  ['a page split after its mapping', 'HUGE\nclear_refs\nmadvise A 5 1 dontneed\nmadvise A 7 1 pageout\npagemap A 0 1', false, true],
  [
    'a shared page whose protection ended',
    'WATCHED shmem\nwrite A 1\nclear_refs\nwriteprotect u A 0 2 mode=0\nwrite A 1\npagemap A 0 1',
    false,
    true,
  ],
  ['a shared page no longer watched', 'WATCHED shmem\nwrite A 1\nclear_refs\nunregister u A 0 2\nwrite A 1\npagemap A 0 1', false, true],
  [
    'a private page whose protection ended',
    'WATCHED anon\nwrite A 1\nclear_refs\nwriteprotect u A 0 2 mode=0\nwrite A 1\npagemap A 0 1',
    true,
    true,
  ],
  [
    'a store that waited for the end of protection',
    'WATCHED shmem\nmonitor u wp=unprotect\nwrite A 1\nwriteprotect u A 0 2 mode=wp\nclear_refs\nwrite A 1\npagemap A 0 1',
    true,
    true,
  ],
  ['what a new page is moved behind', 'OLD NEW\nmremap B 0 1 C 1 maymove to=A+1\npagemap A 0 1', false, false],
  ['a new page behind an old one', 'OLD NEW\nmremap B 0 1 C 1 maymove to=A+1\npagemap A 1 1', false, false],
  ['what a new page is moved before', 'OLD NEW\nmremap B 0 1 C 1 maymove to=A\npagemap A 1 1', false, false],
  ['what a new page is mapped over', 'OLD mmap B 1 anon rw at=A\npagemap A 1 1', true, true],
  [
    'a new page beside an old one that mprotect changes',
    'OLD mprotect A 1 1 r\nmmap B 1 anon rw at=A\nmprotect A 1 1 rw\npagemap A 0 1',
    false,
    false,
  ],
  [
    'memory that was made read-only beside what always was',
    'OLD mprotect A 1 1 r\nmmap B 1 anon r at=A\nmprotect A 0 1 rw\nmprotect A 1 1 rw\npagemap A 1 1',
    false,
    true,
  ],
]

describe.each(SOFT_DIRTY)('%s', (_name, text, old, newer) => {
  test.each([
    [linux61, old],
    [linux612, newer],
  ] as const)('$name', async (design, expected) => {
    const huge = 'mmap A 512 anon rw\nmadvise A 0 512 hugepage\nwrite A 1'
    const watched = `${WATCHED}mmap A 2 $1 rw\nregister u A 0 2 mode=wp`
    const old = 'mmap A 2 anon rw\nclear_refs\n'
    const whole = text
      .replace('HUGE', huge)
      .replace(/WATCHED (\S+)/, watched)
      .replace('OLD ', old)
      .replace('NEW', 'mmap B 1 anon rw')
    const program = parseProgram(`faultline-program 1\nmemory anon\n${whole}\n`)
    const { outcomes } = await runProgram(createModel(design), instantiate(program, 'anon'))
    expect((outcomes.at(-1)!.pages![0]! & 0x40) !== 0).toBe(expected)
  })
})
