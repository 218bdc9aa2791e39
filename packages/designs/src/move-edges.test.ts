// What UFFDIO_MOVE does at the edges, found by changes that no test noticed. The rules were asked of Linux 6.18.44 too, but for the one with swap.
import { ModelSession } from '@faultline/mm'
import type { Design } from '@faultline/mm-types'
import { instantiate, parseProgram } from '@faultline/program'
import { expect, test } from 'vitest'
import { ARMED_REGION, failures } from '../test/scripts.ts'
import { composeKernel, linux618, twoMarkersArming } from './index.ts'

/** One huge page, and as much room for it behind it, watched by u. */
const HUGE = `mmap R 1536 anon rw
madvise R 0 1536 hugepage
write R+5 5
write R+511 6
uffd u
register u R 512 1024 mode=missing`
/** Regions in one GiB that share no table of ptes; A is watched. */
const APART = `mmap A 4 anon rw
mmap S 4 anon rw at=A+1024
uffd u
register u A 0 4 mode=missing`
const EXECUTABLE = `mmap A 4 anon rwx
mmap S 4 anon rwx
uffd u
register u A 0 4 mode=missing`

const RULES: readonly (readonly [rule: string, program: string])[] = [
  [
    'a source that is no whole page is refused, and so is such a destination',
    `${APART}
write S 1
move u A 0 1 from=S+0:0x800 => EINVAL result 0
move u A+0:0x800 1 from=S => EINVAL result 0
read S => value 1`,
  ],
  [
    'of two huge pages the one that is not asked for whole stays in part',
    `mmap R 2048 anon rw
madvise R 0 2048 hugepage
write R+5 5
write R+600 6
write R+1023 7
uffd u
register u R 1024 1024 mode=missing
move u R 1024 1023 from=R => result 4190208
read R+1029 => value 5
read R+1624 => value 6
read R+1023 => value 7
expect R 2047 1 none`,
  ],
  [
    'from within huge pages pages move one by one',
    `mmap R 2048 anon rw
madvise R 0 2048 hugepage
write R+5 5
write R+300 6
write R+600 7
uffd u
register u R 1024 1024 mode=missing
move u R 1024 512 from=R+256 => result 2097152
read R+5 => value 5
read R+1068 => value 6
read R+1368 => value 7`,
  ],
  [
    'to between huge pages pages move one by one',
    `${HUGE}
move u R 768 512 from=R => result 2097152
read R+773 => value 5
read R+1279 => value 6`,
  ],
  [
    'where there is a table already a huge page moves page by page, up to what is in the way',
    `mmap R 512 anon rw
mmap T 512 anon rw at=R+1024
madvise R 0 512 hugepage
write R+5 5
write R+511 6
write T+511 9
uffd u
register u T 0 512 mode=missing
move u T 0 512 from=R => EAGAIN result 2093056
read T+5 => value 5
read T+511 => value 9
read R+511 => value 6`,
  ],
  [
    'a part of a huge page that a child maps too stays',
    `${HUGE}
fork c
move u R 512 1 from=R+5 => EBUSY result -EBUSY
read R+5 => value 5`,
  ],
  [
    'of a large folio that a child has but for its first page each page is asked again when it is split',
    `${HUGE}
madvise R 0 1 dontfork
fork c
move u R 512 1 from=R+5 => EBUSY result -EBUSY
read R+5 => value 5
c: read R+5 => value 5`,
  ],
  [
    'of a large folio whose first page a child has no page moves',
    `${HUGE}
madvise R 1 511 dontfork
fork c
move u R 512 1 from=R+5 => EBUSY result -EBUSY
read R+5 => value 5`,
  ],
  [
    'where the source has no table the answer is ENOENT, whatever is at the destination',
    `${APART}
zeropage u A 0 1
move u A 0 1 from=S => ENOENT result -ENOENT`,
  ],
  [
    'nothing moves over an executable page',
    `${EXECUTABLE}
write S 1
copy u A 0 1 7
write A 7
move u A 0 1 from=S => EEXIST result -EEXIST
read A => value 7
read S => value 1`,
  ],
  [
    'executable pages move',
    `${EXECUTABLE}
write S 1
move u A 0 1 from=S => result 4096
read A => value 1`,
  ],
  [
    'a page in swap that a child has too stays',
    `${APART}
write S 1
madvise S 0 1 pageout
expect S 0 1 swap
fork c
move u A 0 1 from=S => EBUSY result -EBUSY
read S => value 1`,
  ],
  [
    'the zero page that moved is not written to',
    `${APART}
read S
read S+1
move u A 0 1 from=S => result 4096
write A 5
read S+1 => value 0
read A => value 5`,
  ],
  [
    'who waits for another page is not woken',
    `${APART}
write S 1
read A+1 => blocked
.t1: receive u => message pagefault A+1
.t1: move u A 0 1 from=S => result 4096
.t1: receive u => EAGAIN`,
  ],
]

test.each(RULES)('%s', async (_rule, program) => {
  expect(await failures(program, 'anon')).toEqual([])
})

test.each<[what: string, tables: number, program: string]>([
  [
    'for the destination, where the source has none: ENOENT',
    1,
    'mmap S 4 anon rw\nmmap A 4 anon rw\nuffd u\nregister u A 0 4 mode=missing\nmove u A 0 1 from=S => ENOENT result -ENOENT',
  ],
  [
    'for a hole, which is asked before what is at the destination',
    3,
    `${HUGE}\nmmap S 4 anon rw at=R+262144\nregister u R 0 512 mode=missing\nmove u R 0 1 from=S mode=allow_src_holes => ENOMEM result -ENOMEM`,
  ],
  [
    'for a huge page',
    3,
    `${HUGE}\nmmap T 512 anon rw at=R+262144\nregister u T 0 512 mode=missing\nmove u T 0 512 from=R => ENOMEM result -ENOMEM\nread R+5 => value 5`,
  ],
  ['for a hole beside a table of ptes', 4, `${APART}\nzeropage u A 0 1\nmove u A 1 1 from=S mode=allow_src_holes => ENOMEM result -ENOMEM`],
])('no table is left %s', async (_what, tables, program) => {
  expect(await failures(program, 'anon', linux618, { limits: { tables } })).toEqual([])
})

/** What the lines of `text` add to the counts of looks at entries and of huge mappings that were split. */
function costsOf(before: string, text: string): { ptes: number; splits: number } {
  const session = new ModelSession('test', composeKernel(linux618))
  const perform = (lines: string): void => {
    for (const { operation } of instantiate(parseProgram(`faultline-program 1\n${lines}\n`)).steps) session.perform(operation)
  }
  perform(before)
  const { ptes, splits } = session.composed.kernel.machine.counters
  perform(text)
  const { counters } = session.composed.kernel.machine
  return { ptes: counters.ptes - ptes, splits: counters.splits - splits }
}

test('each page that moves is a look at two entries', () => {
  expect(costsOf(`${APART}\nwrite S 1\nwrite S+1 2`, 'move u A 0 2 from=S').ptes).toBe(4)
})

test('a huge page that a child maps too is not even split', () => {
  expect(costsOf(HUGE, 'move u R 512 1 from=R+5').splits).toBeGreaterThan(0)
  expect(costsOf(`${HUGE}\nfork c`, 'move u R 512 1 from=R+5').splits).toBe(0)
})

// For uffd-calls.test.ts, 'registering anew'.
test('what recorded that pages are not armed goes too when a registration for protection is lost', async () => {
  const tidy: Design = { ...twoMarkersArming, name: 'tidy', anomalies: { ...twoMarkersArming.anomalies, reregisterKeepsBits: false } }
  const lines = [ARMED_REGION, 'writeprotect u A 0 4 mode=wp', 'writeprotect u A 0 4 mode=0', 'register u A 0 4 mode=missing']
  expect(await failures([...lines, 'expect A 0 4 none'].join('\n'), 'shmem', tidy)).toEqual([])
})
