import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const BIN = fileURLToPath(new URL('../bin/faultline.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'faultline-bin-'))
afterAll(() => rmSync(folder, { recursive: true }))

const run = (args: string[], env: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, [BIN, ...args], { cwd: folder, encoding: 'utf8', env: { ...process.env, ...env } })

test('piped output has no escapes, whatever the environment says', () => {
  const env = { FORCE_COLOR: '1', CI: 'true', TERM: 'xterm-256color' }
  const args = ['compare', '--workload', 'dirty-tracking', '--trace', 'redis-bgsave-child', '--designs', 'linux-5.7']
  const { status, stdout, stderr } = run(args, env)
  expect(status).toBe(0)
  expect(stdout).toContain('linux-5.7')
  expect(stdout + stderr).not.toContain(String.fromCharCode(27))
})

test('the exit code reaches the shell', () => {
  const { status, stderr } = run(['designz'])
  expect({ status, stderr }).toEqual({ status: 2, stderr: 'faultline: unknown command "designz"; did you mean designs?\n' })
})

test('start compares everything and writes a page', () => {
  const { status, stdout } = run(['start'])
  expect(status).toBe(0)
  expect(stdout.match(/^dirty-tracking on /gm)).toHaveLength(2)
  expect(readFileSync(join(folder, 'faultline-report.html'), 'utf8')).toContain('<svg')
})

test.runIf(existsSync('/dev/full'))('a full disk under a file is one line', () => {
  const args = ['compare', '--workload', 'dirty-tracking', '--trace', 'redis-bgsave-child', '--designs', 'linux-5.7', '--json', '/dev/full']
  const { status, stdout, stderr } = run(args)
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toMatch(/\nfaultline: cannot write "\/dev\/full": the disk is full\n$/)
})

test('Ctrl-C ends with 130 and leaves nothing half-written', async () => {
  const before = readdirSync(folder)
  const child = spawn(process.execPath, [BIN, 'compare', '--workload', 'dirty-tracking', '--json', 'late.json'], { cwd: folder })
  child.stderr.once('data', () => child.kill('SIGINT'))
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect(code).toBe(130)
  expect(readdirSync(folder)).toEqual(before)
})
