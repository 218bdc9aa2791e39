import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { faultline } from '../../test/run.ts'
import { rowsOf, takeTurns } from './measure.ts'
import { loadModel } from './model-side.ts'
import { SPEED_OPERATIONS } from './operations.ts'
import { printScale } from './scale.ts'
import { measureReference } from './scale-reference.ts'
import { measureScale } from './scale-side.ts'
import type { Side, SideName } from './side.ts'
import { openSides } from './sides.ts'
import { shuffled } from './stage.ts'
import { median, quotients } from './statistics.ts'
import { printSpeed } from './table.ts'
import { judge } from './targets.ts'

const hasCompiler = spawnSync(process.env.CC || 'cc', ['--version']).status === 0
/** Processes start and designs warm up: that takes its time on a busy machine. */
const PATIENCE = 120_000
const names = SPEED_OPERATIONS.map(({ name }) => name)

test(
  'the model is timed on every operation, with all designs loaded',
  async () => {
    const operations = SPEED_OPERATIONS.filter(({ scene }) => scene !== 'replay').map(({ name }) => name)
    const model = await loadModel({ design: 'linux-6.18', designs: 'all', pages: 512, operations })
    expect(model.loaded).toBeGreaterThan(5)
    const times = await model.round()
    expect(Object.keys(times).sort()).toEqual([...operations].sort())
    for (const [name, ns] of Object.entries(times)) expect(ns, name).toBeGreaterThan(0)
  },
  PATIENCE,
)

test.runIf(hasCompiler)(
  'the C reference is timed on all that the model is but replays, also where it is bare',
  async () => {
    const operations = SPEED_OPERATIONS.filter(({ scene }) => scene !== 'replay').map(({ name }) => name)
    for (const reference of ['full', 'bare'] as const) {
      const { sides } = await openSides({ design: 'linux-6.18', designs: 'one', pages: 512, operations, reference })
      try {
        const times = await sides.find(({ name }) => name === 'reference')!.round()
        expect(Object.keys(times).sort()).toEqual([...operations].sort())
      } finally {
        for (const side of sides) side.close()
      }
    }
  },
  PATIENCE,
)

/** A side that answers the figures it is given, and notes when it was asked. */
function fake(name: SideName, figures: readonly number[], asked: string[]): Side {
  let at = 0
  return {
    name,
    leavesOut: {},
    round: async () => {
      asked.push(name)
      return { 'fault-seq': figures[at++] }
    },
    close: () => {},
  }
}

test('sides take turns, the first round is not counted, and ratios are of neighbours', async () => {
  const asked: string[] = []
  const sides = [
    fake('model', [99, 10, 40, 20], asked),
    fake('reference', [99, 5, 10, 20], asked),
    fake('kernel', [99, 100, 100, 100], asked),
  ]
  const rounds = await takeTurns(sides, 3, () => {})
  expect(asked).toEqual([
    'model',
    'reference',
    'kernel',
    'model',
    'reference',
    'kernel',
    'model',
    'reference',
    'kernel',
    'model',
    'reference',
    'kernel',
  ])
  const [row, other] = rowsOf(
    SPEED_OPERATIONS.filter(({ name }) => name === 'fault-seq' || name === 'swap-out'),
    rounds,
  )
  expect(row.ns.model).toEqual({ median: 20, min: 10, max: 40 })
  expect(row.modelToReference).toEqual({ median: 2, min: 1, max: 4 })
  expect(row.kernelToModel).toEqual({ median: 5, min: 2.5, max: 10 })
  expect(row.allToOne).toBeUndefined()
  const text = printSpeed([row, other], ['model', 'reference', 'kernel'])
  expect(text).toMatch(/^fault-seq +page +100 +20\.0 +10\.0 +5\.00 \(2\.50–10\.0\) +2\.00 \(1\.00–4\.00\)$/m)
  expect(text).toMatch(/^swap-out +page( +–){5}$/m)
  expect(text).not.toContain('one design')
  expect(judge([row])).toEqual([
    'Model to C: median 2.00 over 1 operations (wanted: at most 1.8: missed); beyond 4: none.',
    'Kernel to model: short of what is wanted: fault-seq 5.00× of 40×; 0 of 1 operations reach it.',
  ])
})

test('the middle of figures', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
  expect(quotients([], [1])).toBeUndefined()
})

test('every operation has a name of its own, and the random order holds every page once', () => {
  expect(new Set(names).size).toBe(names.length)
  expect([...shuffled(1000)].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
})

test(
  'the command runs all sides and writes every figure',
  async () => {
    const { code, out } = await faultline(
      'speed',
      '--ops',
      'munmap,fault-rand',
      '--pages',
      '512',
      '--repeat',
      '2',
      '--designs',
      'both',
      '--json',
      '-',
    )
    expect(code).toBe(0)
    const result = JSON.parse(out)
    expect(result.format).toBe('faultline-speed 1')
    expect(result.rows.map((row: { name: string }) => row.name)).toEqual(['fault-rand', 'munmap'])
    expect(result.rounds.model).toHaveLength(2)
    expect(result.rounds.one).toHaveLength(2)
    expect(result.rows[0].allToOne.median).toBeGreaterThan(0)
    expect('reference' in result.rounds).toBe(hasCompiler)
  },
  PATIENCE,
)

test('an address space has the tables that Linux would have, and what grows too much is named', () => {
  const full = measureScale({ design: 'linux-6.18', gib: 1 / 64, shape: 'full' }, 0, 1)
  expect(full).toMatchObject({ pages: 4096, tableBytes: (8 + 2) * 4096 })
  const sparse = measureScale({ design: 'linux-6.18', gib: 1 / 64, shape: 'sparse' }, 0, 1)
  expect(sparse).toMatchObject({ pages: 8, tableBytes: (8 + 2) * 4096 })
  const text = printScale([
    {
      size: { gib: 1, shape: 'full' },
      figures: { ...full, touchNew: 900, system: 200, buffers: 100, bytesPerPage: 43, tableBuffers: full.tableBytes },
    },
    {
      size: { gib: 64, shape: 'full' },
      figures: {
        ...full,
        touchNew: 3000,
        system: 1100,
        buffers: 700,
        pages: full.pages * 64,
        munmap: full.munmap * 2,
        bytesPerPage: 41,
        tableBuffers: full.tableBytes * 2,
      },
    },
    {
      size: { gib: 64, shape: 'sparse' },
      figures: { ...sparse, bytesPerPage: 30, tableBuffers: sparse.tableBytes },
      reference: { new: 4000, system: 3900, again: 30 },
    },
    { size: { gib: 1024, shape: 'sparse' }, missing: 'needs more' },
  ])
  expect(text).toContain('first touch, new tables without system and buffers 2.00 (missed)')
  expect(text).toContain('munmap 2.00 (missed)')
  expect(text).toContain("C, 64 GiB sparse: first touch on new tables 4,000, the system's part 3,900; on used tables 30.0.")
  expect(text).toContain('1 GiB full to 64 GiB full: 41.0 bytes for each page (missed), and 8.13 KiB of the machine itself.')
  expect(text).toContain(
    "Table buffers beyond 1.1 of Linux's: 64 GiB full. More than 40 bytes a page beyond its tables: 1 GiB full, 64 GiB full.",
  )
  expect(text).toContain('Left out: 1 TiB sparse: needs more.')
})

test('the reference touches new tables and used ones', () => {
  const reference = measureReference(64)
  if (hasCompiler) for (const name of ['new', 'again'] as const) expect(reference![name], name).toBeGreaterThan(0)
  else expect(reference).toBeUndefined()
})

test('what is wrong with the question is said', async () => {
  expect((await faultline('speed', '--pages', '500')).err).toContain('expected a whole number from 512')
  expect((await faultline('speed', '--pages', '600')).err).toContain('expected a multiple of 512')
  expect((await faultline('speed', '--ops', 'munmpa')).err).toContain('did you mean munmap?')
})
