import { expect, test } from 'vitest'
import { failures } from '../test/scripts.ts'

/** Programs on shared memory and private mappings of it; what is expected is what Linux 6.18 did. */
const RULES: readonly (readonly [rule: string, program: string])[] = [
  [
    'a collapse that a hole under a missing watch refuses has unmapped the pages on its way',
    `file F1 512
mmap R2 512 shmem-private rw file=F1
mmap R3 1 shmem-private rw file=F1
userfaultfd u4
api u4
register u4 R2 0 512 mode=missing
write R3 1
read R2 => value 0
madvise R2 0 512 collapse => EBUSY
expect R2 0 10 none`,
  ],
  [
    'fallocate over pages that were fallocated fills them with zeroes: they are mapped around a fault',
    `file F1 2
mmap R2 2 shmem-private rw file=F1
fallocate F1 0 2
read R2 => value 0
expect R2 0 2 present file excl | none
fallocate F1 0 2
madvise R2 0 2 dontneed
read R2 => value 0
expect R2 0 2 present file excl`,
  ],
  [
    'a marker stays although the mapping is watched for something else now',
    `mmap R2 1 shmem-private rw
userfaultfd u4
api u4
register u4 R2 0 1 mode=wp
writeprotect u4 R2 0 1 mode=wp
register u4 R2 0 1 mode=minor
madvise R2 0 1 dontneed
expect R2 0 1 marker(wp) +WP`,
  ],
  [
    'what dontunmap leaves behind has no private pages: fork copies no tables',
    `mmap R2 4 shmem-private rw
userfaultfd u6
api u6
register u6 R2 0 4 mode=minor
zeropage u6 R2 0 1
mremap R2 0 4 M7 4 maymove dontunmap
fork c9
c9: status => bytes 12288`,
  ],
  [
    'a fill that is refused has made the private mapping ready for private pages: fork copies its tables',
    `mmap R1 1 shmem-private rw
userfaultfd u5
api u5
poison u5 R1 0 1 => ENOENT result -ENOENT
read R1 => value 0
fork c7
expect R1 0 1 present file
c7: expect R1 0 1 present file`,
  ],
  [
    'fork copies the upper tables, the lower ones not',
    `mmap R2 1 shmem-private rw
userfaultfd u5
api u5
register u5 R2 0 1 mode=missing
write R2 1 => blocked
.t1: fork c6
c6: status => bytes 8192`,
  ],
  [
    'a fault whose window meets a huge page of the cache maps it huge, wherever in it the fault was',
    `mmap R1 1024 shmem rw
mremap R1 0 1024 M4 1024 maymove dontunmap
read M4 => value 0
madvise R1 0 512 collapse
read M4+15 => value 0
expect R1 506 12 6x present file THP | 6x none
expect M4 506 12 6x present file THP | 6x none`,
  ],
  [
    'the window of a fault begins with the mapping, and is not shorter for that',
    `mmap R3 17 shmem rw
mprotect R3 0 1 none
read R3+16 => value 0
madvise R3 0 17 dontneed
read R3+2 => value 0
expect R3 0 17 2x none | present file excl | 13x none | present file excl`,
  ],
  [
    'an empty table keeps a huge page of the cache from being mapped huge: a write maps all of its pages',
    `file F1 512
mmap R2 512 shmem rw file=F1
mmap R3 512 shmem rw file=F1
write R2 1
madvise R2 0 512 collapse
read R3 => value 1
madvise R3 0 256 dontneed
expect R3 0 512 none
madvise R3 0 512 guard_install
madvise R3 0 512 guard_remove
write R3+7 1
expect R3 0 512 present file THP
status => bytes 12288`,
  ],
  [
    'CONTINUE beyond the end of the file',
    `mmap R2 1 shmem rw pgoff=1
userfaultfd u4
api u4
register u4 R2 0 1 mode=minor
continue u4 R2 0 1 => EINVAL result -EINVAL`,
  ],
  [
    'a huge page of the cache is mapped wholly around a fault, private copies and guards aside',
    `file F 512
mmap R1 512 shmem rw file=F
mmap R2 512 shmem-private rw file=F
write R2+10 1
madvise R1 20 1 guard_install
write R1+300 1
madvise R1 0 512 collapse => EINVAL
read R2+100 => value 0
expect R2 0 512 10x present file excl THP | present anon excl | 501x present file excl THP
read R1+100 => value 0
expect R1 0 512 10x present file THP | present file excl THP | 9x present file THP | marker(guard) [G] | 491x present file THP`,
  ],
  [
    'a hole splits a huge page of the cache only as far as it must: large folios of many sizes stay',
    `file F 512
mmap A 512 shmem rw file=F
mmap B 512 shmem rw file=F
write A+3 3
write A+5 5
write A+300 30
madvise A 0 512 collapse
read B+9 => value 0
expect B 0 512 present file THP
fallocate F 3 2 punch
expect A 0 512 none
expect B 0 512 none
read A+300 => value 30
expect A 0 512 256x none | 256x present file excl THP
read A+3 => value 0
expect A 0 512 2x present file excl THP | 2x present file excl | none | present file excl | 10x present file excl THP | 240x none | 256x present file excl THP
write A+5 9
read B+5 => value 9
status => bytes 16384`,
  ],
  [
    'a split leaves markers where a mapping is armed',
    `file F 512
mmap A 512 shmem rw file=F
mmap B 512 shmem-private rw file=F
userfaultfd u
api u features=wp_hugetlbfs_shmem,wp_unpopulated
register u B 0 512 mode=wp
write A+3 3
madvise A 0 512 collapse
read B+9 => value 0
expect B 0 512 present file THP
writeprotect u B 7 2 mode=wp
expect B 0 512 7x none | 2x marker(wp) +WP | 503x none
fallocate F 3 2 punch
expect A 0 512 none
expect B 0 512 7x none | 2x marker(wp) +WP | 503x none
read B+7 => value 0
expect B 0 512 7x none | present file excl THP +WP | marker(wp) +WP | 503x none`,
  ],
  [
    'a new length splits a huge page of the cache and drops what is beyond',
    `file F 512
mmap A 512 shmem rw file=F
write A+3 3
write A+5 5
write A+300 30
madvise A 0 512 collapse
ftruncate F 4
expect A 0 512 none
read A+3 => value 3
expect A 0 512 4x present file excl THP | 508x none
read A+5 => SIGBUS code 2
ftruncate F 512
read A+5 => value 0
read A+300 => value 0
expect A 0 512 4x present file excl THP | none | present file excl | 294x none | present file excl | 211x none`,
  ],
  [
    'MADV_PAGEOUT takes all of a huge page of the cache, page by page',
    `file F 512
mmap A 512 shmem rw file=F
write A+3 3
write A+300 30
madvise A 0 512 collapse
madvise A 0 512 pageout
expect A 0 512 none
read A+3 => value 3
read A+300 => value 30
expect A 0 512 3x none | present file excl | 296x none | present file excl | 211x none`,
  ],
  [
    'MADV_PAGEOUT of a part splits a huge page of the cache and takes nothing',
    `file F 512
mmap A 512 shmem rw file=F
write A+3 3
write A+300 30
madvise A 0 512 collapse
madvise A 3 2 pageout
expect A 0 512 none
read A+3 => value 3
expect A 0 512 16x present file excl | 496x none`,
  ],
  [
    'MADV_PAGEOUT of a part splits one that ptes map, too',
    `file F 512
mmap A 512 shmem rw file=F
write A+3 3
write A+300 30
madvise A 0 512 collapse
madvise A 3 2 dontneed
expect A 0 512 none
read A+30 => value 0
expect A 0 512 present file excl THP
madvise A 3 2 pageout
expect A 0 512 none
madvise A 0 512 pageout
expect A 0 512 none
read A+3 => value 3
expect A 0 512 16x present file excl | 496x none`,
  ],
  [
    'MADV_PAGEOUT takes a huge page that two mappings of one process map',
    `file F 512
mmap A 512 shmem rw file=F
mmap B 512 shmem rw file=F
write A+3 3
write A+300 30
madvise A 0 512 collapse
read B => value 0
madvise A 0 512 pageout
expect A 0 512 none
expect B 0 512 none
madvise A 3 1 pageout
expect A 0 512 none
expect B 0 512 none
madvise A 0 512 cold
madvise A 3 1 cold
expect A 0 512 none
expect B 0 512 none`,
  ],
  [
    'MADV_COLD of a part splits a huge page of the cache',
    `file F 512
mmap A 512 shmem rw file=F
write A+3 3
write A+300 30
madvise A 0 512 collapse
madvise A 3 1 cold
expect A 0 512 none
madvise A 0 512 cold
expect A 0 512 none`,
  ],
  [
    'MADV_REMOVE splits a huge page of the cache as a hole does',
    `file F 512
mmap A 512 shmem rw file=F
write A+3 3
write A+300 30
madvise A 0 512 collapse
madvise A 3 4 remove
expect A 0 512 none
read A+3 => value 0
expect A 0 512 2x present file excl THP | 2x present file excl | 3x none | present file excl | 8x present file excl THP | 496x none
read A+300 => value 30
expect A 0 512 2x present file excl THP | 2x present file excl | 3x none | present file excl | 8x present file excl THP | 240x none | 256x present file excl THP`,
  ],
  [
    'a table that moves as a whole is handed over: dontunmap leaves none behind',
    `mmap R3 1024 shmem-private rw
write R3 1
mremap R3 0 1024 M5 1024 maymove dontunmap
status => bytes 12288
expect M5 0 1024 present anon excl | 1023x none`,
  ],
  [
    'the tables above are made at the new place for nothing, too',
    `mmap R3 1024 shmem rw
write R3+800 1
mremap R3 0 512 M5 512 maymove
status => bytes 12288`,
  ],
  [
    'the unmapping of a page of the cache leaves zero pages alone',
    `file F1 1
mmap R2 1 shmem-private rw file=F1
mmap R3 1 shmem-private rw file=F1
userfaultfd u4
api u4
register u4 R2 0 1 mode=minor
madvise R3 0 1 populate_read
zeropage u4 R2 0 1
madvise R3 0 1 pageout
expect R2 0 1 present anon ZERO
expect R3 0 1 none`,
  ],
  [
    'fallocate makes a page that is there dirty: pressure swaps it instead of dropping it',
    `file F1 6
mmap R2 6 shmem-private rw file=F1
userfaultfd u4
api u4
register u4 R2 0 6 mode=minor
monitor u4 minor=continue
read R2+5 => value 0
fallocate F1 3 3
madvise R2 0 6 pageout
write R2+5 1`,
  ],
  [
    'MADV_DONTNEED that waited finds its mapping again although nobody watches it any more',
    `mmap R1 3 shmem-private rw
userfaultfd u2
api u2 features=event_remove
register u2 R1 0 3 mode=wp
madvise R1 2 1 dontneed => blocked
.t1: mprotect R1 0 1 none
.t1: write R1+1 1
expect R1 0 3 none | present anon excl | none
.reader: read R1+1 => value 1
close u2
.reader: read R1+1 => value 1`,
  ],
  [
    'MREMAP_DONTUNMAP of a part unlocks all of the mapping',
    `mmap R2 2 anon rw
mlock R2 0 2
mremap R2 0 1 M5 1 maymove dontunmap
madvise R2 0 1 pageout
madvise R2 1 1 pageout
madvise M5 0 1 pageout => EINVAL`,
  ],
  [
    'between two mappings of different families of private pages, one joins the mapping before it',
    `mmap R1 9 anon rw
userfaultfd u2
api u2
register u2 R1 0 9 mode=missing
monitor u2 missing=copy
mprotect R1 6 1 r
read R1 => value 1515870810; message pagefault R1 flags=0 [none]
move u2 R1 8 1 from=R1+7 => ENOENT result -ENOENT
mprotect R1 0 7 rw
move u2 R1 6 2 from=R1+3 => EINVAL result -EINVAL`,
  ],
  [
    'MADV_REMOVE that waited punches the hole where it was asked',
    `file F 4
mmap A 4 shmem rw file=F
mmap B 4 shmem rw file=F
write B+1 1
write B+2 2
userfaultfd u
api u features=event_remove
register u A 0 4 mode=missing
madvise A 1 1 remove => blocked
.t1: munmap A 1 1
.t1: close u
.t1: read B+1 => value 0
.t1: read B+2 => value 2`,
  ],
  [
    'what MREMAP_DONTUNMAP leaves is not locked, but its pages are',
    `mmap R1 2 shmem rw
mlock R1 0 2
mremap R1 0 1 M5 1 maymove dontunmap
madvise R1 0 2 pageout
expect R1 0 2 none | present file excl`,
  ],
]

test.each(RULES)('%s', async (_, program) => {
  expect(await failures(program, 'shmem')).toEqual([])
})
