import { expect, test } from 'vitest'
import { failures } from '../test/scripts.ts'

/** Programs whose threads wait for a monitor; what is expected is what Linux 6.18 did. */
const RULES: readonly (readonly [rule: string, program: string])[] = [
  [
    'of threads that wait for one page, the last to come runs first',
    `mmap R1 1 anon rw
uffd u2
register u2 R1 0 1 mode=missing
read R1 => blocked
.t1: write R1 7 => blocked
.t2: write R1 8 => blocked
copy u2 R1 0 1 5 => result 4096; finished main.main value 7; finished main.t1 ok; finished main.t2 ok
.t3: read R1 => value 7`,
  ],
  [
    'threads whose messages are unread run before those whose messages were read',
    `mmap R1 1 anon rw
uffd u2
register u2 R1 0 1 mode=missing
write R1 7 => blocked
.t1: read R1 => blocked
.t2: write R1 8 => blocked
receive u2 => message pagefault R1 flags=write
copy u2 R1 0 1 5 => result 4096; finished main.main ok; finished main.t1 value 8; finished main.t2 ok
read R1 => value 7`,
  ],
  [
    'whoever is woken in vain asks again, behind those that wait',
    `mmap R1 2 anon rw
uffd u2
register u2 R1 0 2 mode=missing
read R1 => blocked
.t1: read R1+1 => blocked
wake u2 R1 0 1
receive u2 => message pagefault R1+1 flags=0
receive u2 => message pagefault R1 flags=0
receive u2 => EAGAIN`,
  ],
  [
    'faults are read before events',
    `mmap R1 2 anon rw
uffd u2 features=event_remove
register u2 R1 0 2 mode=missing
madvise R1 0 1 dontneed => blocked
.t1: read R1+1 => blocked
receive u2 => message pagefault R1+1 flags=0
receive u2 => message remove R1..R1+1; finished main.main ok
receive u2 => EAGAIN`,
  ],
  [
    'nothing is read before the handshake',
    `mmap R1 1 anon rw
userfaultfd u2
receive u2 => EINVAL
api u2
receive u2 => EAGAIN`,
  ],
  [
    'one event tells of all that one call unmaps, holes included',
    `mmap R1 3 anon rw
uffd u2 features=event_unmap
register u2 R1 0 3 mode=missing
register u2 R1 1 1 mode=missing,wp
munmap R1 0 4 => blocked
receive u2 => message unmap R1..R1+4; finished main.main ok
receive u2 => EAGAIN`,
  ],
  [
    'a second userfaultfd hears of a call when the first one has, and answers EAGAIN all the while',
    `mmap R1 2 anon rw
uffd u2 features=event_unmap
uffd u3 features=event_unmap
register u2 R1 0 1 mode=missing
register u3 R1 1 1 mode=missing
munmap R1 0 2 => blocked
receive u3 => EAGAIN
copy u3 R1 1 1 1 => EAGAIN result -EAGAIN
receive u2 => message unmap R1..R1+2
receive u3 => message unmap R1..R1+2; finished main.main ok`,
  ],
  [
    'a new mapping is there while what it replaced is announced',
    `mmap R1 1 anon rw
uffd u2 features=event_unmap
register u2 R1 0 1 mode=missing
mmap R2 1 anon rw at=R1 => blocked
.t1: write R1 3
.t1: read R1 => value 3
receive u2 => message unmap R1..R1+1; finished main.main ok`,
  ],
  [
    'mremap announces what it replaced, the move, what it cut off, and what it left, in this order',
    `mmap R1 4 anon rw
mmap R2 4 anon rw
uffd u2 features=event_unmap,event_remap
register u2 R1 0 4 mode=wp
register u2 R2 0 4 mode=wp
monitor u2
mremap R1 0 4 M3 2 maymove to=R2 => message unmap M3..M3+2; message remap R1..M3 length=8192; message unmap R1+2..R1+4; message unmap R1..R1+2`,
  ],
  [
    'a child whose fork nobody read about is watched no more, but its pages stay armed',
    `mmap R1 1 shmem rw
uffd u2 features=event_fork
register u2 R1 0 1 mode=wp
write R1 1
writeprotect u2 R1 0 1 mode=wp
fork c => blocked
close u2 => finished main.main ok
expect R1 0 1 present file
c: write R1 2
c: pagemap R1 0 1 => pages present file +WP`,
  ],
  [
    'a fork that is ended while it waits leaves no child behind',
    `mmap R1 1 shmem rw
uffd u2 features=event_fork
register u2 R1 0 1 mode=wp
monitor u2
write R1 1
fork c => message fork
c: fork d => blocked
expect R1 0 1 present file
c.t1: exit
expect R1 0 1 present file excl`,
  ],
  [
    'a removal that is ended while it waits is done all the same',
    `mmap R1 1 shmem rw
uffd u2 features=event_fork,event_remove
register u2 R1 0 1 mode=minor
monitor u2
write R1 1
fork c => message fork
c: madvise R1 0 1 remove => blocked
c.t1: exit
expect R1 0 1 none`,
  ],
  [
    'the userfaultfd of a process that has ended finds nobody',
    `mmap R1 1 anon rw
uffd u2 features=event_fork
register u2 R1 0 1 mode=missing,wp
.t1: fork c => blocked
receive u2 child=u3 => message fork; finished main.t1 ok
c: exit
copy u3 R1 0 1 1 => ESRCH result 0
zeropage u3 R1 0 1 => ESRCH result 0
poison u3 R1 0 1 => ESRCH result 0
writeprotect u3 R1 0 1 mode=wp => ESRCH
move u3 R1 0 1 from=R1+1 => ESRCH
register u3 R1 0 1 mode=missing => ENOMEM
unregister u3 R1 0 1 => ENOMEM
wake u3 R1 0 1 => ok`,
  ],
  [
    'a removal looks for its mapping again when its event has been read',
    `mmap R1 2 anon rw
uffd u2 features=event_remove
register u2 R1 0 2 mode=wp
write R1 1
write R1+1 2
madvise R1 1 1 dontneed => blocked
.t1: madvise R1 0 1 hugepage
close u2 => finished main.main ok
.t1: read R1 => value 1
.t1: read R1+1 => value 0`,
  ],
  [
    'a mapping that is moved beside itself joins what dontunmap leaves: both lose the registration',
    `mmap R1 2 anon rw
uffd u2
register u2 R1 0 2 mode=wp
mremap R1 0 1 N3 1 maymove dontunmap to=R1+2
zeropage u2 R1 0 1 => ENOENT result -ENOENT
zeropage u2 N3 0 1 => ENOENT result -ENOENT`,
  ],
  [
    'dontunmap unlocks the whole mapping that a part is moved out of',
    `mmap R1 3 anon rw
mlock R1 0 3
mremap R1 1 1 M7 1 maymove dontunmap
madvise R1 0 1 dontneed
madvise R1 2 1 dontneed
madvise M7 0 1 dontneed => EINVAL`,
  ],
]

test.each(RULES)('%s', async (_, program) => {
  expect(await failures(program, 'anon')).toEqual([])
})
