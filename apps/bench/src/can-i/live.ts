/**
 * The running kernel, asked as root and as nobody.
 * @module
 */
import { linuxSystem, versionOf } from '@faultline/linux'
import { hasSoftDirty } from '../record/needs.ts'
import { openRunningKernel } from '../running-kernel.ts'
import type { Output } from '../terminal.ts'
import type { LiveKernel } from './answer.ts'
import { existingSysctl } from './sysctl.ts'

/** @throws MachineError where the running kernel cannot be asked */
export async function openLive(err: Output): Promise<LiveKernel & { close(): Promise<void> }> {
  const kernel = await openRunningKernel({ err, instead: 'leave out --system for the model and the recordings' })
  const version = versionOf(/linux-(\S+)/.exec(kernel.system.name)?.[1] ?? '')
  const nobody = linuxSystem({ unprivileged: true })
  const sysctl = Object.values(existingSysctl())[0]
  const release = version.split('.').slice(0, 2).join('.')
  return {
    release,
    name: `Linux ${version}`,
    softDirty: await hasSoftDirty(kernel.system),
    for(who) {
      const rights = who.privilege(release)
      if (who.privileged) return kernel.system
      // Nobody here has what the setting and the file mode of this machine give.
      return rights.unprivilegedUserfaultfd === (sysctl === '1') && !rights.device ? nobody : undefined
    },
    async close() {
      await nobody.close()
      await kernel.close()
    },
  }
}
