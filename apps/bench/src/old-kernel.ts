/**
 * Older kernels as systems: chosen by name, and started in a virtual machine.
 * @module
 */
import { OLD_KERNELS, type OldKernel, type VmOptions, vmSystem } from '@faultline/linux'
import { MachineError } from './errors.ts'
import { oneOf } from './names.ts'
import type { RunningKernel } from './running-kernel.ts'

/** The kernel of this machine, as `--system` names it. */
export const RUNNING = 'linux'
/** The older kernels, as help texts name them. */
export const OLD_NAMES = OLD_KERNELS.map(({ name }) => name).join(', ')

/** The older kernel of a name; undefined for `linux`. @throws UsageError when there is none of that name */
export function oldKernelOf(name: string): OldKernel | undefined {
  const known = oneOf('system', name, [RUNNING, ...OLD_KERNELS.map((kernel) => kernel.name)])
  return OLD_KERNELS.find((kernel) => kernel.name === known)
}

/** Starts an older kernel when it is first asked. Nothing on this machine is changed. @throws MachineError when it was not fetched */
export function openOldKernel(kernel: OldKernel, options: VmOptions = {}): RunningKernel {
  try {
    const system = vmSystem(kernel, options)
    return { system, changes: [], close: () => system.close() }
  } catch (error) {
    throw new MachineError((error as Error).message)
  }
}
