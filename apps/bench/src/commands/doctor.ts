import { type Check, canBeAsked, doctor } from '@faultline/linux'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { EXIT_MACHINE } from '../errors.ts'
import { checkWritable, writeWhole } from '../output.ts'

interface DoctorFlags {
  readonly json?: string
}

/** `faultline doctor`: what the kernel of this machine can be asked, and what to do where it cannot. Changes nothing. */
export function addDoctor(program: Command, context: Context): void {
  program
    .command('doctor')
    .description('what the running kernel can be asked, line by line, each with its remedy; changes nothing')
    .option('--json <file>', 'write the lines as JSON, "-" for stdout and nothing else')
    .action(async ({ json }: DoctorFlags) => {
      const { out } = context.terminal
      if (json !== undefined && json !== '-') checkWritable(json)
      const checks = await doctor()
      const asked = canBeAsked(checks)
      if (!asked) context.exitCode = EXIT_MACHINE
      const document = `${JSON.stringify({ canBeAsked: asked, checks }, null, 2)}\n`
      if (json === '-') return out.write(document)
      out.write(doctorText(checks, asked))
      if (json !== undefined) writeWhole(json, document)
    })
}

function doctorText(checks: readonly Check[], asked: boolean): string {
  const width = Math.max(...checks.map(({ name }) => name.length))
  const lines = checks.flatMap(({ name, ok, detail, remedy }) => {
    const line = `${ok ? 'ok' : '- '}  ${name.padEnd(width)}  ${detail}`
    return remedy === undefined ? [line] : [line, `${' '.repeat(width + 6)}${remedy}`]
  })
  const verdict = asked
    ? 'The running kernel can be asked: faultline verify, faultline scripts --system linux.'
    : 'THE RUNNING KERNEL CANNOT BE ASKED; what Linux 6.18 did was recorded: faultline verify --against recorded.'
  return `${lines.join('\n')}\n\n${verdict}\n`
}
