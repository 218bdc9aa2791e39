/**
 * The kernel of this machine as a system: asked whether it can be asked, and the machine made fit for as long as it is open.
 * @module
 */
import { type Change, type LinuxSystem, linuxSystem, type MachineNeeds, prepareMachine } from '@faultline/linux'
import { errnoName } from '@faultline/mm-types'
import { MachineError } from './errors.ts'
import type { Output } from './terminal.ts'

/** How the running kernel is opened. */
export interface RunningKernelOptions extends MachineNeeds {
  /** Where what is changed on the machine is said, before it is changed. */
  readonly err: Output
  /** What to use instead where no kernel can be asked: the end of a sentence. */
  readonly instead?: string
}

/** The running kernel on a machine that has been made fit for it. */
export interface RunningKernel {
  readonly system: LinuxSystem
  /** What was changed on the machine, and will be put back. */
  readonly changes: readonly Change[]
  /** Ends the helper processes and puts the machine back; also done when this process ends in any way that lets it. */
  close(): Promise<void>
}

/** Says what {@link openRunningKernel} would change now, and changes nothing. */
export function sayMachineChanges({ err, instead, ...needs }: RunningKernelOptions): void {
  if (process.platform !== 'linux') throw notHere(instead)
  let nothing = true
  const say = (line: string): void => {
    nothing = false
    err.write(`${line}\n`)
  }
  prepareMachine({ ...needs, dryRun: true, say })
  if (nothing) err.write('nothing on this machine would be changed\n')
}

/**
 * Opens the kernel of this machine, after it has shown that it can be asked.
 * @throws MachineError that says why it cannot, and what to do
 */
export async function openRunningKernel({ err, instead, ...needs }: RunningKernelOptions): Promise<RunningKernel> {
  if (process.platform !== 'linux') throw notHere(instead)
  let machine: ReturnType<typeof prepareMachine> | undefined
  try {
    await probe()
    machine = prepareMachine({ ...needs, say: (line) => err.write(`${line}\n`) })
  } catch (error) {
    throw new MachineError(`the running kernel cannot be asked: ${(error as Error).message}${alternative(instead)}`)
  }
  const { swap, changes, restore } = machine
  const system = linuxSystem(swap === undefined ? {} : { swap })
  const close = async (): Promise<void> => {
    await system.close()
    restore()
  }
  return { system, changes, close }
}

function notHere(instead: string | undefined): MachineError {
  return new MachineError(`this asks a running Linux kernel, and this is ${process.platform}${alternative(instead)}`)
}

function alternative(instead: string | undefined): string {
  return instead === undefined ? '' : `; ${instead}`
}

/** @throws Error when the helper cannot be built, or userfaultfds cannot be made */
async function probe(): Promise<void> {
  const system = linuxSystem()
  try {
    const session = system.open()
    const { errno } = await session.perform({ op: 'userfaultfd', uffd: 'probe', flags: 0 })
    await session.close()
    if (errno !== 0) {
      throw new Error(`userfaultfd(2) fails with ${errnoName(errno)}: run as root, or set vm.unprivileged_userfaultfd to 1`)
    }
  } finally {
    await system.close()
  }
}
