/**
 * Starts a virtual machine whose standard input and output are the helper's.
 * @module
 */
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Launch } from '../helper.ts'
import { USER } from './guest.ts'
import { type Emulator, type FetchedKernel, kernelsFolder } from './kernels.ts'

/** Bytes of memory, as the emulator takes it. */
const MEMORY = '1G'
const SWAP_BYTES = 256 * 1024 * 1024
/** Boot included, on a machine that is busy with other things. */
const PATIENCE_MS = 180_000
const COMMAND_LINE = 'console=ttyS0 quiet panic=-1 mitigations=off'

/**
 * How one virtual machine is started. Its CPU is emulated, so that it needs no virtualization of the machine it runs on; it ends when
 * its input ends.
 *
 * @param lane - machines of one lane share a file for what the kernel prints
 * @param user - number of the user that programs run as in it; root when absent
 */
export function launchOf(emulator: Emulator, kernel: FetchedKernel, image: string, lane: number, user?: string): Launch {
  const console = join(kernelsFolder(), `console-${kernel.kernel.name}-${lane}${user === undefined ? '' : `-${user}`}.log`)
  const commandLine = user === undefined ? COMMAND_LINE : `${COMMAND_LINE} ${USER}=${user}`
  const machine = ['-accel', 'tcg', '-cpu', 'qemu64', '-m', MEMORY, '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot']
  const boot = ['-kernel', kernel.image, '-initrd', image, '-append', commandLine, '-serial', `file:${console}`]
  // What is written to the disk goes to a file of the emulator's own that nobody else sees.
  const disk = ['-drive', `file=${emptyDisk()},if=virtio,format=raw,snapshot=on,cache=unsafe`]
  const port = ['-device', 'virtio-serial-pci', '-chardev', 'stdio,id=port', '-device', 'virtserialport,chardev=port']
  return {
    command: emulator.command,
    args: [...emulator.args, ...machine, ...boot, ...disk, ...port],
    ...(emulator.env === undefined ? {} : { env: emulator.env }),
    patienceMs: PATIENCE_MS,
    lastWords: () => lastLines(console),
  }
}

/** A disk of zeros that takes no room. */
function emptyDisk(): string {
  const path = join(kernelsFolder(), 'empty-disk')
  if (!existsSync(path)) {
    writeFileSync(path, '')
    truncateSync(path, SWAP_BYTES)
  }
  return path
}

/** What the kernel printed last: why it ended. */
function lastLines(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim().split(/\r?\n/).slice(-12).join('\n')
  } catch {
    return ''
  }
}
