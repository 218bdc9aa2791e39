/**
 * The `faultline` command.
 * @module
 */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { addCanI } from './commands/can-i.ts'
import { addCompare } from './commands/compare.ts'
import { addDesigns } from './commands/designs.ts'
import { addDoctor } from './commands/doctor.ts'
import { addExperiment } from './commands/experiment.ts'
import { addKernels } from './commands/kernels.ts'
import { addMatrix } from './commands/matrix.ts'
import { addNewPolicy } from './commands/new-policy.ts'
import { addRace } from './commands/race.ts'
import { addRecord } from './commands/record.ts'
import { addReplay } from './commands/replay.ts'
import { addScripts } from './commands/scripts.ts'
import { addSpeed } from './commands/speed.ts'
import { addStart } from './commands/start.ts'
import { addTraces } from './commands/traces.ts'
import { addVerify } from './commands/verify.ts'
import { addWorkloads } from './commands/workloads.ts'
import type { Context } from './context.ts'
import { describeError, EXIT_DONE, EXIT_USAGE, exitCodeOf } from './errors.ts'
import { handleSignals } from './signals.ts'
import { processTerminal, type Terminal } from './terminal.ts'
import { usageError } from './usage.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

const EXIT_CODES = `
Exit codes: 0 done, 1 the comparison or check found a difference (compare, race: only with --fail-on-lost; replay: a
message the model does not explain), 2 bad input or usage, 3 this machine cannot do it, 70 a bug, 130 ended by Ctrl-C.`

/**
 * Runs the `faultline` command with the given arguments (without node and script) and answers with its exit code.
 *
 * @param terminal - where to write; this process's stdout and stderr, with its signals handled, when absent.
 */
export async function main(args: string[], terminal?: Terminal): Promise<number> {
  if (terminal === undefined) {
    handleSignals()
    terminal = processTerminal()
  }
  const context: Context = { terminal, exitCode: EXIT_DONE }
  const program = createProgram(context)
  try {
    if (args.length === 0) {
      terminal.err.write(program.helpInformation())
      return EXIT_USAGE
    }
    await program.parseAsync(args, { from: 'user' })
    return context.exitCode
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT_DONE
    const problem = error instanceof CommanderError ? usageError(error, program, args) : error
    terminal.err.write(describeError(problem))
    return exitCodeOf(problem)
  }
}

/** The commands and their flags; also what tests hold the README against. */
export function createProgram(context: Context): Command {
  const { out } = context.terminal
  const program = new Command('faultline')
    .description('Run one workload through competing page-table designs: which loses a write, and what does each cost?')
    .version(version, '--version', 'the version of this command')
    .exitOverride()
    .showSuggestionAfterError(false)
    // Errors are thrown and printed by main, each as one line.
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: () => undefined,
      getOutHelpWidth: () => 100,
      getOutHasColors: () => false,
    })
    .helpCommand(false)
    .addHelpText('after', EXIT_CODES)
  for (const add of [
    addStart,
    addCompare,
    addCanI,
    addExperiment,
    addRace,
    addReplay,
    addMatrix,
    addScripts,
    addRecord,
    addDesigns,
    addWorkloads,
    addNewPolicy,
    addTraces,
    addVerify,
    addSpeed,
    addDoctor,
    addKernels,
  ])
    add(program, context)
  return program
}
