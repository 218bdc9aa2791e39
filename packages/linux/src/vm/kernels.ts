/**
 * Older kernels that can be asked: which they are, and where what was fetched of them lies.
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { cacheDirectory } from '../cache-directory.ts'

/** A kernel that is started in a virtual machine. */
export interface OldKernel {
  /** As in `--system`, and of the design that stands for it. */
  readonly name: string
  /** Debian's packages of it, of which the newest is taken. */
  readonly packages: RegExp
}

/** All of them: Debian's kernels for virtual machines, built with CONFIG_MEM_SOFT_DIRTY. */
export const OLD_KERNELS: readonly OldKernel[] = [
  { name: 'linux-6.1', packages: /^linux-image-6\.1\.[\w.+-]+-cloud-amd64$/ },
  { name: 'linux-6.12', packages: /^linux-image-6\.12\.[\w.+-]+-cloud-amd64$/ },
]

/** Drivers of the virtual machine's serial port and disk, in the order they are loaded. A kernel may have some of them built in. */
export const DRIVERS = [
  'virtio_ring',
  'virtio',
  'virtio_pci_legacy_dev',
  'virtio_pci_modern_dev',
  'virtio_pci',
  'virtio_console',
  'virtio_blk',
] as const

/** Where the files of a kernel are kept. */
export function kernelFolder(kernel: OldKernel): string {
  return join(kernelsFolder(), kernel.name)
}

/** Where everything that was fetched for virtual machines is kept. */
export function kernelsFolder(): string {
  return join(cacheDirectory(), 'kernels')
}

/** What was fetched of one kernel. */
export interface FetchedKernel {
  readonly kernel: OldKernel
  /** As uname tells it. */
  readonly release: string
  readonly image: string
  readonly busybox: string
  readonly drivers: readonly string[]
}

/** @returns undefined when it has not been fetched */
export function fetchedKernel(kernel: OldKernel): FetchedKernel | undefined {
  const folder = kernelFolder(kernel)
  const release = join(folder, 'release')
  const busybox = join(kernelsFolder(), 'busybox')
  // Written last: without it the rest may be half of it.
  if (!existsSync(release) || !existsSync(busybox)) return undefined
  const drivers = DRIVERS.map((name) => join(folder, `${name}.ko`)).filter((path) => existsSync(path))
  return { kernel, release: readFileSync(release, 'utf8').trim(), image: join(folder, 'vmlinuz'), busybox, drivers }
}

/** The emulator as it is started. */
export interface Emulator {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

const EMULATOR = 'qemu-system-x86_64'

/** Where an emulator is unpacked when this machine has none. */
export function emulatorFolder(): string {
  return join(kernelsFolder(), 'qemu')
}

/** The emulator that is installed, else the one that was fetched, else undefined. */
export function findEmulator(): Emulator | undefined {
  const installed = (process.env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, EMULATOR)))
  if (installed) return { command: EMULATOR, args: [] }
  const root = join(emulatorFolder(), 'usr')
  const command = join(root, 'bin', EMULATOR)
  if (!existsSync(command)) return undefined
  const firmware = ['qemu', 'seabios'].flatMap((name) => ['-L', join(root, 'share', name)])
  const libraries = join(root, 'lib', 'x86_64-linux-gnu')
  return { command, args: firmware, env: { ...process.env, LD_LIBRARY_PATH: libraries } }
}
