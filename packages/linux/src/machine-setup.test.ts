import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { planMachine, prepareMachine, recoverMachine } from './index.ts'
import { readNote, writeNote } from './machine-note.ts'

const isLinux = process.platform === 'linux'
/** No process has this number: the kernel's limit is 2^22. */
const NOBODY = 2 ** 22 + 1
const HOLD = fileURLToPath(new URL('../test/hold.ts', import.meta.url))
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
  writeNote([{ kind: 'setting', path, value: 'new', before: 'old' }], { pid: NOBODY })
  expect(recoverMachine()).toEqual([`put back what an earlier run left: ${path}: old -> new`])
  expect(readFileSync(path, 'utf8')).toBe('old')
  expect(notes()).toEqual([])
})

test('what somebody else has changed since stays', () => {
  const path = setting('theirs')
  writeNote([{ kind: 'setting', path, value: 'new', before: 'old' }], { pid: NOBODY })
  recoverMachine()
  expect(readFileSync(path, 'utf8')).toBe('theirs')
})

test('settings from before the machine was started again stay as they are, and its swap file goes', () => {
  const path = setting('new')
  const swap = join(folder, 'swap')
  writeFileSync(swap, '')
  const changes = [
    { kind: 'setting', path, value: 'new', before: 'old' },
    { kind: 'swap-file', path: swap, bytes: 0 },
  ] as const
  writeNote(changes, { pid: NOBODY, boot: 'another' })
  expect(recoverMachine()).toHaveLength(1)
  expect(readFileSync(path, 'utf8')).toBe('new')
  expect(existsSync(swap)).toBe(false)
  expect(notes()).toEqual([])
})

test('a pool that could only grow by less is put back, and one that somebody has made larger stays', () => {
  const path = setting('12')
  const pool = { kind: 'pool', path, value: '16', before: '8' } as const
  writeNote([pool], { pid: NOBODY })
  recoverMachine()
  expect(readFileSync(path, 'utf8')).toBe('8')
  writeFileSync(path, '20')
  writeNote([pool], { pid: NOBODY })
  recoverMachine()
  expect(readFileSync(path, 'utf8')).toBe('20')
})

test('what cannot be put back stays noted, is said, and is tried again', () => {
  const path = join(folder, 'machine', 'setting')
  mkdirSync(join(path, 'in-the-way'), { recursive: true })
  writeNote([{ kind: 'swap-file', path, bytes: 0 }], { pid: NOBODY })
  expect(recoverMachine()).toEqual([expect.stringMatching(/^not put back: swap: a file of 0 MiB, .*: /)])
  expect(notes()).toHaveLength(1)
  rmSync(path, { recursive: true })
  expect(recoverMachine()).toEqual([expect.stringContaining('put back what an earlier run left: swap: a file')])
  expect(notes()).toEqual([])
})

describe.runIf(isLinux)('a process that has changed a setting', () => {
  /** One that changes `path` from old to new, says so, and waits. */
  async function holder(path: string): Promise<ChildProcess> {
    const child = spawn(process.execPath, ['--conditions=@faultline/source', '--import', 'tsx', HOLD, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [text] = (await once(child.stdout!, 'data')) as [Buffer]
    expect(text.toString()).toBe(`changed for this run, then put back: ${path}: old -> new\n`)
    await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toBe('new'))
    return child
  }

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('puts it back on %s', async (signal) => {
    const path = setting('old')
    const child = await holder(path)
    child.kill(signal)
    expect(await once(child, 'exit')).toEqual([null, signal])
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(notes()).toEqual([])
  })

  test('and is killed leaves that to the next run', async () => {
    const path = setting('old')
    const child = await holder(path)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(readFileSync(path, 'utf8')).toBe('new')
    expect(recoverMachine()).toEqual([`put back what an earlier run left: ${path}: old -> new`])
    expect(readFileSync(path, 'utf8')).toBe('old')
  })

  test('and was killed has ended, even while its parent has not asked for it', async () => {
    // A shell that becomes `sleep` never waits for what it started before.
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      const [text] = (await once(parent.stdout!, 'data')) as [Buffer]
      const pid = Number(text.toString())
      const path = setting('new')
      writeNote([{ kind: 'setting', path, value: 'new', before: 'old' }], { pid })
      expect(recoverMachine()).toEqual([])
      // The parent is not yet the one that never waits as long as it is called `sh`.
      await vi.waitFor(() => expect(readFileSync(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n'))
      process.kill(pid, 'SIGKILL')
      await vi.waitFor(() => expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') Z '))
      expect(readNote(pid)?.began).toMatch(/^\d+$/)
      expect(recoverMachine()).toEqual([`put back what an earlier run left: ${path}: old -> new`])
      expect(readFileSync(path, 'utf8')).toBe('old')
    } finally {
      parent.kill()
    }
  })

  test('and ends before another that needs it leaves it to that one', async () => {
    const path = setting('old')
    const first = await holder(path)
    writeNote([])
    first.kill('SIGTERM')
    await once(first, 'exit')
    expect(readFileSync(path, 'utf8')).toBe('new')
    expect(readNote()?.changes).toEqual([{ kind: 'setting', path, value: 'new', before: 'old' }])
  })
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
  expect(said.every((line) => line.startsWith('would change for the run, and put back: '))).toBe(true)
  expect(notes()).toEqual([])
  expect(planMachine()).toEqual(planned)
})

test.runIf(isLinux)('huge pages that are there already are not asked for again', () => {
  const pool = planMachine({ hugePages: 0, swapBytes: 0 }).filter((change) => change.kind === 'pool')
  expect(pool).toEqual([])
})
