import { fetchedKernel, fetchKernel, findEmulator, OLD_KERNELS, type OldKernel } from '@faultline/linux'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { MachineError } from '../errors.ts'
import { oneOf } from '../names.ts'
import { OLD_NAMES } from '../old-kernel.ts'

/** `faultline kernels`: what `--system linux-6.1` and its like need, and how to get it. */
export function addKernels(program: Command, context: Context): void {
  program
    .command('kernels')
    .description('the older kernels that can be asked in a virtual machine, and what of them has been fetched')
    .argument('[names...]', `some of ${OLD_NAMES}; all when none is named`)
    .option('--fetch', 'fetch them, and what starts them, as Debian packages into the cache; nothing is installed')
    .action((names: readonly string[], flags: { readonly fetch?: boolean }) => {
      const chosen = chosenKernels(names)
      if (flags.fetch) fetchAll(chosen, (line) => context.terminal.err.write(`${line}\n`))
      context.terminal.out.write(listText(chosen))
    })
}

function chosenKernels(names: readonly string[]): readonly OldKernel[] {
  const known = OLD_KERNELS.map(({ name }) => name)
  return names.length === 0 ? OLD_KERNELS : names.map((name) => OLD_KERNELS[known.indexOf(oneOf('kernel', name, known))]!)
}

/** @throws MachineError that says what apt refused */
function fetchAll(kernels: readonly OldKernel[], say: (line: string) => void): void {
  try {
    for (const kernel of kernels) fetchKernel(kernel, say)
  } catch (error) {
    throw new MachineError(`the kernel cannot be fetched: ${(error as Error).message}`)
  }
}

const EMULATOR = 'emulator'
const MISSING = 'not fetched'

function listText(kernels: readonly OldKernel[]): string {
  const rows = kernels.map((kernel) => [kernel.name, fetchedKernel(kernel)?.release ?? MISSING] as const)
  const all = [...rows, [EMULATOR, findEmulator()?.command ?? MISSING] as const]
  const width = Math.max(...all.map(([name]) => name.length))
  return all.map(([name, found]) => `${name.padEnd(width)}  ${found}\n`).join('')
}
