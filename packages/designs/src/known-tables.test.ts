import {
  KNOWN_ARMED,
  KNOWN_MARKERS,
  KNOWN_NOTHING,
  KNOWN_UNARMED,
  type Known,
  PAGE_IS_PRESENT,
  PAGE_IS_SWAPPED,
  PAGE_IS_WRITTEN,
  UFFD_FEATURE_WP_ASYNC,
  UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
  UFFD_FEATURE_WP_UNPOPULATED,
} from '@faultline/mm-types'
import { type Operation, place, range } from '@faultline/program'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { randomProgram } from '../test/random-program.ts'
import { recount } from '../test/recount.ts'
import { openProgram, SEED, textUpTo } from '../test/sessions.ts'
import { createModel, linux61, linux618, twoMarkersArming, wpZeropageV1 } from './index.ts'

const FEATURES = UFFD_FEATURE_WP_HUGETLBFS_SHMEM | UFFD_FEATURE_WP_UNPOPULATED | UFFD_FEATURE_WP_ASYNC
const ARM = 1

/** Calls over the whole of X, more often than they come by themselves: scans that arm, scans that do not, arming, disarming. */
function overAll(_memory: string, pages: number): fc.Arbitrary<Operation>[] {
  const scan = fc
    .record({ flags: fc.constantFrom(0, ARM), vecLen: fc.constantFrom(0, 3, pages), mask: fc.constantFrom(0, PAGE_IS_WRITTEN) })
    .map(({ flags, vecLen, mask }): Operation => {
      const returned = PAGE_IS_WRITTEN | PAGE_IS_PRESENT | PAGE_IS_SWAPPED
      return { op: 'scan', range: range('X', 0, pages), flags, inverted: 0, mask, anyof: 0, returned, maxPages: 0, vecLen }
    })
  const protect = fc.constantFrom(0, 1).map((mode): Operation => ({ op: 'writeprotect', uffd: 'u', range: range('X', 0, pages), mode }))
  const populate = fc.constant<Operation>({ op: 'madvise', range: range('X', 0, pages), advice: 'populate_write' })
  return [scan, protect, populate]
}

test.each([linux618, linux61, wpZeropageV1, twoMarkersArming].map((design) => ({ name: design.name, design })))(
  '$name: whatever happens to entries, a table is what is known of it',
  ({ design }) => {
    fc.assert(
      fc.property(randomProgram(['anon', 'shmem', 'shmem-private'], FEATURES & design.uffd.features, overAll), (program) => {
        const session = openProgram(design, program)
        for (const operation of program.operations) {
          session.perform(operation)
          const wrong = recount(session.composed.kernel, [session.bindings.file('F')])
          if (wrong.length > 0) expect.fail(`${textUpTo(program, operation)}${wrong.join('\n')}`)
        }
      }),
      { numRuns: 40, seed: SEED },
    )
  },
)

/** A session with 512 pages of X, all in one table, watched. */
function watched() {
  const session = createModel(linux618).open()
  const perform = (operation: Operation) => session.perform(operation)
  perform({ op: 'mmap', region: 'X', pages: 512, memory: 'anon', prot: 'rw', vpn: 512 })
  perform({ op: 'madvise', range: range('X', 0, 512), advice: 'nohugepage' })
  perform({ op: 'userfaultfd', uffd: 'u', flags: 0 })
  perform({ op: 'api', uffd: 'u', features: FEATURES, version: 0xaa })
  perform({ op: 'register', uffd: 'u', range: range('X', 0, 512), mode: 2 })
  const { tables } = session.composed.kernel.machine
  const known = (): Known => tables.known(tables.pteTable(session.mm({}).pgd, 512))
  const ptes = (operation: Operation): number => {
    const before = session.counters().ptes!
    perform(operation)
    return session.counters().ptes! - before
  }
  return { perform, known, ptes }
}

const protect = (mode: number, pages = 512): Operation => ({ op: 'writeprotect', uffd: 'u', range: range('X', 0, pages), mode })
const write = (page: number): Operation => ({ op: 'write', at: place('X', page), value: 1 })
const scan = (flags: number): Operation => ({
  op: 'scan',
  range: range('X', 0, 512),
  flags,
  inverted: 0,
  mask: PAGE_IS_WRITTEN,
  anyof: 0,
  returned: PAGE_IS_WRITTEN,
  maxPages: 0,
  vecLen: 512,
})

test('calls over all of a table leave it known, one store makes that forgotten, and entries are counted all the same', () => {
  const { perform, known, ptes } = watched()
  perform(protect(1))
  expect(known()).toBe(KNOWN_MARKERS)
  expect(ptes(protect(1))).toBe(512)
  perform(write(7))
  expect(known()).toBe(KNOWN_NOTHING)
  perform({ op: 'madvise', range: range('X', 0, 512), advice: 'populate_write' })
  perform(scan(0))
  expect(known()).toBe(KNOWN_UNARMED)
  expect(ptes(scan(0))).toBe(512)
  expect(perform(scan(ARM)).regions).toEqual([{ start: 512 * 4096, end: 1024 * 4096, categories: PAGE_IS_WRITTEN }])
  expect(known()).toBe(KNOWN_ARMED)
  expect(perform(scan(ARM)).regions).toEqual([])
  perform(write(511))
  expect(known()).toBe(KNOWN_ARMED - 1)
  expect(perform(scan(0)).regions).toEqual([{ start: 1023 * 4096, end: 1024 * 4096, categories: PAGE_IS_WRITTEN }])
  perform(protect(1))
  expect(known()).toBe(KNOWN_ARMED)
  perform({ op: 'read', at: place('X', 3) })
  expect(known()).toBe(KNOWN_ARMED)
  perform(protect(0, 511))
  expect(known()).toBe(KNOWN_NOTHING)
  perform(protect(0))
  expect(known()).toBe(KNOWN_UNARMED)
  perform({ op: 'madvise', range: range('X', 3, 1), advice: 'dontneed' })
  expect(known()).toBe(KNOWN_NOTHING)
})

test('a table of which all pages were written one by one is known to be unarmed', () => {
  const { perform, known, ptes } = watched()
  perform({ op: 'madvise', range: range('X', 0, 512), advice: 'populate_write' })
  perform(protect(1))
  for (let page = 0; page < 512; page++) {
    expect(known()).toBe(KNOWN_ARMED - page)
    perform(write(page))
    perform(write(page))
  }
  expect(known()).toBe(KNOWN_UNARMED)
  expect(ptes(scan(0))).toBe(512)
  expect(perform(scan(0)).regions).toEqual([{ start: 512 * 4096, end: 1024 * 4096, categories: PAGE_IS_WRITTEN }])
})

test('the random programs leave tables known in every way', () => {
  const seen = new Set<Known>()
  for (const program of fc.sample(randomProgram(['anon', 'shmem'], FEATURES, overAll), { numRuns: 30, seed: SEED })) {
    const session = openProgram(linux618, program)
    const { tables } = session.composed.kernel.machine
    for (const operation of program.operations) {
      session.perform(operation)
      const table = tables.pteTable(session.mm({}).pgd, session.bindings.region('X').vpn)
      if (table !== 0) seen.add(tables.known(table))
    }
  }
  for (const known of [KNOWN_NOTHING, KNOWN_MARKERS, KNOWN_ARMED, KNOWN_ARMED - 1, KNOWN_UNARMED]) expect(seen).toContain(known)
  const isOne = (known: number) => known === KNOWN_NOTHING || known === KNOWN_MARKERS || (known >= KNOWN_UNARMED && known <= KNOWN_ARMED)
  expect([...seen].filter((known) => !isOne(known))).toEqual([])
})
