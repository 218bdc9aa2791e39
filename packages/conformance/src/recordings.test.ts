import { createModel, linux612, linux618 } from '@faultline/designs'
import {
  instantiate,
  MEMORY_TYPES,
  type Memory,
  printOperation,
  type RecordedProgram,
  type Recording,
  recordedSystem,
} from '@faultline/program'
import { describe, expect, test } from 'vitest'
import { compareRecorded, runCase, type Script } from './index.ts'
import { randomRecordings, recordedKernels, scriptRecordings } from './load-recordings.ts'
import { listScripts } from './load-scripts.ts'

const AGAIN =
  'record them again: npx faultline record --selftests --out packages/conformance/recordings/linux-6.18 (of 6.12: --system linux-6.12)'
const recordings = scriptRecordings('linux-6.18')
const random = randomRecordings('linux-6.18').flatMap(({ programs }) => programs)
const recorded = byKey(recordings)
const older = byKey(scriptRecordings('linux-6.12'))

function byKey(all: readonly Recording[]): Map<string, RecordedProgram> {
  return new Map(all.flatMap(({ programs }) => programs).map((each) => [keyOf(each.program, each.memory), each]))
}

function keyOf(program: string, memory: Memory | undefined): string {
  return `${program} on ${memory}`
}

function linesOf(script: Script, memory: Memory): string[] {
  const { steps } = instantiate(script.program, memory)
  return steps.flatMap(({ operation }) => (operation.op === 'comment' ? [] : [printOperation(operation)]))
}

/** The difference between a design and a recording as text, or undefined. */
async function differenceOf(each: RecordedProgram, design = linux618): Promise<string | undefined> {
  const { difference, inexpressible } = await compareRecorded(createModel(design), each, new Set())
  if (inexpressible !== undefined) return inexpressible
  return difference && `${printOperation(difference.operation)}: ${difference.field.field} ${difference.field.a} | ${difference.field.b}`
}

test.each([
  ['linux-6.18', recorded],
  ['linux-6.12', older],
] as const)('every script is recorded on %s as it stands, for each of its memory types', (kernel, recorded) => {
  expect(recordedKernels()).toContain(kernel)
  const keys: string[] = []
  for (const script of listScripts()) {
    for (const memory of script.memories) {
      const key = keyOf(script.file, memory)
      const lines = recorded.get(key)?.steps.map(({ operation }) => printOperation(operation))
      const expected = linesOf(script, memory)
      expect(lines, `${key}: ${AGAIN}`).toEqual(recorded.get(key)?.ended === undefined ? expected : expected.slice(0, lines?.length))
      keys.push(key)
    }
  }
  expect([...recorded.keys()].sort(), AGAIN).toEqual(keys.sort())
})

test('a recording says which kernel it is from, how that was configured, and when', () => {
  for (const { kernel, date, config } of [...recordings, ...randomRecordings('linux-6.18')]) {
    expect(kernel).toMatch(/^6\.18\.\d+$/)
    expect(new Date(date).toISOString()).toBe(date)
    expect(config).toMatchObject({ CONFIG_PTE_MARKER_UFFD_WP: 'y', CONFIG_MEM_SOFT_DIRTY: 'n' })
  }
})

describe('recorded: the design linux-6.18 does what Linux 6.18 did', () => {
  test.each([...recorded])('%s', async (_, each) => {
    expect(await differenceOf(each)).toBeUndefined()
  })
})

describe('recorded: the design linux-6.12 does what Linux 6.12 did', () => {
  test.each([...older])('%s', async (_, each) => {
    expect(await differenceOf(each, linux612)).toBeUndefined()
  })
})

test('recorded: linux-6.18 does so with random programs', { timeout: 120_000 }, async () => {
  const different: string[] = []
  for (const each of random) {
    const difference = await differenceOf(each)
    if (difference !== undefined) different.push(`${each.program}: ${difference}`)
  }
  expect(different).toEqual([])
})

test('random programs were performed, and reached every memory type', () => {
  expect(random.length).toBeGreaterThan(200)
  expect(random.filter(({ ended }) => ended !== undefined).length).toBeLessThan(random.length / 10)
  const memories = random.flatMap(({ steps }) => steps.flatMap(({ operation }) => (operation.op === 'mmap' ? [operation.memory] : [])))
  expect([...new Set(memories)].sort()).toEqual([...MEMORY_TYPES].sort())
})

test('a recording that is not what the design does is told from one that is', async () => {
  const each = recorded.get('uffd-unit-tests/wp-unpopulated.flt on anon')!
  const steps = each.steps.map((step) => ({ ...step, outcome: step.outcome.pages ? { errno: 0, pages: [0] } : step.outcome }))
  expect(await differenceOf({ ...each, steps })).toContain('pages')
})

test('scripts run on their recordings: what they expect is what Linux 6.18 did', async () => {
  const system = recordedSystem(recordings)
  const script = listScripts().find(({ file }) => file === 'uffd-unit-tests/wp-fork.flt')!
  expect(await runCase(system, script, 'hugetlb')).toMatchObject({ verdict: 'pass' })
  const migration = listScripts().find(({ file }) => file === 'migration/private_anon.flt')!
  expect(await runCase(system, migration, 'anon')).toMatchObject({ verdict: 'not expressible', why: expect.stringContaining('migration') })
})
