import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseRecording } from '@faultline/program'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { faultline } from '../../test/run.ts'

const canAsk = process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('cc', ['--version']).status === 0
const SCRIPT = 'faultline-program 1\nmemory anon shmem\nmmap A 2 memory rw\nwrite A 7\nexpect A 0 2 has present | none\n'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'faultline-record-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

test('wrong files are refused by name before anything is run or written', async () => {
  const out = join(folder, 'out')
  const good = file('good.flt', SCRIPT)
  const cases: [string[], string][] = [
    [[good, join(folder, 'none.flt')], 'none.flt'],
    [[good, file('bad.flt', 'faultline-program 1\nwirte A 7\n')], 'bad.flt:2'],
    [[good, folder], 'EISDIR'],
    [[good, '--memory', 'hugetlb'], 'good.flt: not meant for hugetlb'],
    [[good, '--memory', 'shmen'], 'did you mean shmem'],
    [[good, join(folder, '.', 'good.flt')], 'would both be recorded in'],
    [[good, '--out', join(good, 'x')], '--out'],
    [[], 'nothing to record'],
    [['--random', '0'], '--random'],
  ]
  for (const [args, problem] of cases) {
    const { code, err } = await faultline('record', ...(args.includes('--out') ? args : [...args, '--out', out]))
    expect(err).toContain(problem)
    expect(code).toBe(2)
  }
  expect(existsSync(out)).toBe(false)
})

describe.runIf(canAsk)('on the running kernel', () => {
  test('a program is recorded for each of its memory types, with kernel, configuration and date', async () => {
    const out = join(folder, 'deep', 'out')
    const { code, err } = await faultline('record', file('page.flt', SCRIPT), '--out', out)
    expect(err).toContain(`wrote ${join(out, 'page.jsonl')}: 2 programs, 6 operations`)
    expect(code).toBe(0)
    expect(readdirSync(out)).toEqual(['page.jsonl'])
    const recording = parseRecording(readFileSync(join(out, 'page.jsonl'), 'utf8'))
    expect(recording.programs.map(({ program, memory }) => `${program} ${memory}`)).toEqual(['page.flt anon', 'page.flt shmem'])
    expect(recording.programs[0]!.steps[2]!.outcome).toEqual({ errno: 0, pages: [0x21, 0] })
    expect(recording.kernel).toMatch(/^\d+\.\d+/)
    expect(Object.keys(recording.config)).toContain('/sys/kernel/mm/transparent_hugepage/enabled')
    expect(Date.now() - Date.parse(recording.date)).toBeLessThan(60_000)
  })

  test('what cannot be performed ends its recording, and is said', async () => {
    const path = file('moves.flt', 'faultline-program 1\nmmap A 1 anon rw\nmigrate A 0 1\n')
    const { err } = await faultline('record', path, '--out', folder)
    expect(err).toContain('moves.flt: ended early: the migration of chosen pages')
    expect(readFileSync(join(folder, 'moves.jsonl'), 'utf8')).toContain('{"ended":"the migration of chosen pages')
  })

  test('random programs are kept for what they reach', async () => {
    const { code } = await faultline('record', '--random', '3', '--memory', 'anon', '--seed', '7', '--out', folder)
    expect(code).toBe(0)
    const { programs, made } = parseRecording(readFileSync(join(folder, 'random.jsonl'), 'utf8'))
    expect(made).toContain('(seed 7)')
    expect(programs.length).toBeGreaterThan(0)
    expect(programs.length).toBeLessThanOrEqual(3)
    for (const { steps } of programs) expect(steps.some(({ operation }) => operation.op === 'pagemap')).toBe(true)
  })
})
