/**
 * Whom `faultline record` records: the running kernel, or an older one.
 * @module
 */
import { designs, linux618 } from '@faultline/designs'
import { type LinuxSystem, linuxSystem, type OldKernel, recordingHeader, versionOf } from '@faultline/linux'
import type { Design } from '@faultline/mm-types'
import type { Operation, Recording } from '@faultline/program'
import { defaultSysctl } from '../can-i/askers.ts'
import { existingSysctl, SYSCTL } from '../can-i/sysctl.ts'
import { openOldKernel } from '../old-kernel.ts'
import { openRunningKernel, type RunningKernelOptions } from '../running-kernel.ts'
import { hasSoftDirty, lacksGuestMemory, lacksMemory } from './needs.ts'

/** A kernel that is recorded. */
export interface Subject {
  readonly system: LinuxSystem
  /** The design that stands for it: random programs ask for what it has. */
  readonly design: Design
  /** The same kernel, asked by the user nobody; closing it is up to who asked for it. */
  unprivileged(): LinuxSystem
  /** What `vm.unprivileged_userfaultfd` is there, where that is known. */
  readonly sysctl: Readonly<Record<string, string>>
  header(): Omit<Recording, 'programs'>
  /** Why it has no memory for a program, or undefined. */
  lacksMemory(operations: readonly Operation[]): string | undefined
  close(): Promise<void>
}

/** The kernel of this machine. @throws MachineError where it cannot be asked */
export async function runningSubject(options: RunningKernelOptions): Promise<Subject> {
  const { system, close } = await openRunningKernel(options)
  return {
    system,
    design: linux618,
    unprivileged: () => linuxSystem({ unprivileged: true }),
    sysctl: existingSysctl(),
    header: recordingHeader,
    lacksMemory,
    close,
  }
}

/** An older kernel. @throws MachineError when it was not fetched */
export async function oldSubject(kernel: OldKernel): Promise<Subject> {
  const { system, close } = openOldKernel(kernel)
  const softDirty = await hasSoftDirty(system)
  const release = versionOf(/\(([^,]+),/.exec(system.name)?.[1] ?? kernel.name)
  const config = {
    machine: 'qemu-system-x86_64, emulated',
    kernel: "Debian's, for virtual machines",
    CONFIG_MEM_SOFT_DIRTY: softDirty ? 'y' : 'n',
  }
  return {
    system,
    design: designs.find(({ name }) => name === kernel.name) ?? linux618,
    unprivileged: () => openOldKernel(kernel, { unprivileged: true, lanes: 1 }).system,
    // Nobody has set it there.
    sysctl: { [SYSCTL]: defaultSysctl(kernel.name.replace('linux-', '')) ? '1' : '0' },
    header: () => ({ kernel: release, date: new Date().toISOString(), config }),
    lacksMemory: lacksGuestMemory,
    close,
  }
}
