import { describe, expect, test } from 'vitest'
import { failures } from '../test/scripts.ts'

// What happens to a hugetlb mapping that is cut, moved or truncated; each line was seen on Linux 6.18.
const after = (...lines: string[]) => failures(lines.join('\n'), 'hugetlb')

/** Two mappings of a whole GiB of one short file, both at places that let them share a table of pmds. */
const SHARED = `file F 2 huge=2M
mmap A 512 hugetlb rw file=F noreserve
mmap B 512 hugetlb rw file=F noreserve
ftruncate F 2
write A 1
read B => value 1`

describe('a table of pmds that two mappings share', () => {
  test('shows in one what the other has touched', async () => {
    expect(await after(SHARED, 'write A+1 2', 'expect B 0 2 has present')).toEqual([])
  })

  test('is no longer that of a mapping that is cut inside the GiB', async () => {
    expect(await after(SHARED, 'madvise B 0 1 dontfork', 'expect B 0 1 none', 'expect A 0 1 has present')).toEqual([])
    expect(await after(SHARED, 'mprotect B 1 1 r', 'expect B 0 1 none', 'write A+1 2', 'expect B 1 1 none')).toEqual([])
    expect(await after(SHARED, 'munmap B 511 1', 'expect B 0 1 none', 'read B => value 1', 'expect B 0 1 has present')).toEqual([])
  })

  test('stays with the mapping that comes last in the file when pages are truncated', async () => {
    const lines = ['file F 1 huge=2M', 'mmap A 512 hugetlb rw file=F noreserve', 'mmap B 512 hugetlb rw file=F noreserve', 'fork c']
    const shared = [...lines, 'c: write A 1', 'read B => value 1', 'ftruncate F 0']
    expect(await after(...shared, 'status => bytes 8192', 'c: status => bytes 4096')).toEqual([])
  })
})

test('is cut between huge pages alone', async () => {
  const lines = ['mmap A 2 hugetlb-private rw', 'mprotect A 0 1:0x1000 r => EINVAL', 'madvise A 0 0:0x1000 dontfork => EINVAL']
  expect(await after(...lines, 'munmap A 0 1:0x1000 => EINVAL', 'mlock A 0 0:0x1000 => ok', 'write A 1 => ok')).toEqual([])
})

test('a refused cut at the end of a range leaves the one at its start', async () => {
  const lines = ['mmap A 3 hugetlb-private none', 'uffd u', 'register u A 0 3 mode=wp', 'mprotect A 1 1:0x10 rw => EINVAL']
  expect(await after(...lines, 'copy u A 0 2 1 => ENOENT', 'copy u A 1 2 1 => ok')).toEqual([])
})

test('mremap rounds lengths up to huge pages', async () => {
  expect(await after('mmap A 2 hugetlb-private rw', 'mremap A 0 1:0x1000 M 2 maymove => ok', 'write M+1 1 => ok')).toEqual([])
})

test('a mapping that may be written makes its file long enough', async () => {
  const beyond = ['file F 1 huge=2M', 'mmap A 1 hugetlb r file=F pgoff=1', 'read A => SIGBUS']
  expect(await after(...beyond, 'mmap B 1 hugetlb-private rw file=F pgoff=1', 'read A => value 0')).toEqual([])
})

test('setting the length that a file has drops the markers beyond it', async () => {
  const armed = ['file F 2 huge=2M', 'mmap A 2 hugetlb rw file=F', 'uffd u features=wp_hugetlbfs_shmem', 'ftruncate F 1']
  const lines = ['register u A 0 2 mode=wp', 'writeprotect u A 0 2 mode=wp', 'expect A 0 2 none +WP', 'ftruncate F 1']
  expect(await after(...armed, ...lines, 'expect A 0 2 none +WP | none')).toEqual([])
})
