/**
 * The programs of a race, parsed.
 * @module
 */
import {
  type ClearRefsOp,
  instantiate,
  type Operation,
  parseProgram,
  printOperation,
  type WriteOp,
  type WriteProtectOp,
} from '@faultline/program'
import type { Race } from './race.ts'

/** What can be stepped through. */
export type RaceOperation = WriteOp | WriteProtectOp | ClearRefsOp

/** A race that can be run. */
export interface CompiledRace {
  readonly race: Race
  readonly setup: readonly Operation[]
  /** By CPU. */
  readonly programs: readonly (readonly RaceOperation[])[]
}

/** @throws ProgramSyntaxError, or an Error for an operation that cannot be stepped through */
export function compileRace(race: Race): CompiledRace {
  return { race, setup: operations(race.setup), programs: race.cpus.map(({ program }) => operations(program).map(stepped)) }
}

function operations(lines: string): Operation[] {
  return instantiate(parseProgram(`faultline-program 1\n${lines}\n`)).steps.map(({ operation }) => operation)
}

function stepped(operation: Operation): RaceOperation {
  if (operation.op === 'write' || operation.op === 'writeprotect' || operation.op === 'clear_refs') return operation
  throw new Error(`${printOperation(operation)}: a race has no steps for it; use write, writeprotect or clear_refs`)
}
