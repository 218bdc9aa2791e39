import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { faultline } from '../../test/run.ts'

const STRANGERS = fileURLToPath(new URL('../../test/strangers', import.meta.url))
const FIRST_HALF = join(STRANGERS, 'first-half.ts')
const SEVERAL = join(STRANGERS, 'several.ts')
const before = process.cwd()
const folder = mkdtempSync(join(tmpdir(), 'faultline-verify-with-'))
// Differences are saved where one is.
beforeAll(() => process.chdir(folder))
afterAll(() => {
  process.chdir(before)
  rmSync(folder, { recursive: true })
})

const SHORT = ['--memory', 'anon', '--seed', '1', '--programs', '60'] as const
const verify = (...args: string[]) => faultline('verify', ...SHORT, ...args)

test("a third party's design alone is the one to verify; what it does otherwise is shown", { timeout: 60_000 }, async () => {
  const { code, out } = await verify('--with', FIRST_HALF, '--against', 'linux-6.4')
  expect(out).toMatch(/^first-half \(model\) and linux-6\.4 \(model\)$/m)
  expect(out).toMatch(/: a difference$/m)
  expect(out).toContain('writeprotect ')
  expect(code).toBe(1)
})

test('--design and --against name theirs as they do ours', async () => {
  const same = await verify('--with', SEVERAL, '--design', 'linux-6.18', '--against', 'one', '--programs', '20')
  expect(same.out).toMatch(/^linux-6\.18 \(model\) and one \(model\)$/m)
  expect(same).toMatchObject({ code: 0, out: expect.stringContaining(': no difference') })
  const other = await verify('--with', SEVERAL, '--design', 'two', '--against', 'one', '--programs', '60')
  expect(other.out).toMatch(/^two \(model\) and one \(model\)$/m)
  expect(other.code).toBe(1)
})

test('theirs is held against what a kernel was recorded doing', { timeout: 60_000 }, async () => {
  const { code, out } = await verify('--with', FIRST_HALF, '--against', 'recorded')
  expect(out).toMatch(/^first-half \(model\) and linux-6\.18\.\d+ \(recorded\)/)
  expect(code).toBe(1)
})

test.each([
  [['--with', SEVERAL], '--with: there are 2 designs to verify, one, two; name one of them by --design'],
  [['--with', FIRST_HALF, '--design', 'linux-6.4'], 'neither --design nor --against names a design of theirs; there is first-half'],
  [['--with', FIRST_HALF, '--design', 'first-hlaf'], 'unknown design "first-hlaf"; did you mean first-half?'],
  [['--with', './nowhere'], '--with "./nowhere": there is no such file or folder'],
])('%j is refused', async (args, expected) => {
  const { code, out, err } = await verify(...args, '--against', 'linux-6.18')
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain(expected)
})
