import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseScript, runCase } from '@faultline/conformance'
import { listScripts } from '@faultline/conformance/load-scripts'
import { createModel, linux618 } from '@faultline/designs'
import { fetchedKernel, findEmulator, OLD_KERNELS } from '@faultline/linux'
import { beforeAll, expect, test } from 'vitest'
import { faultline } from '../../test/run.ts'
import { printScripts } from '../report/scripts.ts'

const canAsk = process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('cc', ['--version']).status === 0

beforeAll(() => {
  if (!canAsk) console.warn('the running kernel is not asked: that needs Linux, root and a C compiler called cc')
})

test('every expressible case of every selftest passes on linux-6.18, for every memory type', async () => {
  const { code, out } = await faultline('scripts', '--json', '-')
  const { outcomes } = JSON.parse(out)
  const failed = outcomes.filter(({ verdict }: { verdict: string }) => verdict === 'fail')
  expect(failed.map((outcome: object) => JSON.stringify(outcome))).toEqual([])
  expect(code).toBe(0)
  const runs = listScripts().reduce((sum, { memories }) => sum + memories.length, 0)
  const passed = outcomes.filter(({ verdict }: { verdict: string }) => verdict === 'pass').length
  expect(passed).toBe(runs)
})

test('what they expect is what Linux 6.18 did: its recordings pass too, and are called recorded', async () => {
  const { code, out } = await faultline('scripts', '--system', 'recorded')
  expect(code).toBe(0)
  expect(out).toMatch(/linux-6\.18\.\d+ \(recorded \d{4}-\d\d-\d\d\): .* [1-9]\d\d pass, 0 fail/)
  expect(out).toContain('soft-dirty/test_simple (anon): not expressible: this kernel is built without CONFIG_MEM_SOFT_DIRTY')
})

test.runIf(canAsk)('every case that it can perform passes on the running kernel', async () => {
  const { code, out } = await faultline('scripts', '--system', 'linux')
  expect(out).toMatch(/ \(live\): .* [1-9]\d\d pass, 0 fail/)
  expect(code).toBe(0)
})

const hasOldKernel = fetchedKernel(OLD_KERNELS[1]!) !== undefined && findEmulator() !== undefined

test.runIf(hasOldKernel)('an older kernel has what the running one lacks: soft-dirty', { timeout: 120_000 }, async () => {
  const { code, out } = await faultline('scripts', '--system', OLD_KERNELS[1]!.name, '--filter', 'soft-dirty/test_simple')
  expect(out).toMatch(/linux-6\.12 \(6\.12\.\S+, live, emulated\): 1 cases, 1 with a memory type: 1 pass/)
  expect(code).toBe(0)
})

test('a design is not asked of a kernel', async () => {
  const { code, err } = await faultline('scripts', '--system', 'recorded', '--design', 'linux-5.7')
  expect(err).toContain('--design is for the model')
  expect(code).toBe(2)
})

test('one suite and one memory type', async () => {
  const { code, out } = await faultline('scripts', '--filter', 'uffd-unit-tests/wp-fork', '--memory', 'hugetlb')
  expect(code).toBe(0)
  expect(out).toMatch(/^uffd-unit-tests\/wp-fork +pass$/m)
  expect(out).toMatch(/^uffd-unit-tests\/wp-fork-pin +n\/e$/m)
  expect(out).toContain('wp-fork-pin (hugetlb): not expressible: a long-term pin')
  expect(out).toContain('linux-6.18 (model): 4 cases, 4 with a memory type: 2 pass, 0 fail, 2 not expressible')
})

test('a design that is not Linux 6.18 fails cases, which are told step by step, and exits with 1', async () => {
  const { code, out } = await faultline('scripts', '--filter', 'wp-unpopulated', '--design', 'linux-5.7')
  expect(code).toBe(1)
  expect(out).toMatch(/^uffd-unit-tests\/wp-unpopulated +FAIL$/m)
  expect(out).toContain('step 2: api u features=pagefault_flag_wp,wp_unpopulated\n  expected ok\n  got      EINVAL\n')
})

test('--list names cases and runs none', async () => {
  const { code, out } = await faultline('scripts', '--list', '--filter', 'collapse_fork')
  expect(code).toBe(0)
  expect(out.match(/khugepaged\/\w+/g)).toEqual(['khugepaged/collapse_fork', 'khugepaged/collapse_fork_compound'])
})

test('--json writes a file beside the table', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-scripts-'))
  try {
    const path = join(folder, 'scripts.json')
    const { out, err } = await faultline('scripts', '--filter', 'poison', '--json', path)
    expect(out).toContain('uffd-unit-tests/poison')
    expect(err).toContain(`wrote ${path}`)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      format: 'faultline-scripts 1',
      system: 'model',
      name: 'linux-6.18 (model)',
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('names that do not exist are refused', async () => {
  expect(await faultline('scripts', '--filter', 'nothing-like-it')).toMatchObject({
    code: 2,
    err: expect.stringContaining('the suites are'),
  })
  expect(await faultline('scripts', '--memory', 'shmen')).toMatchObject({ code: 2, err: expect.stringContaining('did you mean shmem') })
})

test('a wrong expectation fails, at its step, with what happened', async () => {
  const script = parseScript('suite/case.flt', 'faultline-program 1\nmemory anon\nmmap A 1 memory rw\nwrite A 7\nread A => value 8\n')
  const outcome = await runCase(createModel(linux618), script, 'anon')
  expect(outcome.verdict).toBe('fail')
  const text = printScripts({ system: 'model', name: 'linux-6.18 (model)', outcomes: [outcome], elsewhere: [] })
  expect(text).toContain('suite/case on anon, step 3: read A\n  expected value 8\n  got      value 7\n')
})

test('a step without an expectation must succeed', async () => {
  const script = parseScript('suite/case.flt', 'faultline-program 1\nmemory anon\nmmap A 1 memory r\nwrite A 7\n')
  expect((await runCase(createModel(linux618), script, 'anon')).failures).toMatchObject([{ step: 1, expected: 'ok' }])
})
