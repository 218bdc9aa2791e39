import { spawnSync } from 'node:child_process'
import { instantiate, type Operation, type Outcome, parseProgram, runProgram } from '@faultline/program'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { linuxSystem } from './index.ts'
import { freeHugePages } from './settings.ts'

const canAsk = process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('cc', ['--version']).status === 0
const system = linuxSystem()

async function run(...lines: string[]) {
  return await runProgram(system, instantiate(parseProgram(['faultline-program 1', ...lines].join('\n')), undefined))
}

beforeAll(() => {
  if (!canAsk) console.warn('the running kernel is not asked: that needs Linux, root and a C compiler called cc')
})
afterAll(() => system.close())

describe.runIf(canAsk)('the running kernel', () => {
  test('says which thread waits, and for what', async () => {
    const { failures } = await run(
      'uffd u features=thread_id',
      'mmap A 2 anon rw',
      'register u A 0 2 mode=missing',
      '.t1: read A+1 => blocked',
      'receive u => ok; message pagefault A+1 flags=0 thread=main.t1',
      'receive u => EAGAIN',
    )
    expect(failures).toEqual([])
  })

  test('finishes what waits when the page is filled', async () => {
    const { failures } = await run(
      'uffd u',
      'mmap A 2 anon rw',
      'register u A 0 2 mode=missing',
      '.t1: read A+1 => blocked',
      'copy u A 1 1 7 => ok result 4096; finished main.t1 value 7',
    )
    expect(failures).toEqual([])
  })

  test('calls back a call that restarts for ever', async () => {
    const { failures } = await run(
      'uffd u features=wp_hugetlbfs_shmem',
      'mmap A 1 shmem rw',
      'register u A 0 1 mode=wp',
      'writeprotect u A 0 1 mode=wp',
      'madvise A 0 1 guard_install => livelock',
      'status',
    )
    expect(failures).toEqual([])
  })

  test.runIf(canAsk && freeHugePages() > 0)('ends with its process a call that restarts for ever and heeds no signal', async () => {
    const { failures, inexpressible } = await run(
      'uffd u features=minor_shmem,wp_hugetlbfs_shmem',
      'mmap A 1 hugetlb rw',
      'register u A 0 1 mode=wp',
      'write A 3',
      'writeprotect u A 0 1 mode=wp',
      'register u A 0 1 mode=minor',
      // A child must not keep open what tells that its parent is gone.
      'fork child',
      'madvise A 0 1 populate_write => livelock',
      'read A',
    )
    expect(failures).toEqual([])
    expect(inexpressible?.error.message).toContain('had to be killed with its process')
  })

  test('lets a fork wait for its message to be read', async () => {
    const { failures } = await run(
      'uffd u features=event_fork',
      'mmap A 1 anon rw',
      'register u A 0 1 mode=wp',
      'write A 5',
      'fork child => blocked',
      '.t1: receive u => ok; message fork; finished main.main ok',
      'child: read A => value 5',
    )
    expect(failures).toEqual([])
  })

  test('counts the page tables of a program and nothing else, in parent and child', async () => {
    const { failures } = await run(
      'status => bytes 0',
      'mmap A 1 anon rw',
      'write A 1',
      'status => bytes 12288',
      'fork child',
      'child: status => bytes 12288',
      'munmap A 0 1',
      'status => bytes 0',
    )
    expect(failures).toEqual([])
  })

  test('says of a batch what it says of single operations', async () => {
    const operations: Operation[] = [
      { op: 'mmap', region: 'A', pages: 2, memory: 'shmem', prot: 'rw' },
      { op: 'write', at: { region: 'A', page: 1, byte: 0 }, value: 9 },
      { op: 'pagemap', range: { at: { region: 'A', page: 0, byte: 0 }, pages: 2, bytes: 0 } },
      { op: 'munmap', range: { at: { region: 'A', page: 0, byte: 0 }, pages: 2, bytes: 0 } },
      { op: 'read', at: { region: 'A', page: 1, byte: 0 } },
    ]
    const session = system.open()
    const single: Outcome[] = []
    for (const operation of operations) single.push(await session.perform(operation))
    await session.close()
    const batch: (readonly Outcome[])[] = []
    for await (const outcomes of system.runMany([operations, operations, operations])) batch.push(outcomes)
    expect(batch).toEqual([single, single, single])
    expect(single.at(-1)).toEqual({ errno: 0, signal: 'SIGSEGV', signalCode: 1 })
  })

  test('names what is not there', async () => {
    const session = system.open()
    await expect(session.perform({ op: 'read', at: { region: 'B', page: 0, byte: 0 } })).rejects.toThrow("no region is called 'B' here")
    await session.close()
  })
})
