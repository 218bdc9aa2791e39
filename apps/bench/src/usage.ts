import type { Command, CommanderError } from 'commander'
import { UsageError } from './errors.ts'
import { unknownName } from './names.ts'

/** Commander's refusal as one line in our words, with the nearest legal flag or command. */
export function usageError(error: CommanderError, program: Command, args: readonly string[]): UsageError {
  const command = program.commands.find((known) => known.name() === args.find((word) => !word.startsWith('-')))
  const subject = /'([^']*)'/.exec(error.message)?.[1] ?? ''
  if (error.code === 'commander.unknownCommand') return unknownName('command', subject, namesOf(program))
  if (error.code === 'commander.unknownOption') {
    return unknownName(
      `option${command === undefined ? '' : ` of ${command.name()}`}`,
      subject.replace(/=.*/, ''),
      flagsOf(command ?? program),
    )
  }
  const text = error.message.replace(/^error: /, '')
  const help = command === undefined ? 'faultline --help' : `faultline ${command.name()} --help`
  return new UsageError(`${text} (see ${help})`)
}

function namesOf(program: Command): string[] {
  return program.commands.map((command) => command.name())
}

function flagsOf(command: Command): string[] {
  return [...command.options.map((option) => option.long ?? option.flags), '--help']
}
