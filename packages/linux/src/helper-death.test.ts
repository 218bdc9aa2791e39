import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { instantiate, parseProgram } from '@faultline/program'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { encode } from './encode.ts'
import { helperBinary } from './helper-binary.ts'
import { Names } from './names.ts'
import { freeHugePages } from './settings.ts'

const canAsk = process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('cc', ['--version']).status === 0

/** A thread that waits, a child whose parent has ended, one more that lives, and last a call that goes round in the kernel for ever. */
const PROGRAM = `faultline-program 1
uffd u
mmap A 2 anon rw
register u A 0 2 mode=missing
fork child
.t1: read A+1
fork other
other: fork grandchild
other: exit
uffd v features=minor_shmem,wp_hugetlbfs_shmem
mmap B 1 shmem rw
register v B 0 1 mode=wp
writeprotect v B 0 1 mode=wp
madvise B 0 1 guard_install
`
/** The same, but for a call that heeds no signal that does not kill. */
const DEAF = `${PROGRAM.slice(0, PROGRAM.indexOf('mmap B'))}mmap B 1 hugetlb rw
register v B 0 1 mode=wp
write B 1
writeprotect v B 0 1 mode=wp
register v B 0 1 mode=minor
madvise B 0 1 populate_write
`
let folder: string
let binary: string

beforeEach(() => {
  if (!canAsk) return
  folder = mkdtempSync(join(tmpdir(), 'faultline-death-'))
  // A copy, so that its processes can be told from all others.
  binary = join(folder, 'helper')
  copyFileSync(helperBinary(), binary)
})

afterEach(() => {
  if (!canAsk) return
  for (const pid of processes()) process.kill(pid, 'SIGKILL')
  rmSync(folder, { recursive: true })
})

/** Processes that run the copy. A process that has ended has no program any more. */
function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/exe`) === binary
      } catch {
        return false
      }
    })
}

/** Starts the program and comes back while its last call goes round. */
async function startProgram(input: Writable, program = PROGRAM): Promise<void> {
  const names = new Names()
  const lines = instantiate(parseProgram(program)).steps.map(({ operation }) => encode(operation, names))
  input.on('error', () => {})
  input.write(`open\n${lines.join('\n')}\n`)
  // The helper and three processes of the program.
  await vi.waitFor(() => expect(processes().length).toBeGreaterThanOrEqual(4), { timeout: 15_000 })
  await pause(60)
}

async function expectNoneLeft(): Promise<void> {
  await vi.waitFor(() => expect(processes()).toEqual([]), { timeout: 10_000, interval: 50 })
}

describe.runIf(canAsk)('no process of the helper outlives', () => {
  test('its parent, though somebody still holds its input', async () => {
    const shell: ChildProcess = spawn('sh', ['-c', '"$0" -1 "" $$ <&3 3<&- >/dev/null & wait', binary], {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    })
    await startProgram(shell.stdio[3] as Writable)
    shell.kill('SIGKILL')
    await expectNoneLeft()
  })

  test('its own violent end', async () => {
    const helper = spawn(binary, ['-1', '', `${process.pid}`])
    await startProgram(helper.stdin)
    helper.kill('SIGKILL')
    await expectNoneLeft()
  })

  test.runIf(canAsk && freeHugePages() > 0)('its violent end amid a call that heeds no signal', async () => {
    const helper = spawn(binary, ['-1', '', `${process.pid}`])
    await startProgram(helper.stdin, DEAF)
    helper.kill('SIGKILL')
    await expectNoneLeft()
  })

  test('its input', async () => {
    const helper = spawn(binary, ['-1', '', `${process.pid}`])
    await startProgram(helper.stdin)
    helper.stdin.end()
    await expectNoneLeft()
  })

  test('a parent that was gone before it looked', async () => {
    const helper = spawn(binary, ['-1', '', '1'])
    const code = await new Promise((resolve) => helper.once('exit', resolve))
    expect(code).not.toBe(0)
  })
})
