import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { faultline } from '../../test/run.ts'

const before = process.cwd()
const folder = mkdtempSync(join(tmpdir(), 'faultline-verify-'))
// Differences are saved where one is.
beforeAll(() => process.chdir(folder))
afterAll(() => {
  process.chdir(before)
  rmSync(folder, { recursive: true })
})
const platform = Object.getOwnPropertyDescriptor(process, 'platform')!
afterEach(() => Object.defineProperty(process, 'platform', platform))

const TWO_DESIGNS = ['verify', '--against', 'linux-6.4', '--seed', '3', '--memory', 'anon', '--programs', '60'] as const

test('two designs that differ: the shortest program, both answers, a script, and exit code 1', async () => {
  const { code, out } = await faultline(...TWO_DESIGNS)
  expect(code).toBe(1)
  expect(out).toMatch(/^linux-6\.18 \(model\) and linux-6\.4 \(model\)\n\d+ programs, \d+ operations, \d+ programs\/s: a difference$/m)
  const saved = /saved as \.\/(faultline-difference-\d+\.flt)/.exec(out)
  expect(readFileSync(join(folder, saved![1]!), 'utf8')).toMatch(/^faultline-program 1\n/)
})

test('--json - prints one document and nothing else', async () => {
  const { out } = await faultline(...TWO_DESIGNS, '--json', '-')
  const report = JSON.parse(out)
  expect(report).toMatchObject({ systems: ['linux-6.18 (model)', 'linux-6.4 (model)'], seed: 3, interrupted: false })
  expect(report.kinds[0]).toMatchObject({ count: expect.any(Number), script: expect.stringContaining('faultline-program 1\n') })
  expect(Object.keys(report.coverage.met)).toContain('write')
  expect(report.coverage.never.length).toBeGreaterThan(0)
})

test('a signal ends a run in order: what there is is printed', async () => {
  const running = faultline('verify', '--against', 'linux-6.18', '--time', '60')
  setTimeout(() => process.kill(process.pid, 'SIGTERM'), 300)
  const { code, out, err } = await running
  expect(code).toBe(128 + 15)
  expect(err).toContain('SIGTERM: ending')
  expect(out).toMatch(/^\d+ programs, \d+ operations, \d+ programs\/s: no difference$/m)
  expect(process.listenerCount('SIGTERM')).toBe(0)
})

test('--dry-run says what it would change, on Linux only', async () => {
  Object.defineProperty(process, 'platform', { ...platform, value: 'darwin' })
  const { code, err } = await faultline('verify', '--dry-run')
  expect({ code, err }).toEqual({ code: 3, err: expect.stringContaining('this is darwin') })
})
