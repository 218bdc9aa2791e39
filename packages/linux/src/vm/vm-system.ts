/**
 * An older kernel as a System, in a virtual machine.
 * @module
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Helper } from '../helper.ts'
import { type LinuxSystem, NOBODY, systemOfHelpers } from '../linux-system.ts'
import { guestImage } from './guest.ts'
import { type FetchedKernel, fetchedKernel, findEmulator, kernelFolder, type OldKernel } from './kernels.ts'
import { launchOf } from './qemu.ts'

/** How an older kernel is asked. */
export interface VmOptions {
  /** Virtual machines that `runMany` uses at the same time, each with a GiB of memory; two when absent, one where there is one CPU. */
  readonly lanes?: number
  /** Programs run without rights, as the user nobody. */
  readonly unprivileged?: boolean
}

/** What to do when a kernel has not been fetched. */
export function fetchCommand(kernel: OldKernel): string {
  return `npx faultline kernels --fetch ${kernel.name}`
}

const USUAL_LANES = 2

/**
 * An older kernel. The virtual machine starts with the first program and runs until the system is closed.
 * @throws Error that says how to fetch what is missing
 */
export function vmSystem(kernel: OldKernel, options: VmOptions = {}): LinuxSystem {
  const fetched = fetchedKernel(kernel)
  const emulator = findEmulator()
  if (fetched === undefined || emulator === undefined) {
    throw new Error(`${fetched === undefined ? kernel.name : 'qemu-system-x86_64'} is not there: run '${fetchCommand(kernel)}'`)
  }
  let image: string | undefined
  return systemOfHelpers({
    name: `${kernel.name} (${fetched.release}, emulated)`,
    lanes: options.lanes ?? Math.min(USUAL_LANES, availableParallelism()),
    start: (lane) => {
      image ??= imageFile(fetched)
      return new Helper(launchOf(emulator, fetched, image, lane, options.unprivileged ? NOBODY : undefined))
    },
  })
}

/** The root file system as a file, named after what is in it. Older ones go. */
function imageFile(kernel: FetchedKernel): string {
  const content = guestImage(kernel)
  const folder = kernelFolder(kernel.kernel)
  const name = `initramfs-${createHash('sha256').update(content).digest('hex').slice(0, 16)}`
  const path = join(folder, name)
  if (existsSync(path)) return path
  for (const old of readdirSync(folder)) if (old.startsWith('initramfs-')) rmSync(join(folder, old), { force: true })
  writeFileSync(`${path}.${process.pid}`, content)
  renameSync(`${path}.${process.pid}`, path)
  return path
}
