/**
 * Random programs that are worth recording, recorded.
 * @module
 */
import { choosePrograms, recordRandom } from '@faultline/conformance'
import { createModel } from '@faultline/designs'
import type { Memory, RecordedProgram } from '@faultline/program'
import type { Output } from '../terminal.ts'
import type { Subject } from './subject.ts'

/** Which programs are recorded. */
export interface RandomOptions {
  /** Programs at most. */
  readonly keep: number
  readonly seed: number
  readonly memories: readonly Memory[]
}

/** Random programs to choose from for each that is kept. */
const TRIES = 20
const OPERATIONS = 30

/** Each program is recorded twice: what the kernel itself answers in two ways is no truth to compare with. */
export async function recordChosen(
  { system, design }: Subject,
  { keep, seed, memories }: RandomOptions,
  err: Output,
): Promise<{ readonly programs: readonly RecordedProgram[]; readonly made: string }> {
  const tries = keep * TRIES
  const { softDirty } = design
  const has = { features: design.uffd.features, softDirty, scanCategories: design.calls.scanCategories }
  const options = { seed, memories, operations: OPERATIONS, keep, tries, ...has }
  const chosen = await choosePrograms(createModel(design), options)
  const programs: RecordedProgram[] = []
  for (const program of chosen) {
    try {
      const once = await recordRandom(system, program)
      const again = await recordRandom(system, program)
      if (JSON.stringify(once) === JSON.stringify(again)) programs.push(once)
      else err.write(`${once.program}: left out: the kernel answered it in two ways\n`)
    } catch (error) {
      err.write(`left out: ${firstLine((error as Error).message)}\n`)
    }
  }
  const left = chosen.length - programs.length
  const made = `of ${tries} random programs of ${OPERATIONS} operations (seed ${seed}), the ${chosen.length} that reach most on the model; ${left} left out that the kernel answered in two ways, or not at all`
  return { programs, made }
}

function firstLine(text: string): string {
  return text.split('\n')[0]!.split(' at ')[0]!.trim()
}
