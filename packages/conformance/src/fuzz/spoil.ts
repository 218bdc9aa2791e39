/**
 * Makes the arguments of an operation wrong.
 * @module
 */
import type { Operation, Range } from '@faultline/program'
import type { Random } from './random.ts'

/** The operation with one argument that is meant to be refused, or to surprise; as it is where it has none. */
export function spoil(random: Random, operation: Operation): Operation {
  if (operation.op === 'pagemap' || operation.op === 'mmap' || operation.op === 'reclaim') return operation
  if ('mode' in operation && random.chance(40)) return { ...operation, mode: random.pick([0, 3, 4, 8, 0x40]) } as Operation
  if ('range' in operation) return { ...operation, range: spoilRange(random, operation.range) } as Operation
  if (operation.op === 'userfaultfd') return { ...operation, flags: random.pick([1, 2]) }
  if (operation.op === 'fallocate') return { ...operation, pages: 0 }
  return operation
}

function spoilRange(random: Random, { at, pages, bytes }: Range): Range {
  switch (random.int(0, 4)) {
    case 0:
      return { at: { ...at, byte: 0x10 }, pages, bytes }
    case 1:
      return { at, pages: 0, bytes: 0 }
    case 2:
      return { at, pages, bytes: 0x10 }
    case 3:
      return { at: { ...at, page: at.page - 1 }, pages: pages + 1, bytes }
    default:
      return { at, pages: pages + 40, bytes }
  }
}
