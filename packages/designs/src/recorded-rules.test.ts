import { expect, test } from 'vitest'
import { failures } from '../test/scripts.ts'

// Programs on anonymous memory, with what Linux 6.18 answered to each line.
const RECORDED: readonly (readonly [rule: string, program: string])[] = [
  [
    'a guard does not hide from MADV_COLLAPSE that other pages are missing',
    `mmap R1 512 anon rw
madvise R1 0 1 guard_install
userfaultfd u2
api u2
register u2 R1 0 512 mode=wp
madvise R1 0 512 collapse => EBUSY`,
  ],
  [
    'MADV_COLLAPSE reads pages from swap until it meets a guard, and ends there',
    `mmap R1 1024 anon rw
write R1 1
write R1+1 1
write R1+7 1
madvise R1 1 7 pageout
madvise R1 5 1 guard_install
write R1+512 1
madvise R1 0 1024 collapse => EINVAL
expect R1 0 10 2x present anon excl | 3x none | marker(guard) [G] | none | swap | 2x none
expect R1 512 2 present anon excl | none`,
  ],
  [
    'a scan that splits a huge page still says that it ended where its limit was met',
    `mmap R1 512 anon rw
madvise R1 0 512 hugepage
userfaultfd u2
api u2 features=wp_async
register u2 R1 0 512 mode=wp
read R1 => value 0
scan R1 0 2 flags=wp_matching anyof=huge return=written max=1 vec=32 => walk-end R1+1; no regions
scan R1 0 2 flags=wp_matching anyof=written return=written max=1 vec=32 => walk-end R1+1; region R1..R1+1 written
expect R1 0 4 present anon ZERO +WP | 3x present anon ZERO`,
  ],
  [
    'a mapping whose part is moved next to it joins itself: the registration and the locks go, for what stays too',
    `mmap R1 16 anon rw
mmap R2 1 anon rw at=R1+16
userfaultfd u3
api u3
register u3 R1 0 16 mode=wp
mremap R1 0 1 M4 1 maymove dontunmap to=R2 => ok
writeprotect u3 R1 0 1 mode=0 => ENOENT`,
  ],
  [
    'MREMAP_DONTUNMAP unlocks all of the mapping',
    `mmap R1 16 anon rw
mlock R1 0 16
mmap R2 1 anon rw at=R1+16
mremap R1 0 1 M4 1 maymove dontunmap to=R2 => ok
madvise R1 0 1 cold
madvise R1 1 1 cold
madvise R1 16 1 cold => EINVAL`,
  ],
  [
    'a page that came back from swap is freed lazily and dropped',
    `mmap R1 1 anon rw
write R1 1
madvise R1 0 1 pageout
write R1 1
madvise R1 0 1 free
reclaim R1 0 1
expect R1 0 1 none`,
  ],
  [
    'a page that was freed lazily is as clean where it is moved to; a huge page is not',
    `mmap R1 1024 anon rw
madvise R1 0 1024 hugepage
mmap R2 2 anon rw
write R1 1
write R2+1 1
userfaultfd u2
api u2
register u2 R1 0 1024 mode=wp
register u2 R2 0 1 mode=missing
madvise R1 0 512 free
madvise R2 0 2 free
move u2 R1 512 512 from=R1 => result 2097152
move u2 R2 0 1 from=R2+1 => result 4096
reclaim R1 512 512
reclaim R2 0 1
expect R1 512 512 swap | 511x present anon ZERO
expect R2 0 2 none`,
  ],
]

test.each(RECORDED)('%s', async (_rule, program) => {
  expect(await failures(program, 'anon')).toEqual([])
})
