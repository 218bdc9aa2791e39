import { expect, test } from 'vitest'
import { failures } from '../test/scripts.ts'

// Programs on anonymous memory, most of it huge, with what Linux 6.18 answered to each line.
const RECORDED: readonly (readonly [rule: string, program: string])[] = [
  [
    'a fill that is refused leaves the huge page whole: the source is looked at after the target',
    `mmap R1 512 anon rw
madvise R1 0 512 hugepage
mmap R2 1 anon rw
userfaultfd u3
api u3
register u3 R2 0 1 mode=missing
write R1 1
poison u3 R2 0 1 => result 4096
move u3 R2 0 1 from=R1+511 => EEXIST result -EEXIST
expect R1 0 10 present anon excl THP`,
  ],
  [
    'pages moved out of a huge page split it; unwritten pages are zero pages from then on',
    `mmap R1 512 anon rw
madvise R1 0 512 hugepage
mmap R2 4 anon rw
userfaultfd u2
api u2
register u2 R2 0 4 mode=wp
write R1 1
move u2 R2 0 2 from=R1 => result 8192
expect R1 0 512 2x none | 510x present anon ZERO
expect R2 0 4 present anon excl | present anon ZERO | 2x none
move u2 R2 2 1 from=R1 => ENOENT result -ENOENT`,
  ],
  [
    'a page of a huge page that a child maps too cannot be moved',
    `mmap R1 512 anon rw
madvise R1 0 512 hugepage
mmap R2 4 anon rw
userfaultfd u2
api u2
register u2 R2 0 4 mode=wp
write R1 1
fork c1
move u2 R2 0 2 from=R1 => EBUSY result -EBUSY
expect R1 0 4 present anon THP`,
  ],
  [
    'a move prepares its target before it misses its source: the child gets the tables',
    `mmap R2 1 anon rw
userfaultfd u4
api u4 features=wp_unpopulated
move u4 R2 0 1 from=R2+2 => ENOENT result -ENOENT
register u4 R2 0 1 mode=wp
writeprotect u4 R2 0 1 mode=wp
fork c5
c5: status => bytes 12288`,
  ],
  [
    'a fill prepares a mapping that nobody watches',
    `mmap R1 1 anon rw
userfaultfd u2
api u2
zeropage u2 R1 0 1 => ENOENT result -ENOENT
read R1 => value 0
fork c8
c8: status => bytes 12288`,
  ],
  [
    'MADV_FREE of a part splits a huge page, of all of it keeps it',
    `mmap R1 512 anon rw
madvise R1 0 512 hugepage
write R1 1
madvise R1 0 512 free
expect R1 0 512 present anon excl THP
madvise R1 0 4 free
expect R1 0 512 present anon excl | 511x present anon ZERO`,
  ],
  [
    'the huge zero page is not split by MADV_FREE',
    `mmap R1 512 anon rw
madvise R1 0 512 hugepage
read R1 => value 0
madvise R1 0 1 free
expect R1 0 512 present file ZERO THP`,
  ],
  [
    'a huge page that was freed lazily and not written since is dropped; its table stays',
    `mmap R1 512 anon rw
madvise R1 0 512 hugepage
write R1 1
madvise R1 0 512 free
madvise R1 0 512 pageout
expect R1 0 512 none
status => bytes 12288`,
  ],
  [
    'a huge page that was freed lazily and written since goes to swap, its unwritten pages become zero pages',
    `mmap R1 512 anon rw
madvise R1 0 512 hugepage
write R1 1
madvise R1 0 512 free
write R1+2 3
madvise R1 0 512 pageout
expect R1 0 512 swap | present anon ZERO | swap | 509x present anon ZERO`,
  ],
  [
    'a page that was freed lazily and written since goes to swap',
    `mmap R1 3 anon rw
write R1+2 1
madvise R1 0 3 free
write R1+2 1
madvise R1 0 3 pageout
expect R1 0 3 2x none | swap`,
  ],
  [
    'MADV_COLD of a part splits a huge page, of all of it does not',
    `mmap R1 512 anon rw
madvise R1 0 512 hugepage
write R1 1
madvise R1 0 512 cold
expect R1 0 512 present anon excl THP
madvise R1 3 1 cold
expect R1 0 512 present anon excl | 511x present anon ZERO`,
  ],
  [
    'a huge page mapped by ptes, of which one is gone, is split by MADV_COLD',
    `mmap R1 512 anon rw
madvise R1 0 512 hugepage
write R1 1
madvise R1 7 1 dontneed
madvise R1 0 512 cold
expect R1 0 512 present anon excl | 6x present anon ZERO | none | 504x present anon ZERO`,
  ],
  [
    'MADV_PAGEOUT leaves alone what a child maps, until it does no longer',
    `mmap R1 512 anon rw
madvise R1 0 512 hugepage
write R1 1
fork c4
c4: write R1+5 4
c4: madvise R1 0 4 pageout
c4: expect R1 0 512 5x present anon THP | present anon excl | 506x present anon THP
madvise R1 0 512 pageout
expect R1 0 512 present anon THP
c4: munmap R1 0 512
expect R1 0 512 present anon excl THP
madvise R1 0 4 pageout
expect R1 0 512 swap | 511x present anon ZERO`,
  ],
  [
    'pages of what is mapped huge count as mapped as often as the first of them',
    `mmap R1 512 anon rw
madvise R1 0 512 hugepage
write R1 1
fork c4
write R1+1 1
c4: expect R1 0 512 present anon THP
write R1 1
c4: expect R1 0 512 present anon excl THP
c4: expect R1 1 3 present anon excl THP
expect R1 0 512 2x present anon excl | 510x present anon THP`,
  ],
  [
    'mlock and munlock of any range lock the pages it touches; memory without access is ENOMEM',
    `mmap R1 4 anon rw
mprotect R1 0 1 none
mlock R1 0 1 => ENOMEM
mlock R1 0 4 => ENOMEM
mlock R1:0x10 1 => ENOMEM
munlock R1:0x10 1
munlock R1:0x10 5 => ENOMEM
munlock R1 0 0
mprotect R1 0 0 none
mprotect R1:0x10 0 r => EINVAL`,
  ],
  [
    'locked pages are not reclaimed',
    `mmap R1 2 anon rw
mlock R1 0 1
write R1+1 1
reclaim R1 0 2
expect R1 0 2 present anon excl | swap
munlock R1 0 1
reclaim R1 0 2
expect R1 0 2 swap`,
  ],
  [
    'locked memory that grows is filled',
    `mmap R1 2 anon rw
mlock R1 0 2
mremap R1 0 2 R2 4 maymove => ok
expect R2 0 4 present anon excl
mremap R2 1 3 R3 5 maymove => ok
expect R3 0 5 present anon excl`,
  ],
  [
    'a mapping that is moved next to the rest of itself takes it out of the registration',
    `mmap R1 3 anon rw
userfaultfd u2
api u2
register u2 R1 0 3 mode=wp
mremap R1 1 1 M3 1 maymove to=R1 => ok
writeprotect u2 R1 2 1 mode=0 => ENOENT`,
  ],
  [
    'a missing huge page is waited for with the upper tables in place',
    `mmap R1 512 anon rw
madvise R1 0 512 hugepage
userfaultfd u3
api u3
register u3 R1 0 512 mode=missing
read R1 => blocked
.t1: status => bytes 8192`,
  ],
  [
    'a scan of nothing asks nobody for leave',
    `mmap R1 7 anon rw
scan R1 6 0 flags=wp_matching,check_wpasync return=written vec=32 => walk-end R1+6; no regions
scan R1 6 1 flags=wp_matching,check_wpasync return=written vec=32 => EPERM`,
  ],
  [
    'MADV_COLLAPSE counts an armed zero page as missing',
    `mmap R1 512 anon rw
madvise R1 0 512 hugepage
userfaultfd u2
api u2 features=wp_async
register u2 R1 0 512 mode=wp
read R1 => value 0
scan R1 0 1 flags=wp_matching,check_wpasync return=written vec=32 => walk-end R1+1; region R1..R1+1 written
madvise R1 0 512 collapse => EBUSY`,
  ],
  [
    'mremap hands tables over whole: what stays behind has none',
    `mmap R1 1536 anon rw
write R1 1
write R1+512 1
write R1+1024 1
mremap R1 0 1536 M2 1536 maymove dontunmap => ok
status => bytes 20480
mremap M2 512 512 M3 512 maymove dontunmap => ok
status => bytes 20480
mremap M3 0 512 M4 512 maymove dontunmap to=M2+512 => ok
status => bytes 20480
mremap M2 1 1000 M4 1000 maymove dontunmap => ok
status => bytes 28672`,
  ],
  [
    'what can be written first and what is written first decide whether mappings join again',
    `mmap R1 4 anon rw
mprotect R1 0 2 r
write R1+2 1
mprotect R1 2 2 r
mremap R1 0 4 M1 8 maymove => EFAULT`,
  ],
  [
    'mappings that were written before their rights changed join again',
    `mmap R1 4 anon rw
write R1+2 1
mprotect R1 0 2 r
mprotect R1 2 2 r
mremap R1 0 4 M1 8 maymove => ok`,
  ],
  [
    'neighbours take over the anon_vma and join later',
    `mmap R1 4 anon rw
mmap R2 4 anon rwx at=R1+4
write R1 1
write R2 1
mprotect R1 0 4 rwx
mremap R1 0 8 M2 12 maymove => ok`,
  ],
  [
    'mappings of a child that were written before the fork join with nobody',
    `mmap R1 4 anon rw
mmap R2 4 anon r at=R1+4
write R1 1
fork c
c: mprotect R1 4 4 rw
c: mremap R1 0 8 M1 12 maymove => EFAULT
mprotect R1 4 4 rw
mremap R1 0 8 M2 12 maymove => ok`,
  ],
  [
    'MADV_FREE takes a page that a child maps too, unless it came from swap',
    `mmap R1 3 anon rw
write R1 1
write R1+1 1
write R1+2 1
madvise R1 1 2 pageout
read R1+1 => value 1
write R1+2 2
fork c4
madvise R1 0 3 free
c4: madvise R1 0 3 dontneed
madvise R1 0 3 pageout
expect R1 0 3 none | 2x swap`,
  ],
  [
    'a write to the huge zero page gets a huge page whatever was advised since',
    `mmap R1 512 anon rw
madvise R1 0 512 hugepage
read R1 => value 0
madvise R1 0 512 nohugepage
write R1 1
expect R1 0 10 present anon excl THP`,
  ],
  [
    'a huge page mapped by ptes is freed lazily and dropped as a whole',
    `mmap R1 512 anon rw
madvise R1 0 512 hugepage
write R1 1
userfaultfd u
api u
register u R1 0 512 mode=wp
writeprotect u R1 5 1 mode=wp
writeprotect u R1 5 1 mode=0
madvise R1 0 512 free
expect R1 0 512 present anon excl THP
madvise R1 0 512 pageout
expect R1 0 512 none`,
  ],
  [
    'an armed page makes MADV_FREE split a huge page',
    `mmap R1 512 anon rw
madvise R1 0 512 hugepage
write R1 1
userfaultfd u
api u
register u R1 0 512 mode=wp
writeprotect u R1 5 1 mode=wp
madvise R1 0 512 free
expect R1 0 512 present anon excl | 4x present anon ZERO | present anon ZERO +WP | 506x present anon ZERO`,
  ],
  [
    'what is left of a huge page is written in place when all that maps it is here',
    `mmap R1 512 anon rw
madvise R1 0 512 hugepage
write R1 1
fork c1
madvise R1 0 500 dontneed
c1: madvise R1 100 412 dontneed
c1: write R1+50 1
write R1+505 4
munmap R1 0 512
c1: write R1+51 1
c1: expect R1 0 512 50x present anon excl THP | present anon excl | 49x present anon excl THP | 412x none`,
  ],
  [
    'MADV_COLLAPSE fills a table that holds nothing',
    `mmap R1 512 anon rw
write R1 1
madvise R1 0 511 dontneed
read R1+1 => value 0
madvise R1 0 512 collapse
expect R1 0 512 present anon excl THP`,
  ],
  [
    'locked memory that becomes writable is filled, as far as nobody is to be waited for',
    `mmap R1 6 anon rw
mprotect R1 0 6 r
mlock R1 0 4
userfaultfd u
api u
register u R1 1 1 mode=missing
mprotect R1 0 6 rw
expect R1 0 6 4x present anon excl | 2x none`,
  ],
  [
    'a fork copies what may hold guards, with or without private pages',
    `mmap R1 4 anon rw
madvise R1 0 1 guard_install
madvise R1 0 1 guard_remove
mremap R1 0 4 M3 4 maymove dontunmap => ok
read R1 => value 0
fork c4
c4: expect R1 0 4 present anon ZERO | 3x none`,
  ],
]

test.each(RECORDED)('%s', async (_rule, program) => {
  expect(await failures(program, 'anon')).toEqual([])
})
