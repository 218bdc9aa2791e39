import { expect, test } from 'vitest'
import { failures } from '../test/scripts.ts'
import { linux618 } from './index.ts'

/** H is one huge page, T as much room for it, watched by u. */
const HUGE = `mmap R 1536 anon rw
madvise R 0 1536 hugepage
write R+5 5
write R+511 6
uffd u
register u R 512 1024 mode=missing`

const RULES: readonly (readonly [rule: string, program: string])[] = [
  [
    'a huge page moves as a whole, with all its pages, and what it left is none',
    `${HUGE}
move u R 512 512 from=R => result 2097152
expect R 0 1 none
expect R 512 1 present anon excl THP
expect R 1023 1 present anon excl THP
read R+517 => value 5
read R+1023 => value 6
write R+1022 7
read R+1022 => value 7
read R+5 => value 0`,
  ],
  [
    'a huge page that moved is at home there: it goes to swap and comes back, and a child gets it',
    `${HUGE}
move u R 512 512 from=R => result 2097152
madvise R 512 512 pageout
expect R 517 1 swap
read R+517 => value 5
read R+1023 => value 6
fork c
c: read R+517 => value 5
c: write R+517 8
read R+517 => value 5`,
  ],
  [
    'the huge zero page moves too',
    `mmap R 1024 anon rw
madvise R 0 1024 hugepage
read R
uffd u
register u R 512 512 mode=missing
move u R 512 512 from=R => result 2097152
expect R 0 1 none
read R+600 => value 0`,
  ],
  [
    'a huge page that a child maps too stays where it is',
    `${HUGE}
fork c
move u R 512 512 from=R => EBUSY result -EBUSY
read R+5 => value 5`,
  ],
  [
    'what is not a whole huge page, or does not lie as one, moves page by page',
    `${HUGE}
move u R 512 511 from=R mode=allow_src_holes => result 2093056
read R+517 => value 5
read R+511 => value 6
expect R 1023 1 none`,
  ],
  [
    'two huge pages move one after the other',
    `mmap R 2048 anon rw
madvise R 0 2048 hugepage
write R+5 5
write R+600 6
uffd u
register u R 1024 1024 mode=missing
move u R 1024 1024 from=R => result 4194304
read R+1029 => value 5
read R+1624 => value 6`,
  ],
  [
    'nothing moves over a huge page',
    `${HUGE}
mmap S 1 anon rw
write S 1
register u R 0 512 mode=missing
move u R 0 1 from=S => EEXIST result -EEXIST
read S => value 1`,
  ],
  [
    'nothing moves while an event waits to be read',
    `mmap R 4 anon rw
mmap S 4 anon rw
write S 1
uffd u features=event_remove
register u R 0 4 mode=missing
.t1: madvise R 3 1 dontneed => blocked
move u R 0 1 from=S => EAGAIN result -EAGAIN
receive u => message remove R+3..R+4; finished main.t1 ok
move u R 0 1 from=S => result 4096`,
  ],
  [
    'a page that moved knows its new place when it goes to swap and when a child maps it',
    `mmap R 4 anon rw
mmap S 4 anon rw
write S 1
uffd u
register u R 0 4 mode=missing
move u R 2 1 from=S => result 4096
fork c
c: read R+2 => value 1
c: exit
write R+2 2
madvise R 2 1 pageout
read R+2 => value 2`,
  ],
]

test.each(RULES)('%s', async (_rule, program) => {
  expect(await failures(program, 'anon')).toEqual([])
})

test('where no table is left the answer is ENOMEM, and the page stays', async () => {
  const program = `mmap S 4 anon rw
mmap R 4 anon rw at=S+262144
write S 1
uffd u
register u R 0 4 mode=missing
move u R 0 1 from=S => ENOMEM result -ENOMEM
read S => value 1`
  for (const tables of [4, 5]) expect(await failures(program, 'anon', linux618, { limits: { tables } })).toEqual([])
})
