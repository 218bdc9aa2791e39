import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { planMachine, prepareMachine, recoverMachine } from './index.ts'
import { readNote, writeNote } from './machine-note.ts'

const isLinux = process.platform === 'linux'
/** No process has this number: the kernel's limit is 2^22. */
const NOBODY = 2 ** 22 + 1
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'faultline-test-'))
  vi.stubEnv('XDG_CACHE_HOME', folder)
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

function setting(content: string): string {
  const path = join(folder, 'setting')
  writeFileSync(path, content)
  return path
}

function notes(): string[] {
  return readdirSync(join(folder, 'faultline')).filter((name) => name.startsWith('machine-'))
}

test('what a run that ended too suddenly changed is put back, and said', () => {
  const path = setting('new')
  writeNote([{ kind: 'setting', path, value: 'new', before: 'old' }], NOBODY)
  expect(recoverMachine()).toEqual([`put back what an earlier run left: ${path}: old -> new`])
  expect(readFileSync(path, 'utf8')).toBe('old')
  expect(notes()).toEqual([])
})

test('what somebody else has changed since stays', () => {
  const path = setting('theirs')
  writeNote([{ kind: 'setting', path, value: 'new', before: 'old' }], NOBODY)
  recoverMachine()
  expect(readFileSync(path, 'utf8')).toBe('theirs')
})

test.runIf(isLinux)('what a running process changed is left to it', () => {
  const path = setting('new')
  writeNote([{ kind: 'setting', path, value: 'new', before: 'old' }])
  expect(recoverMachine()).toEqual([])
  expect(readFileSync(path, 'utf8')).toBe('new')
  expect(readNote()?.changes).toHaveLength(1)
})

test.runIf(isLinux)('a dry run says every change and makes none', () => {
  const planned = planMachine()
  const said: string[] = []
  const { changes } = prepareMachine({ say: (line) => said.push(line), dryRun: true })
  expect(changes).toEqual(planned)
  expect(said).toHaveLength(planned.length)
  expect(said.every((line) => line.startsWith('would change: '))).toBe(true)
  expect(planMachine()).toEqual(planned)
})

test.runIf(isLinux)('huge pages that are there already are not asked for again', () => {
  const pool = planMachine({ hugePages: 0, swapBytes: 0 }).filter(
    (change) => change.kind !== 'setting' || change.path.endsWith('nr_hugepages'),
  )
  expect(pool).toEqual([])
})
