import type { Design } from '@faultline/mm-types'
import { instantiate, type Memory, parseProgram } from '@faultline/program'
import { describe, expect, test } from 'vitest'
import { ARMED_REGION, failures, marker } from '../test/scripts.ts'
import { createModel, linux618, zapsDrop, zapsKeepOverTruncate } from './index.ts'

/** What is left of the protection of a page of a file, by what erased its entry. Linux's column is recorded from 6.18. */
interface Row {
  readonly by: string
  readonly memory: Memory
  readonly lines: readonly string[]
  readonly left: readonly [drops: boolean, linux: boolean, keepsOverTruncate: boolean]
}

const PUNCH = ['fallocate F 0 1 punch']
const TRUNCATE = ['ftruncate F 0', 'ftruncate F 4']
const MAP_AGAIN = ['munmap A 0 4', 'mmap A 4 memory rw file=F at=A', 'register u A 0 4 mode=wp']
const EVERY_PAGE = ['shmem', 'hugetlb'] as const

const ROWS: readonly Row[] = [
  ...EVERY_PAGE.map((memory) => ({ by: 'DONTNEED', memory, lines: ['madvise A 0 1 dontneed'], left: [false, true, true] }) as const),
  ...EVERY_PAGE.map((memory) => ({ by: 'punch', memory, lines: PUNCH, left: [false, true, true] }) as const),
  { by: 'reclaim', memory: 'shmem', lines: ['reclaim A 0 1'], left: [false, true, true] },
  { by: 'truncation', memory: 'shmem', lines: TRUNCATE, left: [false, true, true] },
  { by: 'truncation', memory: 'hugetlb', lines: TRUNCATE, left: [false, false, true] },
  ...EVERY_PAGE.map((memory) => ({ by: 'munmap', memory, lines: MAP_AGAIN, left: [false, false, false] }) as const),
]
const DESIGNS: readonly Design[] = [zapsDrop, linux618, zapsKeepOverTruncate]

const CASES = ROWS.flatMap((row) => DESIGNS.map((design, at) => ({ ...row, design, name: design.name, kept: row.left[at] })))

describe.each(CASES)('$by of an armed page, $memory, $name', ({ by, memory, lines, design, kept }) => {
  test(kept ? 'the next write is reported' : 'the next write goes unseen', async () => {
    const look = [`expect A 0 1 ${kept ? marker(memory) : 'none'}`, `write A 2 => ${kept ? 'blocked' : 'ok'}`]
    const program = [ARMED_REGION, 'write A 1', 'writeprotect u A 0 1 mode=wp', ...lines, ...look]
    expect(await failures(program.join('\n'), memory, design)).toEqual([])
  })

  test('a marker that stood there fares alike, but reclaim, which takes pages, leaves it', async () => {
    const look = `expect A 0 1 ${kept || by === 'reclaim' ? marker(memory) : 'none'}`
    const program = [ARMED_REGION, 'writeprotect u A 0 1 mode=wp', ...lines, look]
    expect(await failures(program.join('\n'), memory, design)).toEqual([])
  })
})

test.each(DESIGNS.flatMap((design) => EVERY_PAGE.map((memory) => ({ design, memory, name: design.name }))))(
  'exit, $memory, $name: nothing is left of entries or tables, whatever is kept',
  ({ design, memory }) => {
    const session = createModel(design).open()
    const lines = [
      ARMED_REGION,
      'write A 1',
      'writeprotect u A 0 3 mode=wp',
      'madvise A 0 4 dontneed',
      'fork c',
      'exit',
      'c: exit',
      'ftruncate F 0',
    ]
    for (const { operation } of instantiate(parseProgram(`faultline-program 1\nmemory ${memory}\n${lines.join('\n')}\n`), memory).steps)
      expect(session.perform(operation).errno).toBe(0)
    const { frames, tables } = session.composed.kernel.machine
    expect({ frames: frames.nrUsed(), tables: tables.nrTables(), spaces: tables.nrPgds() }).toEqual({ frames: 0, tables: 0, spaces: 0 })
  },
)

test('a truncation of shmem drops them where anomaly 12 is mended, but for a design that keeps them', async () => {
  for (const [design, left] of [
    [linux618, 'none'],
    [zapsKeepOverTruncate, marker('shmem')],
  ] as const) {
    const mended = { ...design, anomalies: { ...design.anomalies, truncateKeepsShmemMarkers: false } }
    const program = [ARMED_REGION, 'write A 1', 'writeprotect u A 0 1 mode=wp', ...TRUNCATE, `expect A 0 1 ${left}`]
    expect(await failures(program.join('\n'), 'shmem', mended)).toEqual([])
  }
})
