/**
 * Programs: steps with what is expected of them, written once for several memory types.
 * @module
 */
import type { Expectation } from './expectation.ts'
import { MEMORY_PARAMETER, type MemoryTerm } from './names.ts'
import type { FileOp, Memory, MmapOp, Operation } from './operations.ts'

/** mmap(2) of a memory type that may still be open. */
export interface MmapTemplate extends Omit<MmapOp, 'memory'> {
  readonly memory: MemoryTerm
}

/** A memory file that may be hugetlb or not as the memory type has it. */
export interface FileTemplate extends Omit<FileOp, 'hugeShift'> {
  readonly hugeShift?: 21 | 30 | typeof MEMORY_PARAMETER
}

/** An operation as it stands in a program: plain, or with the memory type left open. Every {@link Operation} is one. */
export type TemplateOperation = Exclude<Operation, MmapOp | FileOp> | MmapTemplate | FileTemplate

/** One line of a program. */
export interface Step<O = TemplateOperation> {
  readonly operation: O
  /** Memory types the step is for; all where absent. */
  readonly memories?: readonly Memory[]
  /** What may happen: one of these that apply to the memory type. Nothing is checked where none applies. */
  readonly expect?: readonly Expectation[]
  /** The comment at the end of the line. */
  readonly comment?: string
}

/** A program, its memory type possibly left open. */
export interface Program {
  readonly name?: string
  /** Memory types the program is meant for, at least one; absent in programs that leave nothing open. */
  readonly memories?: readonly Memory[]
  readonly steps: readonly Step[]
}

/** A program that can be run: plain operations, and only the steps and expectations that apply. */
export interface Instance {
  readonly name?: string
  readonly memory?: Memory
  readonly steps: readonly Step<Operation>[]
}

/** Thrown by {@link instantiate} when a program and a memory type do not go together. */
export class InstantiationError extends Error {
  constructor(program: Program, problem: string, remedy: string) {
    super(`${program.name ?? 'program'}: ${problem}; ${remedy}`)
    this.name = 'InstantiationError'
  }
}

/** A program of plain operations that expects nothing. */
export function programOf(operations: readonly TemplateOperation[], name?: string): Program {
  const steps = operations.map((operation) => ({ operation }))
  return name === undefined ? { steps } : { name, steps }
}

/**
 * Settles the memory type of a program.
 *
 * `mmap … memory` maps it; `file … huge=memory` is hugetlb where it is. Anonymous memory has no file: `file=` and `pgoff=`
 * of such a mapping are dropped, and the file stays unmapped.
 *
 * @param memory - may be absent for a program that leaves nothing open
 * @throws InstantiationError when the program is not meant for the memory type, or needs one and gets none
 */
export function instantiate(program: Program, memory?: Memory): Instance {
  if (memory !== undefined && program.memories && !program.memories.includes(memory)) {
    throw new InstantiationError(program, `not meant for ${memory}`, `use one of: ${program.memories.join(' ')}`)
  }
  const applies = (part: { readonly memories?: readonly Memory[] }): boolean => {
    if (part.memories === undefined) return true
    if (memory === undefined) throw open(program, 'a part is for some memory types only')
    return part.memories.includes(memory)
  }
  const steps = program.steps.filter(applies).map((step) => {
    const { memories: _, expect, ...rest } = step
    const operation = settle(program, step.operation, memory)
    if (expect === undefined) return { ...rest, operation }
    return { ...rest, operation, expect: expect.filter(applies).map(({ memories: __, ...expectation }) => expectation) }
  })
  return { name: program.name, memory, steps }
}

function open(program: Program, problem: string): InstantiationError {
  return new InstantiationError(program, `${problem}, and no memory type is given`, 'give one')
}

function settle(program: Program, operation: TemplateOperation, memory: Memory | undefined): Operation {
  if (operation.op === 'mmap') {
    if (operation.memory !== MEMORY_PARAMETER) return { ...operation, memory: operation.memory }
    if (memory === undefined) throw open(program, `mmap ${operation.region} leaves its memory open`)
    return settleMmap(operation, memory)
  }
  if (operation.op === 'file') {
    const { hugeShift, ...rest } = operation
    if (hugeShift !== MEMORY_PARAMETER) return hugeShift === undefined ? rest : { ...rest, hugeShift }
    if (memory === undefined) throw open(program, `file ${operation.file} leaves its page size open`)
    return isHugetlb(memory) ? { ...rest, hugeShift: 21 } : rest
  }
  return operation
}

function settleMmap(operation: MmapTemplate, memory: Memory): MmapOp {
  const { file, pgoff, hugeShift, ...rest } = operation
  const settled = { ...rest, memory }
  if (memory === 'anon') return settled
  const huge = isHugetlb(memory) && hugeShift !== undefined ? { hugeShift } : {}
  return { ...settled, ...(file === undefined ? {} : { file }), ...(pgoff === undefined ? {} : { pgoff }), ...huge }
}

function isHugetlb(memory: Memory): boolean {
  return memory === 'hugetlb' || memory === 'hugetlb-private'
}
