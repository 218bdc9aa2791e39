/**
 * Who runs the scripts: a design of the model, the running kernel, or its recordings.
 * @module
 */
import type { Script } from '@faultline/conformance'
import { scriptRecordings } from '@faultline/conformance/load-recordings'
import { createModel } from '@faultline/designs'
import type { OldKernel } from '@faultline/linux'
import type { Design } from '@faultline/mm-types'
import { type Operation, recordedName, recordedSystem, type System } from '@faultline/program'
import { openOldKernel } from '../old-kernel.ts'
import { hasSoftDirty, lacksGuestMemory, lacksMemory, needsSoftDirty } from '../record/needs.ts'
import { openRunningKernel, type RunningKernelOptions } from '../running-kernel.ts'

/** A system for scripts. */
export interface ScriptSystem {
  readonly kind: System['kind']
  /** As printed, with where its answers come from. */
  readonly name: string
  /** Which scripts have no meaning here: why, or undefined. */
  lacks(operations: readonly Operation[]): string | undefined
  for(script: Script): System
  close(): Promise<void>
}

/** What to do where no kernel can be asked. */
export const INSTEAD = 'see what Linux 6.18 did with --system recorded'
const NO_SOFT_DIRTY = 'this kernel is built without CONFIG_MEM_SOFT_DIRTY: clear_refs does nothing, and no page is ever soft-dirty'

/** The model of a design. */
export function systemOfDesign(design: Design): ScriptSystem {
  const plain = createModel(design)
  // A script of soft-dirty runs on the design as built with CONFIG_MEM_SOFT_DIRTY; the measured kernel is built without.
  const dirty = createModel({ ...design, softDirty: true })
  return {
    kind: 'model',
    name: `${design.name} (model)`,
    lacks: () => undefined,
    for: ({ program }) => (needsSoftDirty(program.steps.map(({ operation }) => operation)) ? dirty : plain),
    close: async () => {},
  }
}

/** The kernel of this machine. @throws MachineError where it cannot be asked */
export async function openRunning(options: RunningKernelOptions): Promise<ScriptSystem> {
  const kernel = await openRunningKernel(options)
  const softDirty = await hasSoftDirty(kernel.system)
  return {
    kind: 'linux',
    name: kernel.system.name.replace('(running)', '(live)'),
    lacks: (operations) => (needsSoftDirty(operations) && !softDirty ? NO_SOFT_DIRTY : lacksMemory(operations)),
    for: () => kernel.system,
    close: () => kernel.close(),
  }
}

/** An older kernel in a virtual machine. @throws MachineError when it was not fetched */
export async function openOld(kernel: OldKernel): Promise<ScriptSystem> {
  const opened = openOldKernel(kernel)
  const softDirty = await hasSoftDirty(opened.system)
  return {
    kind: 'linux',
    name: opened.system.name.replace('emulated', 'live, emulated'),
    lacks: (operations) => (needsSoftDirty(operations) && !softDirty ? NO_SOFT_DIRTY : lacksGuestMemory(operations)),
    for: () => opened.system,
    close: () => opened.close(),
  }
}

/** What Linux 6.18 did with them, on a machine of ours. */
export function openRecorded(): ScriptSystem {
  const recordings = scriptRecordings('linux-6.18')
  const dates = recordings.map(({ date }) => date.slice(0, 10)).sort()
  const softDirty = recordings.every(({ config }) => config.CONFIG_MEM_SOFT_DIRTY === 'y')
  const system = recordedSystem(recordings)
  return {
    kind: 'recorded',
    name: recordedName(recordings).replace('(recorded)', `(recorded ${dates[0]})`),
    lacks: (operations) => (needsSoftDirty(operations) && !softDirty ? NO_SOFT_DIRTY : undefined),
    for: () => system,
    close: async () => {},
  }
}
