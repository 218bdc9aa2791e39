import { fetchedKernel, fetchKernel, findEmulator, OLD_KERNELS } from '@faultline/linux'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { MachineError } from '../errors.ts'
import { oneOf } from '../names.ts'

const NAMES = OLD_KERNELS.map(({ name }) => name)

/** `faultline fetch-kernel`: what `--system linux-6.1` and its like need. */
export function addFetchKernel(program: Command, context: Context): void {
  program
    .command('fetch-kernel')
    .description('fetch older kernels, and what starts them, as Debian packages into the cache; nothing is installed')
    .argument('[kernels...]', `some of ${NAMES.join(', ')}; all when none is named`)
    .option('--list', 'say what is there, and fetch nothing')
    .action((names: readonly string[], flags: { readonly list?: boolean }) => {
      const { out } = context.terminal
      const chosen = names.length === 0 ? OLD_KERNELS : names.map((name) => OLD_KERNELS[NAMES.indexOf(oneOf('kernel', name, NAMES))]!)
      if (flags.list) {
        out.write(`emulator: ${findEmulator()?.command ?? 'not fetched'}\n`)
        for (const kernel of chosen) out.write(`${kernel.name}: ${fetchedKernel(kernel)?.release ?? 'not fetched'}\n`)
        return
      }
      try {
        for (const kernel of chosen) fetchKernel(kernel, (line) => context.terminal.err.write(`${line}\n`))
      } catch (error) {
        throw new MachineError(`the kernel cannot be fetched: ${(error as Error).message}`)
      }
    })
}
