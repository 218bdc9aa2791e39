import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatOutcome, instantiate, parseProgram, runProgram } from '@faultline/program'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { vmSystem } from '../index.ts'
import { cpioArchive } from './cpio.ts'
import { fetchedKernel, findEmulator, kernelFolder, kernelsFolder, OLD_KERNELS } from './kernels.ts'

const ready = OLD_KERNELS.filter((kernel) => fetchedKernel(kernel) !== undefined && findEmulator() !== undefined)

/** Boot included, on a machine that is busy with other tests. */
const BOOT_MS = 180_000

describe.runIf(ready.length > 0)('a kernel in a virtual machine', () => {
  test.each(ready)(
    '$name shows soft-dirty bits and markers, swaps, and has huge pages',
    async (kernel) => {
      const program = parseProgram(`faultline-program 1
memory shmem
uffd u features=wp_hugetlbfs_shmem
mmap A 4 memory rw
register u A 0 4 mode=wp
writeprotect u A 0 1 mode=wp => ok
expect A 0 1 has +WP
mmap B 2 anon rw
write B 7
clear_refs
expect B 0 1 has !soft-dirty
write B 8
expect B 0 1 has soft-dirty
madvise B 0 1 pageout
expect B 0 1 has swap
read B => value 8
mmap H 1 hugetlb rw
write H 1 => ok
`)
      const system = vmSystem(kernel, { lanes: 1 })
      try {
        const { failures, outcomes } = await runProgram(system, instantiate(program, 'shmem'))
        expect(failures, outcomes.map((outcome) => formatOutcome(outcome)).join('\n')).toEqual([])
      } finally {
        await system.close()
      }
    },
    BOOT_MS,
  )
})

describe('without what was fetched', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'faultline-vm-'))
    vi.stubEnv('XDG_CACHE_HOME', folder)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true })
  })

  test('the command that fetches it is said', () => {
    expect(() => vmSystem(OLD_KERNELS[0]!)).toThrow("linux-6.1 is not there: run 'npx faultline kernels --fetch linux-6.1'")
  })

  test('a kernel is there when its release is, which is written last', () => {
    const kernel = OLD_KERNELS[1]!
    mkdirSync(kernelFolder(kernel), { recursive: true })
    writeFileSync(join(kernelsFolder(), 'busybox'), '')
    writeFileSync(join(kernelFolder(kernel), 'virtio_blk.ko'), '')
    expect(fetchedKernel(kernel)).toBeUndefined()
    writeFileSync(join(kernelFolder(kernel), 'release'), '6.12.0\n')
    expect(fetchedKernel(kernel)).toMatchObject({ release: '6.12.0', drivers: [join(kernelFolder(kernel), 'virtio_blk.ko')] })
  })
})

test('an archive is as the format asks: headers of 110 digits, names and contents on multiples of four bytes', () => {
  const archive = cpioArchive([{ path: 'bin' }, { path: 'bin/x', content: Buffer.from('abcde'), executable: true }])
  const text = archive.toString('latin1')
  expect(archive.length % 4).toBe(0)
  const second = text.indexOf('070701', 1)
  expect(second % 4).toBe(0)
  const field = (at: number, n: number): number => Number.parseInt(text.slice(at + 6 + 8 * n, at + 14 + 8 * n), 16)
  expect([field(0, 1), field(0, 6)]).toEqual([0o040755, 0])
  expect([field(second, 1), field(second, 6), field(second, 11)]).toEqual([0o100755, 5, 6])
  expect(text.slice(second + 110, second + 115)).toBe('bin/x')
  expect(text.slice(second + 116, second + 121)).toBe('abcde')
  expect(text).toContain('TRAILER!!!')
})
