/**
 * Fetches what older kernels need into the cache.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newestPackage, unpackPackage, unpackWithDependencies } from './debian-packages.ts'
import { DRIVERS, emulatorFolder, fetchedKernel, findEmulator, kernelFolder, kernelsFolder, type OldKernel } from './kernels.ts'

/**
 * Fetches a kernel, and what starts it: an emulator where this machine has none, and busybox. Nothing is installed.
 *
 * @param say - is told each step
 * @throws Error that says what apt refused
 */
export function fetchKernel(kernel: OldKernel, say: (line: string) => void): void {
  mkdirSync(kernelsFolder(), { recursive: true })
  const scratch = mkdtempSync(join(kernelsFolder(), 'fetching-'))
  try {
    fetchBusybox(scratch, say)
    fetchEmulator(scratch, say)
    fetchImage(kernel, scratch, say)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  say(`${kernel.name}: ${fetchedKernel(kernel)!.release} is ready`)
}

function fetchBusybox(scratch: string, say: (line: string) => void): void {
  say('fetching busybox-static')
  const folder = join(scratch, 'busybox')
  unpackPackage('busybox-static', folder)
  const found = findFile(join(folder, 'busybox-static'), 'busybox')
  chmodSync(found, 0o755)
  renameSync(found, join(kernelsFolder(), 'busybox'))
}

function fetchEmulator(scratch: string, say: (line: string) => void): void {
  if (findEmulator() !== undefined) return
  say('fetching qemu-system-x86')
  const folder = join(scratch, 'qemu-root')
  unpackWithDependencies('qemu-system-x86', join(scratch, 'qemu'), folder)
  renameSync(folder, emulatorFolder())
  if (findEmulator() === undefined) throw new Error("the package qemu-system-x86 holds no emulator: run 'apt-get install qemu-system-x86'")
}

function fetchImage(kernel: OldKernel, scratch: string, say: (line: string) => void): void {
  const name = newestPackage(kernel.packages)
  say(`fetching ${name}`)
  const folder = join(scratch, kernel.name)
  unpackPackage(name, folder)
  const root = join(folder, name)
  const made = join(scratch, 'made')
  mkdirSync(made)
  const image = findFile(join(root, 'boot'), 'vmlinuz')
  copyFileSync(image, join(made, 'vmlinuz'))
  for (const driver of DRIVERS) takeDriver(root, driver, made)
  writeFileSync(join(made, 'release'), `${image.slice(image.indexOf('vmlinuz-') + 'vmlinuz-'.length)}\n`)
  rmSync(kernelFolder(kernel), { recursive: true, force: true })
  renameSync(made, kernelFolder(kernel))
}

/** Drivers that are built in have no file. Compressed ones are unpacked: the kernel does not do it. */
function takeDriver(root: string, driver: string, folder: string): void {
  const path = filesBelow(root).find((each) => [`${driver}.ko`, `${driver}.ko.xz`].includes(each.split('/').at(-1)!))
  if (path === undefined) return
  const target = join(folder, `${driver}.ko`)
  if (path.endsWith('.ko')) {
    copyFileSync(path, target)
    return
  }
  const { status, stdout, stderr, error } = spawnSync('xz', ['-dc', path], { maxBuffer: 2 ** 26 })
  if (status !== 0) throw new Error(`xz -dc ${path}: ${error?.message ?? stderr} (Debian: apt install xz-utils)`)
  writeFileSync(target, stdout)
}

function findFile(root: string, start: string): string {
  const found = filesBelow(root).find((path) => path.split('/').at(-1)!.startsWith(start))
  if (found === undefined) throw new Error(`no file ${start} in the package in ${root}`)
  return found
}

function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  )
}
