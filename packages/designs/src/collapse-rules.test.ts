import type { Design } from '@faultline/mm-types'
import { blind, never, perPte, perVma, retractAlways } from '@faultline/policy-khugepaged'
import { instantiate, parseProgram } from '@faultline/program'
import { describe, expect, test } from 'vitest'
import { failures } from '../test/scripts.ts'
import { createModel, linux618 } from './index.ts'

const UFFD = 'uffd u features=wp_unpopulated,wp_hugetlbfs_shmem'
const ANON = `${UFFD}\nmmap A 512 anon rw\nregister u A 0 512 mode=wp`
/** A is watched, B shows the same file to nobody's interest. */
const FILE = `file F 512
${UFFD}
mmap A 512 shmem rw file=F
mmap B 512 shmem rw file=F
register u A 0 512 mode=wp
madvise B 0 512 populate_write
write B 9
madvise A 0 512 populate_read`
const COLLAPSED = 'expect A 0 512 512x present anon excl THP'
const SMALL_PAGES = 'expect A 0 512 512x has present !THP'

const withPolicy = (collapse: Design['collapse']): Design => ({ ...linux618, collapse })
const anon = (design: Design, ...lines: string[]) => failures([ANON, ...lines].join('\n'), 'anon', design)
const file = (design: Design, ...lines: string[]) => failures([FILE, ...lines].join('\n'), 'shmem', design)

/** Collapses that a pass of khugepaged over A did. */
function passes(design: Design, text: string): number {
  const session = createModel(design).open()
  for (const { operation } of instantiate(parseProgram(`faultline-program 1\n${text}\nkhugepaged A 0 512\n`)).steps)
    session.perform(operation)
  return session.counters().collapses
}

describe('anonymous memory, MADV_COLLAPSE, Linux (per-pte)', () => {
  test.each([
    ['fully there, nothing armed', 'madvise A 0 512 populate_write', 'ok'],
    ['one page armed', 'madvise A 0 512 populate_write\nwriteprotect u A 17 1 mode=wp', 'EINVAL'],
    ['one armed page in swap', 'madvise A 0 512 populate_write\nwriteprotect u A 17 1 mode=wp\nmadvise A 17 1 pageout', 'EINVAL'],
    ['a marker', 'madvise A 1 511 populate_write\nwriteprotect u A 0 1 mode=wp', 'EINVAL'],
    ['poison', 'madvise A 1 511 populate_write\npoison u A 0 1', 'EINVAL'],
    ['a guard', 'madvise A 1 511 populate_write\nmadvise A 0 1 guard_install', 'EINVAL'],
    ['a page none while watched', 'madvise A 1 511 populate_write', 'EBUSY'],
    ['a zero page while watched', 'madvise A 1 511 populate_write\nread A', 'EBUSY'],
    ['a page none, not watched', 'unregister u A 0 512\nmadvise A 1 511 populate_write', 'ok'],
    ['one page in swap', 'madvise A 0 512 populate_write\nmadvise A 17 1 pageout', 'ok'],
  ])('%s', async (_, state, errno) => {
    const look = errno === 'ok' ? COLLAPSED : 'expect A 100 1 has !THP'
    expect(await anon(linux618, state, `madvise A 0 512 collapse => ${errno}`, look)).toEqual([])
  })

  // Each answer is the running 6.18's: a range whose pmd is none ends the call, EINVAL, before the next one is looked at.
  test.each([
    ['the first', 'write B+512 1', 'EINVAL'],
    ['the second', 'write B 1', 'EBUSY'],
    ['neither', 'write B 1\nwrite B+512 1', 'EBUSY'],
  ])('of two ranges, with %s not there', async (_, state, errno) => {
    const lines = ['mmap B 1024 anon rw', 'register u B 0 1024 mode=wp', state, `madvise B 0 1024 collapse => ${errno}`]
    expect(await anon(linux618, ...lines)).toEqual([])
  })

  test('contents move into the huge page, from memory and from swap', async () => {
    const lines = [
      'madvise A 0 512 populate_write',
      'write A+3 33',
      'write A+4 44',
      'madvise A 4 1 pageout',
      'madvise A 0 512 collapse => ok',
    ]
    expect(await anon(linux618, ...lines, COLLAPSED, 'read A+3 => value 33', 'read A+4 => value 44', 'read A+5 => value 0')).toEqual([])
  })

  test('the kept table and the huge page cost what the table alone cost', async () => {
    expect(
      await anon(
        linux618,
        'madvise A 0 512 populate_write',
        'status => bytes 12288',
        'madvise A 0 512 collapse',
        'status => bytes 12288',
        'madvise A 0 512 dontneed',
        'status => bytes 8192',
      ),
    ).toEqual([])
  })
})

describe('khugepaged over anonymous memory', () => {
  const FULL = `${ANON}\nmadvise A 0 512 populate_write`
  const ONE_ARMED = `${FULL}\nwriteprotect u A 17 1 mode=wp`
  const UNWATCHED = `${FULL}\nunregister u A 0 512`

  test.each([
    ['never', never, [0, 0, 0]],
    ['per-pte', perPte, [0, 1, 1]],
    ['per-vma', perVma, [0, 0, 1]],
  ] as const)('%s: one page armed, none armed but watched, not watched', (_, policy, expected) => {
    const design = withPolicy(policy)
    expect([ONE_ARMED, FULL, UNWATCHED].map((text) => passes(design, text))).toEqual(expected)
  })

  test.each([
    [64, 1],
    [65, 0],
  ])('%i pages in swap: %i collapse (max_ptes_swap)', (swapped, collapses) => {
    expect(passes(linux618, `${UNWATCHED}\nmadvise A 0 ${swapped} pageout`)).toBe(collapses)
  })

  test.each([
    [256, 1],
    [257, 0],
  ])('%i pages shared with a child: %i collapse (max_ptes_shared)', (shared, collapses) => {
    expect(
      passes(linux618, `${UNWATCHED}\nfork child\nmadvise A 0 512 populate_read\nwriteall`.replace('writeall', writes(512 - shared))),
    ).toBe(collapses)
  })

  test('the bit of an armed page survives the pass', async () => {
    for (const policy of [never, perPte, perVma]) {
      const lines = [
        'madvise A 0 512 populate_write',
        'writeprotect u A 17 1 mode=wp',
        'khugepaged A 0 512',
        'expect A 17 1 has present +WP',
        'write A+17 1 => blocked',
      ]
      expect(await anon(withPolicy(policy), ...lines)).toEqual([])
    }
  })
})

/** Writes to the first pages of A, so that a forked child shares only the rest. */
function writes(pages: number): string {
  return Array.from({ length: pages }, (_, page) => `write A+${page} 1`).join('\n')
}

describe('shmem', () => {
  const ARMED = 'writeprotect u A 5 2 mode=wp'

  test.each([
    ['per-pte', perPte],
    ['per-vma', perVma],
  ] as const)(
    '%s: armed ptes of the watched mapping become markers, its table stays, the other mapping is mapped huge',
    async (_, policy) => {
      const lines = [
        ARMED,
        'khugepaged B 0 512',
        'expect A 4 4 none | 2x marker(wp) +WP | none',
        'expect B 0 1 none',
        'read B => value 9',
        'expect B 0 512 512x has present file THP',
      ]
      // One pud, one pmd (the regions lie in one GiB), and A's table of ptes: B needs none.
      expect(
        await file(withPolicy(policy), ...lines, 'status => bytes 12288', 'write A+5 1 => blocked', 'expect A 5 1 has present THP +WP'),
      ).toEqual([])
    },
  )

  test('never: nothing happens', async () => {
    expect(await file(withPolicy(never), ARMED, 'khugepaged B 0 512', SMALL_PAGES, 'expect A 5 2 2x has +WP')).toEqual([])
  })

  test('MADV_COLLAPSE on the watched mapping says EINVAL although the cache was merged', async () => {
    expect(
      await file(linux618, ARMED, 'madvise A 0 512 collapse => EINVAL', 'read B => value 9', 'expect B 0 512 512x has present file THP'),
    ).toEqual([])
  })

  test('a hole under a mapping that waits for missing pages: EBUSY', async () => {
    const lines = ['unregister u A 0 512', 'register u A 0 512 mode=missing', 'fallocate F 3 1 punch', 'madvise B 0 512 collapse => EBUSY']
    expect(await file(linux618, ...lines)).toEqual([])
  })

  test('ptes that map a huge page are retracted when the watch has ended', async () => {
    const lines = [
      ARMED,
      'khugepaged B 0 512',
      'read A+9',
      'unregister u A 0 512',
      'khugepaged A 0 512',
      'expect A 9 1 none',
      'read A => value 9',
      'expect A 0 512 512x has THP',
    ]
    expect(await file(linux618, ...lines, 'munmap A 0 512', 'munmap B 0 512', 'status => bytes 0')).toEqual([])
  })
})

describe('negative controls', () => {
  const ARMED = 'writeprotect u A 5 2 mode=wp'
  const HALF_ARMED = ['madvise A 0 512 populate_write', 'writeprotect u A 17 1 mode=wp', 'khugepaged A 0 512']

  test.each([retractAlways, blind])(
    '$name: a collapse through the other mapping frees the markers, and a write goes unseen',
    async (policy) => {
      const lines = [ARMED, 'khugepaged B 0 512', 'expect A 0 512 512x none', 'write A+5 1 => ok', 'expect A 5 1 has present !+WP THP']
      expect(await file(withPolicy(policy), ...lines)).toEqual([])
    },
  )

  test('blind: armed anonymous pages are merged, and a write goes unseen; a marker ends the collapse', async () => {
    expect(await anon(withPolicy(blind), ...HALF_ARMED, COLLAPSED, 'write A+17 1 => ok')).toEqual([])
    const marked = ['madvise A 1 511 populate_write', 'writeprotect u A 0 1 mode=wp', 'khugepaged A 0 512', 'write A 1 => blocked']
    expect(await anon(withPolicy(blind), ...marked)).toEqual([])
  })

  test('retract-always: anonymous memory is as safe as in Linux', async () => {
    expect(await anon(withPolicy(retractAlways), ...HALF_ARMED, 'expect A 17 1 has present +WP', 'write A+17 1 => blocked')).toEqual([])
  })
})

describe('what is mapped huge in the end, as seen on Linux 6.18', () => {
  /** PAGE_IS_HUGE. */
  const huge = (region: string) => `scan ${region} 0 1024 mask=0x40 return=0x40 vec=9`
  /** Pages mapped huge, as told by each scan of a program. */
  function scans(memory: 'anon' | 'shmem', ...lines: string[]): number[] {
    const session = createModel(linux618).open()
    const { steps } = instantiate(parseProgram(`faultline-program 1\n${UFFD}\n${lines.join('\n')}\n`), memory)
    const outcomes = steps
      .map(({ operation }) => ({ op: operation.op, outcome: session.perform(operation) }))
      .filter(({ op }) => op === 'scan')
    return outcomes.map(({ outcome }) => (outcome.regions ?? []).reduce((sum, { start, end }) => sum + (end - start) / 4096, 0))
  }

  test('anonymous: the 2 MiB without protection, and the other too when its protection has ended', () => {
    const mapped = ['mmap A 1024 anon rw', 'madvise A 0 1024 populate_write', 'register u A 0 1024 mode=wp']
    const collapse = ['madvise A 0 512 collapse', 'madvise A 512 512 collapse', huge('A')]
    const lines = [...mapped, 'writeprotect u A 5 16 mode=wp', ...collapse, 'writeprotect u A 0 1024 mode=0', ...collapse]
    expect(scans('anon', ...lines)).toEqual([512, 1024])
  })

  test('anonymous, huge before: what is protected as a whole stays so, what is protected in part does not', () => {
    const mapped = ['mmap A 1024 anon rw', 'madvise A 0 1024 hugepage', 'madvise A 0 1024 populate_write', 'register u A 0 1024 mode=wp']
    expect(scans('anon', ...mapped, 'writeprotect u A 0 512 mode=wp', 'writeprotect u A 517 16 mode=wp', huge('A'))).toEqual([512])
  })

  test('shared: all of the other mapping, and nothing of the watched one, even when no protection is left', () => {
    const mapped = ['file F 1024', 'mmap A 1024 shmem rw file=F', 'mmap B 1024 shmem rw file=F', 'madvise A 0 1024 populate_write']
    const armed = ['madvise B 0 1024 populate_read', 'register u A 0 1024 mode=wp', 'writeprotect u A 5 16 mode=wp']
    const look = ['read A', 'read A+512', 'read B', 'read B+512', huge('A'), huge('B')]
    const ended = ['writeprotect u A 0 1024 mode=0', 'madvise A 0 1024 collapse', 'read A', 'read A+512', huge('A')]
    expect(scans('shmem', ...mapped, ...armed, 'madvise B 0 1024 collapse', ...look, ...ended)).toEqual([0, 1024, 0])
  })
})
