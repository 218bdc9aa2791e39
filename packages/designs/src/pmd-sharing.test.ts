import type { Design } from '@faultline/mm-types'
import { describe, expect, test } from 'vitest'
import { failures } from '../test/scripts.ts'
import { linux618, sharedTables, sharedTablesUntilProtected, unsharedTables } from './index.ts'

/** Two processes that map a whole GiB of one file, of which four pages are used. The other, c, has touched the first. */
const SHARED = `uffd u features=wp_unpopulated,wp_hugetlbfs_shmem
file F 4 huge=2M
mmap A 512 hugetlb rw file=F noreserve
ftruncate F 4
fork c
c: write A 1
read A => value 1`
// The column of linux-6.18 was seen on 6.1.0-56 and 6.12.117 of Debian 12 too, in a virtual machine.
const WATCHED = 'register u A 0 512 mode=wp'
const ARMED = 'writeprotect u A 0 4 mode=wp'

const after = (design: Design, ...lines: string[]) => failures([SHARED, ...lines].join('\n'), 'hugetlb', design)

describe.each([
  { design: sharedTables, name: 'shared-tables', before: true, watched: true },
  { design: linux618, name: 'linux-6.18', before: true, watched: false },
  { design: unsharedTables, name: 'unshared-tables', before: false, watched: false },
])('$name', ({ design, before, watched }) => {
  const seen = (shared: boolean) => (shared ? 'has present' : 'none')

  test('a page that one process has touched shows in the other, or does not', async () => {
    expect(await after(design, 'c: write A+1 2', `expect A 1 1 ${seen(before)}`, 'read A+1 => value 2')).toEqual([])
    expect(await after(design, WATCHED, `expect A 0 1 ${seen(before ? watched : true)}`)).toEqual([])
    expect(await after(design, WATCHED, 'c: write A+1 2', `expect A 1 1 ${seen(watched)}`, 'c: expect A 0 2 has present')).toEqual([])
  })

  test('protection of one is seen by the other where they share, and by nobody else', async () => {
    expect(await after(design, WATCHED, ARMED, `c: expect A 0 1 has ${watched ? '+WP' : '!+WP'}`, 'write A 2 => blocked')).toEqual([])
  })

  test.each(['A', 'A+1'])('a store to %s of a process that watches nothing goes on for ever at the protection of another', async (page) => {
    expect(await after(design, WATCHED, ARMED, `c: write ${page} 3 => ${watched ? 'livelock' : 'ok'}`)).toEqual([])
  })

  test('who answers its own message takes the protection of the others away, whose writes go unseen', async () => {
    const both = [
      'c: uffd v features=wp_hugetlbfs_shmem',
      'c: register v A 0 512 mode=wp',
      'c: writeprotect v A 0 4 mode=wp',
      WATCHED,
      ARMED,
    ]
    const lines = [...both, 'c: write A 2 => blocked', 'c: writeprotect v A 0 1 mode=0', `write A 3 => ${watched ? 'ok' : 'blocked'}`]
    expect(await after(design, ...lines)).toEqual([])
  })
})

test('shared-tables: a process that watches for itself is told of a protection that it never asked for', async () => {
  const both = ['c: uffd v features=wp_hugetlbfs_shmem', 'c: register v A 0 512 mode=wp', WATCHED, 'writeprotect u A 0 1 mode=wp']
  expect(await after(sharedTables, ...both, 'c: write A 2 => blocked')).toEqual([])
  expect(await after(linux618, ...both, 'c: write A 2 => ok')).toEqual([])
})

test('shared-until-protected: the call lets go of the table and protects nothing; once more, and it does', async () => {
  const once = [WATCHED, ARMED, 'expect A 0 1 none', 'c: expect A 0 1 has present !+WP', 'write A 2 => ok']
  expect(await after(sharedTablesUntilProtected, ...once)).toEqual([])
  expect(await after(sharedTablesUntilProtected, WATCHED, ARMED, ARMED, 'write A 2 => blocked', 'c: write A 3 => ok')).toEqual([])
})
