import { describe, expect, test } from 'vitest'
import { failures as failuresOf } from '../test/scripts.ts'
import { linux618 } from './index.ts'

// Expectations are those of Linux 6.18, asked on a hugetlbfs mounted with a size of as many pages as the pool has here.
const failures = (pages2M: number, ...lines: string[]) => failuresOf(lines.join('\n'), 'hugetlb', linux618, { hugetlb: { pages2M } })

describe('a pool with no page to spare', () => {
  test('who reserved a page takes it from a child, who is refused it from then on', async () => {
    const lines = ['mmap A 1 hugetlb-private rw', 'write A 1', 'fork c', 'write A 2 => ok', 'c: read A => SIGBUS', 'c: read A => SIGBUS']
    expect(await failures(1, ...lines)).toEqual([])
  })

  test('a child without reservations cannot copy', async () => {
    expect(await failures(1, 'mmap A 1 hugetlb-private rw', 'write A 1', 'fork c', 'c: write A 2 => SIGBUS', 'read A => value 1')).toEqual(
      [],
    )
  })

  test('a page that is dropped is reserved again', async () => {
    const lines = ['mmap A 1 hugetlb-private rw', 'write A 1', 'madvise A 0 1 dontneed', 'mmap B 1 hugetlb rw => ENOMEM', 'write A 2 => ok']
    expect(await failures(1, ...lines)).toEqual([])
  })

  test('a page of a file that was cut off is reserved again', async () => {
    const file = ['file F 1 huge=2M', 'mmap A 1 hugetlb-private rw file=F', 'write A 1']
    expect(await failures(1, ...file, 'ftruncate F 0', 'ftruncate F 1', 'write A 2 => ok')).toEqual([])
  })

  test('a page that is dropped while a child has it comes back with the child', async () => {
    const lines = [
      'mmap A 1 hugetlb-private rw',
      'write A 1',
      'fork c',
      'madvise A 0 1 dontneed',
      'c: exit',
      'mmap B 1 hugetlb rw => ENOMEM',
    ]
    expect(await failures(1, ...lines, 'munmap A 0 1', 'mmap B 1 hugetlb rw => ok')).toEqual([])
  })

  test('a mapping that reserves nothing gets what is spare', async () => {
    expect(await failures(1, 'mmap A 2 hugetlb-private rw noreserve', 'write A 1 => ok', 'write A+1 1 => SIGBUS')).toEqual([])
  })

  test('reservations end with the mapping, and with the process', async () => {
    const again = ['munmap A 0 2', 'mmap A 2 hugetlb-private rw => ok', 'munmap A 0 1', 'mmap B 1 hugetlb rw => ok']
    expect(await failures(2, 'mmap A 2 hugetlb-private rw', 'write A 1', ...again)).toEqual([])
    expect(await failures(1, 'fork c', 'c: mmap A 1 hugetlb-private rw', 'c: exit', 'mmap A 1 hugetlb rw => ok')).toEqual([])
  })
})

test('a hole ends the reservation of what is there, truncation that of what is not', async () => {
  const file = ['file F 1 huge=2M', 'mmap A 1 hugetlb rw file=F']
  expect(await failures(1, ...file, 'fallocate F 0 1 punch', 'mmap B 1 hugetlb rw => ENOMEM')).toEqual([])
  expect(await failures(1, ...file, 'write A 1', 'fallocate F 0 1 punch', 'mmap B 1 hugetlb rw => ok')).toEqual([])
  expect(await failures(1, ...file, 'ftruncate F 0', 'mmap B 1 hugetlb rw => ok')).toEqual([])
})

describe('mremap of a private mapping', () => {
  const moved = ['mremap A 1 1 M 1 maymove to=A+8 => ok', 'write M 1 => ok']

  test('in part: the part keeps its reservation, the rest loses it for good', async () => {
    expect(await failures(2, 'mmap A 2 hugetlb-private rw', ...moved, 'write A 1 => SIGBUS')).toEqual([])
    expect(await failures(2, 'mmap A 2 hugetlb-private rw', ...moved, 'munmap A 0 1', 'mmap B 1 hugetlb rw => ENOMEM')).toEqual([])
  })

  test('in part, after it was cut there: nothing is lost', async () => {
    const cut = ['madvise A 1 1 dontfork', 'madvise A 1 1 dofork']
    expect(await failures(2, 'mmap A 2 hugetlb-private rw', ...cut, ...moved, 'write A 1 => ok')).toEqual([])
  })

  test('shrunk: the rest keeps its reservation', async () => {
    expect(await failures(2, 'mmap A 2 hugetlb-private rw', 'mremap A 0 2 A 1 maymove => ok', 'write A 1 => ok')).toEqual([])
  })
})
