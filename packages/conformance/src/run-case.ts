/**
 * Runs one script for one memory type and says how it went.
 * @module
 */
import { type Failure, instantiate, type Memory, runProgram, type System } from '@faultline/program'
import type { Script } from './scripts.ts'

/** How a case went; `not expressible` where the system has no way to perform one of its steps. */
export type Verdict = 'pass' | 'fail' | 'not expressible'

/** One case for one memory type. */
export interface CaseResult {
  readonly suite: string
  readonly name: string
  readonly memory: Memory
  readonly verdict: Verdict
  /** Why it is not expressible. */
  readonly why?: string
  /** The steps that went otherwise than expected. */
  readonly failures: readonly Failure[]
}

/** Runs a script in a session of its own. Steps without an expectation must succeed, or the case fails. */
export async function runCase(system: System, script: Script, memory: Memory): Promise<CaseResult> {
  const { suite, name } = script
  const run = await runProgram(system, instantiate(script.program, memory), { strict: true })
  if (run.inexpressible !== undefined) {
    const { operation, error } = run.inexpressible
    return { suite, name, memory, verdict: 'not expressible', why: `${operation}: ${error.message}`, failures: run.failures }
  }
  return { suite, name, memory, verdict: run.passed ? 'pass' : 'fail', failures: run.failures }
}
