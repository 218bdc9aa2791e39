/**
 * Scripts: one file of program text for one case of a kernel selftest.
 * @module
 */
import { MEMORY_TYPES, type Memory, type Program, parseProgram } from '@faultline/program'

/** One case of a selftest, written as a program. */
export interface Script {
  /** The selftest, as the kernel names it, such as `uffd-unit-tests`. */
  readonly suite: string
  /** The case, as the selftest names it. */
  readonly name: string
  /** Its file below `scripts/`, such as `uffd-unit-tests/wp-fork.flt`. */
  readonly file: string
  /** Memory types it is run for. */
  readonly memories: readonly Memory[]
  readonly text: string
  readonly program: Program
}

/** A case that has no script for some memory types, and why. */
export interface InexpressibleCase {
  readonly suite: string
  readonly case: string
  readonly memories: readonly Memory[]
  /** What the operation language or the model lacks. */
  readonly why: string
}

/** The content of `scripts/not-expressible.json`. */
export interface NotExpressibleFile {
  readonly cases: readonly InexpressibleCase[]
}

/**
 * Reads one script.
 *
 * @param file - its path below `scripts/`: suite, slash, case, `.flt`.
 * @throws ProgramSyntaxError when the text is no program
 * @throws Error when the path has another form, or the program does not name its memory types
 */
export function parseScript(file: string, text: string): Script {
  const found = /^([^/]+)\/([^/]+)\.flt$/.exec(file)
  if (found === null) throw new Error(`${file}: a script is called SUITE/CASE.flt`)
  const program = parseProgram(text, file)
  if (program.memories === undefined)
    throw new Error(`${file}: the memory types are missing; begin with a line such as "memory anon shmem"`)
  return { suite: found[1]!, name: found[2]!, file, memories: program.memories, text, program }
}

/** Reads the list of cases without a script. @throws Error naming the entry that is wrong */
export function parseNotExpressible(text: string): readonly InexpressibleCase[] {
  const { cases } = JSON.parse(text) as NotExpressibleFile
  for (const [index, entry] of cases.entries()) {
    const unknown = entry.memories.find((memory) => !MEMORY_TYPES.includes(memory))
    if (unknown !== undefined) throw new Error(`not-expressible.json: cases[${index}]: "${unknown}" is no memory type`)
    if (!entry.suite || !entry.case || !entry.why) throw new Error(`not-expressible.json: cases[${index}] needs suite, case and why`)
  }
  return cases
}
