import { LimitError, type MachineLimits } from '@faultline/pagetable-core'
import { type Operation, range } from '@faultline/program'
import { expect, test } from 'vitest'
import { allDesigns, findDesign } from './catalog.ts'
import { createModel } from './model.ts'

const linux = findDesign('linux-6.18')!
const PAGES = 4096
const whole = range('A', 0, PAGES)

/** A bit of everything that needs tables or frames. */
const PROGRAM: readonly Operation[] = [
  { op: 'mmap', region: 'A', pages: PAGES, memory: 'anon', prot: 'rw' },
  { op: 'mmap', region: 'H', pages: 1024, memory: 'anon', prot: 'rw' },
  { op: 'madvise', range: range('H', 0, 1024), advice: 'hugepage' },
  { op: 'write', at: { region: 'H', page: 3, byte: 0 }, value: 9 },
  { op: 'write', at: { region: 'A', page: 1, byte: 0 }, value: 1 },
  { op: 'write', at: { region: 'A', page: 513, byte: 0 }, value: 2 },
  { op: 'write', at: { region: 'A', page: 3000, byte: 0 }, value: 3 },
  { op: 'userfaultfd', uffd: 'u', flags: 0 },
  { op: 'api', uffd: 'u', features: (1 << 13) | (1 << 15), version: 0xaa },
  { op: 'register', uffd: 'u', range: whole, mode: 2 },
  { op: 'writeprotect', uffd: 'u', range: whole, mode: 1 },
  { op: 'fork', child: 'child' },
  { op: 'write', at: { region: 'A', page: 1, byte: 0 }, value: 4 },
  { op: 'write', at: { region: 'A', page: 2000, byte: 0 }, value: 5 },
  { op: 'madvise', range: range('H', 5, 9), advice: 'dontneed' },
  { op: 'mremap', region: 'A', range: range('A', 0, PAGES), newPages: PAGES, mayMove: true, dontUnmap: true },
  { op: 'madvise', range: whole, advice: 'dontneed' },
]

/** Performs the program as far as a machine lets it. @returns the errors, and what is left at the end */
function run(limits: MachineLimits, design = linux) {
  const session = createModel(design, { limits }).open()
  const errors: LimitError[] = []
  const attempt = (operation: Operation): void => {
    try {
      session.perform(operation)
    } catch (error) {
      if (error instanceof LimitError) errors.push(error)
      // The name of a process whose fork was refused, and what a design does not know.
      else if (!(error instanceof Error) || !/no process|cannot/.test(error.message)) throw error
    }
  }
  for (const operation of PROGRAM) attempt(operation)
  attempt({ op: 'exit', process: 'child' })
  const { machine } = session.composed.kernel
  // It still answers: what is unmapped makes room, and a page can be mapped again.
  session.perform({ op: 'munmap', range: whole })
  session.perform({ op: 'munmap', range: range('H', 0, 1024) })
  session.perform({ op: 'mmap', region: 'B', pages: 1, memory: 'anon', prot: 'rw' })
  session.perform({ op: 'munmap', range: range('B', 0, 1) })
  session.close()
  return { errors, frames: machine.frames.nrUsed(), tables: machine.tables.nrTables() }
}

test('a machine that is large enough refuses nothing', () => {
  expect(run({}).errors).toEqual([])
})

test.each(Array.from({ length: 30 }, (_, i) => i + 1))('with %i tables the session goes on, and loses nothing', (tables) => {
  const unlimited = run({})
  const { errors, ...left } = run({ tables })
  expect(left).toEqual({ frames: unlimited.frames, tables: unlimited.tables })
  for (const { refusal, message } of errors) {
    expect(refusal).toMatchObject({ what: 'page tables', limit: tables })
    expect(refusal.inUse + refusal.asked).toBeGreaterThan(tables)
    expect(message).toBe(
      `${refusal.asked} more of page tables asked for with ${refusal.inUse} in use: the limit of this machine is ${tables}`,
    )
  }
  if (tables < 10) expect(errors.length).toBeGreaterThan(0)
})

test.each([0, 1, 2, 3, 500, 512, 513, 516])('with %i frames the session goes on, and loses nothing', (frames) => {
  const unlimited = run({})
  const { errors, ...left } = run({ frames: 1024 + frames })
  expect(left).toEqual({ frames: unlimited.frames, tables: unlimited.tables })
  if (frames < 3) expect(errors.length).toBeGreaterThan(0)
  for (const { refusal } of errors) expect(refusal).toMatchObject({ what: 'frames', limit: frames })
})

test.each(allDesigns.map(({ name }) => name))('%s goes on in small machines', (name) => {
  for (const tables of [3, 5, 7, 9, 11, 13, 15]) run({ tables }, findDesign(name)!)
})

test('pages that were there before are there after', () => {
  const session = createModel(linux, { limits: { tables: 5 } }).open()
  session.perform({ op: 'mmap', region: 'A', pages: PAGES, memory: 'anon', prot: 'rw', vpn: 0x10000000 })
  expect(session.access('main', 0x10000000, true, 7)).toBe(0)
  expect(session.access('main', 0x10000000 + 512, true, 8)).toBe(0)
  expect(() => session.access('main', 0x10000000 + 1024, true, 9)).toThrow(
    '1 more of page tables asked for with 5 in use: the limit of this machine is 5',
  )
  expect(() => session.perform({ op: 'write', at: { region: 'A', page: 1024, byte: 0 }, value: 9 })).toThrow(LimitError)
  for (const [page, value] of [
    [0, 7],
    [512, 8],
  ]) {
    expect(session.perform({ op: 'read', at: { region: 'A', page, byte: 0 } })).toEqual({ errno: 0, value })
  }
  session.perform({ op: 'munmap', range: range('A', 0, 512) })
  expect(session.access('main', 0x10000000 + 1024, true, 9)).toBe(0)
})

test('pages that find no room in swap stay, as on Linux, and what was refused is known', () => {
  const session = createModel(linux, { limits: { swapSlots: 101 } }).open()
  const { machine } = session.composed.kernel
  const [all, start] = [range('A', 0, 300), range('A', 0, 60)]
  session.perform({ op: 'mmap', region: 'A', pages: 300, memory: 'anon', prot: 'rw', vpn: 0x10000000 })
  session.perform({ op: 'madvise', range: all, advice: 'nohugepage' })
  for (let page = 0; page < 300; page++) session.access('main', 0x10000000 + page, true, page)
  expect(session.perform({ op: 'madvise', range: all, advice: 'pageout' })).toEqual({ errno: 0 })
  expect([machine.swap.nrUsed(), machine.frames.nrUsed()]).toEqual([100, 200])
  expect(machine.refusal).toEqual({ what: 'swap slots', asked: 1, inUse: 100, limit: 100 })
  // What comes back, or goes for good, makes room for others.
  session.perform({ op: 'madvise', range: start, advice: 'dontneed' })
  expect(session.perform({ op: 'madvise', range: all, advice: 'pageout' })).toEqual({ errno: 0 })
  expect([machine.swap.nrUsed(), machine.frames.nrUsed()]).toEqual([100, 140])
  for (let page = 60; page < 300; page++)
    expect(session.perform({ op: 'read', at: { region: 'A', page, byte: 0 } })).toEqual({ errno: 0, value: page })
  expect([machine.swap.nrUsed(), machine.frames.nrUsed()]).toEqual([0, 240])
})

test('pages of files that find no room in swap stay, too', () => {
  const session = createModel(linux, { limits: { swapSlots: 11 } }).open()
  const { machine } = session.composed.kernel
  const all = range('S', 0, 30)
  session.perform({ op: 'mmap', region: 'S', pages: 30, memory: 'shmem', prot: 'rw', vpn: 0x10000000 })
  for (let page = 0; page < 30; page++) session.access('main', 0x10000000 + page, true, page)
  session.perform({ op: 'madvise', range: all, advice: 'pageout' })
  expect([machine.swap.nrUsed(), machine.frames.nrUsed()]).toEqual([10, 20])
  expect(machine.refusal).toEqual({ what: 'swap slots', asked: 1, inUse: 10, limit: 10 })
  for (let page = 0; page < 30; page++)
    expect(session.perform({ op: 'read', at: { region: 'S', page, byte: 0 } })).toEqual({ errno: 0, value: page })
})
