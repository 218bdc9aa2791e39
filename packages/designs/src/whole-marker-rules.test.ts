import type { ModelSession } from '@faultline/mm'
import type { Design } from '@faultline/mm-types'
import { instantiate, parseProgram } from '@faultline/program'
import { describe, expect, test } from 'vitest'
import { recount } from '../test/recount.ts'
import { createModel, linux618, pmdMarker, pudMarker } from './index.ts'

const GIB = 262144
const watching = (pages: number, memory: string, features = '') =>
  `file F ${pages}\nuffd u features=wp_unpopulated,wp_hugetlbfs_shmem${features}
mmap A ${pages} ${memory} rw${memory === 'anon' ? '' : ' file=F'}\nregister u A 0 ${pages} mode=wp`
/** A GiB of nothing, armed. */
const ARMED = `${watching(GIB, 'anon')}\nwriteprotect u A 0 ${GIB} mode=wp => ok`

/** Runs lines, all of which must go as they say, on a design. */
function run(design: Design, lines: string): ModelSession {
  const session = createModel(design).open()
  for (const { operation } of instantiate(parseProgram(`faultline-program 1\n${lines}\n`)).steps) {
    const outcome = session.perform(operation)
    expect({ operation, errno: Math.abs(outcome.errno), signal: outcome.signal }).toEqual({ operation, errno: 0, signal: undefined })
  }
  return session
}

/** Tables of a process. */
function tables(session: ModelSession, process = 'main'): number {
  return (session.perform({ op: 'status', ...(process === 'main' ? {} : { process }) }).bytes ?? Number.NaN) / 4096
}

/** Tables after lines with markers in ptes, in pmds, in puds. */
function counts(lines: string, process?: string): number[] {
  return [linux618, pmdMarker, pudMarker].map((design) => {
    const session = run(design, lines)
    expect(recount(session.composed.kernel, [...session.bindings.files.values()])).toEqual([])
    return tables(session, process)
  })
}

describe('tables for what is armed and not there, with markers in ptes, pmds, puds', () => {
  test.each([
    ['a GiB', ARMED, [514, 2, 1]],
    ['a GiB and 2 MiB and 8 pages', `${watching(GIB + 520, 'anon')}\nwriteprotect u A 0 ${GIB + 520} mode=wp`, [517, 4, 3]],
    ['2 MiB and 8 pages', `${watching(1024, 'anon')}\nwriteprotect u A 0 520 mode=wp`, [4, 3, 3]],
    ['2 MiB that begin a page late', `${watching(1024, 'anon')}\nwriteprotect u A+1 512 mode=wp`, [4, 4, 4]],
    ['a GiB of a file', `${watching(GIB, 'shmem')}\nwriteprotect u A 0 ${GIB} mode=wp`, [514, 2, 1]],
    ['the same twice', `${ARMED}\nwriteprotect u A 0 ${GIB} mode=wp\nwriteprotect u A+5 3 mode=wp`, [514, 2, 1]],
  ])('%s', (_what, lines, expected) => {
    expect(counts(lines)).toEqual(expected)
  })
})

describe('an entry is spread as far as it must be', () => {
  test.each([
    ['a page is read', 'read A+700', [514, 3, 3]],
    ['two pages of 2 MiB are read', 'read A+513\nread A+1023', [514, 3, 3]],
    ['pages of two 2 MiB are read', 'read A\nread A+1023', [514, 4, 4]],
    ['a page is disarmed', 'writeprotect u A+700 1 mode=0', [514, 3, 3]],
    ['2 MiB are disarmed', 'writeprotect u A+512 512 mode=0', [514, 2, 2]],
    ['half of it is disarmed, to a page', `writeprotect u A 0 ${GIB / 2 + 1} mode=0`, [514, 3, 3]],
    ['all of it is disarmed', `writeprotect u A 0 ${GIB} mode=0`, [514, 2, 1]],
    ['a page is filled', 'copy u A+9 1 5', [514, 3, 3]],
    ['a page is zapped', 'madvise A+9 1 dontneed', [514, 3, 3]],
    ['2 MiB are zapped, with their tables', 'madvise A+512 512 dontneed', [513, 2, 2]],
    ['all of it is zapped, with its tables', `madvise A 0 ${GIB} dontneed`, [2, 2, 1]],
    ['a part is unmapped', 'munmap A+512 513', [513, 3, 3]],
    ['all of it is unmapped', `munmap A 0 ${GIB}`, [0, 0, 0]],
    ['it is no longer watched', `unregister u A 0 ${GIB}`, [514, 2, 1]],
    ['it is looked at', `pagemap A 0 2\nscan A 0 ${GIB} return=present,written vec=4`, [514, 2, 1]],
    ['it is cut in two within 2 MiB', `mprotect A+700 9000 r`, [514, 2, 1]],
  ])('%s', (_what, lines, expected) => {
    expect(counts(`${ARMED}\n${lines}`)).toEqual(expected)
  })

  test('what is spread is armed to the last page, and what is spread from a GiB to the last 2 MiB', () => {
    for (const [design, page, pages] of [
      [pmdMarker, 700, 512],
      [pudMarker, 700, GIB],
    ] as const) {
      const session = run(design, `${ARMED}\ncopy u A+${page} 1 5`)
      const states = session.perform({ op: 'pagemap', range: { at: { region: 'A', page: 0, byte: 0 }, pages: GIB, bytes: 0 } }).pages ?? []
      const first = pages === GIB ? 0 : 512
      const others = states.filter((_, at) => at >= first && at < first + pages && at !== page)
      expect(others.length).toBe(pages - 1)
      expect(new Set(others).size).toBe(1)
      expect(others[0]).not.toBe(states[page])
    }
  })

  test('a child gets entries of its own, armed where it is watched itself', () => {
    const watched = ARMED.replace('wp_hugetlbfs_shmem', 'wp_hugetlbfs_shmem,event_fork')
    for (const lines of [`${ARMED}\ncopy u A+600 1 5\nfork child`, `${watched}\ncopy u A+600 1 5\nfork child\nreceive u child=v`]) {
      expect(counts(lines)).toEqual([514, 3, 3])
      expect(counts(lines, 'child')).toEqual([514, 3, 3])
    }
  })
})

describe('tables are folded where they can be', () => {
  const FILE = `${watching(1024, 'shmem')}\nmadvise A 0 1024 populate_write`
  test.each([
    ['armed by halves', `${watching(512, 'anon')}\nwriteprotect u A 0 200 mode=wp\nwriteprotect u A+200 312 mode=wp`, [3, 2, 2]],
    ['but for one page', `${watching(512, 'anon')}\nwriteprotect u A 0 511 mode=wp`, [3, 3, 3]],
    [
      'armed where an empty table was',
      `${watching(512, 'anon')}\nwrite A 1\nmadvise A 0 1 dontneed\nwriteprotect u A 0 512 mode=wp`,
      [3, 2, 2],
    ],
    ['a file that was unmapped while it was armed', `${FILE}\nwriteprotect u A 0 1024 mode=wp\nmadvise A 0 1024 dontneed`, [4, 2, 2]],
    ['the same page by page', `${FILE}\nwriteprotect u A 0 512 mode=wp\nmadvise A+1 511 dontneed\nmadvise A 0 1 dontneed`, [4, 3, 3]],
    [
      'a GiB armed in its last page',
      `${watching(GIB, 'anon')}\nwriteprotect u A 0 ${GIB - 1} mode=wp\nwriteprotect u A+${GIB - 1} 1 mode=wp`,
      [514, 2, 1],
    ],
    ['what was spread and is armed again', `${ARMED}\nwriteprotect u A+700 1 mode=0\nwriteprotect u A+700 1 mode=wp`, [514, 2, 1]],
  ])('%s', (_what, lines, expected) => {
    expect(counts(lines)).toEqual(expected)
  })
})

describe('mremap', () => {
  const moved = (pages: number, features = '') =>
    `${watching(pages, 'anon', features)}\nmmap T ${pages} anon rw\nwriteprotect u A 0 ${pages} mode=wp\nmremap A 0 ${pages} N ${pages} maymove to=T`
  test('hands 2 MiB over as one entry, and drops what is not watched any more', () => {
    const state = 'pagemap N 0 1024'
    expect(counts(`${moved(1024, ',event_remap')}\nreceive u\n${state}`)).toEqual([4, 2, 2])
    expect(counts(`${moved(1024)}\n${state}`)).toEqual([4, 2, 2])
  })

  test('hands a GiB over as one entry where both places begin at one', () => {
    const aligned = `mmap N ${GIB} anon rw\n${watching(GIB, 'anon', ',event_remap').replace(`mmap A ${GIB} anon rw`, `mmap A ${GIB} anon rw at=N+${2 * GIB}`)}`
    const lines = `${aligned}\nwriteprotect u A 0 ${GIB} mode=wp\nmremap A 0 ${GIB} B ${GIB} maymove to=N\nreceive u`
    expect(counts(lines)).toEqual([514, 2, 1])
  })
})

test('hugetlb: its leaves are pmds, and a pud stands for 512 of them', () => {
  const armed = `file F 512 huge=2M\nuffd u features=wp_hugetlbfs_shmem\nmmap A 512 hugetlb rw file=F noreserve\nregister u A 0 512 mode=wp\nwriteprotect u A 0 512 mode=wp`
  expect(counts(armed)).toEqual([2, 2, 1])
  expect(counts(`${armed}\nwriteprotect u A+3 1 mode=0`)).toEqual([2, 2, 2])
  expect(counts(`${armed}\nwriteprotect u A 0 512 mode=0`)).toEqual([2, 2, 1])
  expect(counts(`${armed}\nmadvise A 0 512 dontneed`)).toEqual([2, 2, 1])
  expect(counts(`${armed}\nmunmap A 0 512`)).toEqual([0, 0, 0])
})

test('a marker keeps huge pages out as a table of markers does', () => {
  const states = (design: Design, lines: string) =>
    run(design, `${watching(512, 'anon')}\nmadvise A 0 512 hugepage\nwriteprotect u A 0 512 mode=wp\n${lines}`).perform({
      op: 'pagemap',
      range: { at: { region: 'A', page: 0, byte: 0 }, pages: 512, bytes: 0 },
    }).pages
  for (const lines of ['read A', 'writeprotect u A 0 512 mode=0\nwrite A+9 1', 'khugepaged A 0 512']) {
    const expected = states(linux618, lines)
    for (const design of [pmdMarker, pudMarker]) expect(states(design, lines)).toEqual(expected)
  }
})

describe('what was unmapped or moved away may be huge again, as after tables', () => {
  const huge = 'madvise B 0 512 hugepage\nwrite B+9 1'
  test.each([
    [
      '2 MiB of 4, disarmed before',
      `${watching(1024, 'anon')}\nwriteprotect u A 0 1024 mode=wp\nwriteprotect u A 0 1024 mode=0\nmunmap A 0 512\nmmap B 512 anon rw at=A\n${huge}`,
    ],
    ['2 MiB of a GiB, disarmed before', `${ARMED}\nwriteprotect u A 0 ${GIB} mode=0\nmunmap A 0 512\nmmap B 512 anon rw at=A\n${huge}`],
    ['2 MiB of a GiB, armed', `${ARMED}\nmunmap A 0 512\nmmap B 512 anon rw at=A\n${huge}`],
    [
      '2 MiB that were moved and stay mapped',
      `${watching(512, 'anon', ',event_remap')}\nwriteprotect u A 0 512 mode=wp\nmremap A 0 512 C 512 maymove dontunmap\nreceive u\nunregister u A 0 512\n${huge.replaceAll('B', 'A')}`,
    ],
  ])('%s', (_what, lines) => {
    const states = [linux618, pmdMarker, pudMarker].map((design) => {
      const session = run(design, lines)
      expect(recount(session.composed.kernel, [...session.bindings.files.values()])).toEqual([])
      return session.perform({ op: 'pagemap', range: { at: { region: 'A', page: 0, byte: 0 }, pages: 512, bytes: 0 } }).pages
    })
    expect(states[1]).toEqual(states[0])
    expect(states[2]).toEqual(states[0])
    // All 512 pages came with the one that was written.
    expect(new Set(states[0]).size).toBe(1)
    expect(states[0]?.[0]).not.toBe(0)
  })
})

test('an asynchronous scan arms what is empty by one entry', () => {
  const lines = `uffd u features=wp_async,wp_unpopulated\nmmap A ${GIB} anon rw\nregister u A 0 ${GIB} mode=wp\nscan A 0 ${GIB} flags=wp_matching mask=written return=written vec=4`
  expect(counts(lines)).toEqual([514, 2, 1])
})
