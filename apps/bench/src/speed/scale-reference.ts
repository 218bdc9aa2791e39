/**
 * The first touch of a sparse address space in the C reference: what its new memory takes of the system is taken of the model, too.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { compileC } from '@faultline/linux'
import { REFERENCE } from './sides.ts'

/** Nanoseconds a first touch. */
export interface ReferenceScale {
  /** On tables that were never there, and what of that is the operating system's; on tables that were. */
  readonly new: number
  readonly system: number
  readonly again: number
}

/** The reference reserves a table for so many pages. */
const PAGES_PER_TOUCH = 32

/** Touches so many pages, each in a table of its own; undefined where there is no compiler, or not the memory. */
export function measureReference(touches: number): ReferenceScale | undefined {
  try {
    const { status, stdout } = spawnSync(compileC(REFERENCE), [`${touches * PAGES_PER_TOUCH}`, 'scale'], { encoding: 'utf8', input: 'r' })
    return status === 0 ? (JSON.parse(stdout.trim().split('\n')[1]) as ReferenceScale) : undefined
  } catch {
    return undefined
  }
}
