import { afterEach, beforeEach, expect, test } from 'vitest'
import { faultline } from '../../test/run.ts'

const LINUX = Object.getOwnPropertyDescriptor(process, 'platform')!

/** As on a machine whose kernel is not Linux. */
beforeEach(() => {
  Object.defineProperty(process, 'platform', { ...LINUX, value: 'darwin' })
})
afterEach(() => {
  Object.defineProperty(process, 'platform', LINUX)
})

test('where no kernel can be asked, verify says so aloud and replays recordings', { timeout: 60_000 }, async () => {
  const { code, out, err } = await faultline('verify', '--memory', 'anon')
  expect(err).toContain('NO KERNEL IS ASKED: this asks a running Linux kernel, and this is darwin')
  expect(err).toContain('recorded programs instead, and with nothing else')
  expect(out).toMatch(/^linux-6\.18 \(model\) and linux-6\.18\.\d+ \(recorded\), taken from \d{4}-/)
  expect(out).toMatch(/^\d{3,} recorded programs, \d{4,} operations: no difference$/m)
  // Nothing differs, and still the kernel was not asked.
  expect(code).toBe(3)
})

test('--against recorded compares any design, and shows the first program of a kind', { timeout: 60_000 }, async () => {
  const { code, out, err } = await faultline('verify', '--against', 'recorded', '--design', 'linux-5.19', '--memory', 'anon')
  expect(err).toBe('')
  expect(out).toMatch(/^\d+ recorded programs, \d+ operations: \d+ programs differ$/m)
  expect(out).toMatch(/The first is \S+\.flt on anon\.\nThey differ in '/)
  expect(out).toMatch(/more kinds; show them with --differences \d+/)
  expect(code).toBe(1)
})

test('scripts and record have no stand-in for a kernel: they say what to do', async () => {
  const scripts = await faultline('scripts', '--system', 'linux', '--filter', 'wp-fork')
  expect(scripts).toMatchObject({ code: 3, err: expect.stringContaining('see what Linux 6.18 did with --system recorded') })
  const record = await faultline('record', '--random', '1')
  expect(record).toMatchObject({ code: 3, err: expect.stringContaining('recordings can be replayed anywhere') })
})
