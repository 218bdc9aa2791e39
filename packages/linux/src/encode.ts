/**
 * Operations as lines for the helper: the operation's name and decimal numbers.
 *
 * Every line begins with process and thread; a place is region, page, byte; a range is a place, pages, bytes.
 * @module
 */
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '@faultline/mm-types'
import {
  ADVICE,
  ANSWERS,
  type Answer,
  MEMORY_TYPES,
  type MmapOp,
  type MremapOp,
  type Operation,
  type Place,
  type Range,
} from '@faultline/program'
import type { Names } from './names.ts'

const PLACED_IN_WINDOW = 0
const PLACED_AT = 1
const PLACED_AT_VPN = 2
const SMALL_SHIFT = 12

/** The line of an operation without its end; `undefined` when the helper has no such operation. */
export function encode(operation: Operation, names: Names): string | undefined {
  const numbers = encodeNumbers(operation, names)
  if (numbers === undefined) return undefined
  const actor = [names.processes.id(operation.process ?? 'main'), names.threads.id(operation.thread ?? 'main')]
  return `${operation.op} ${[...actor, ...numbers].join(' ')}`
}

function encodeNumbers(op: Operation, names: Names): readonly number[] | undefined {
  switch (op.op) {
    case 'munmap':
    case 'mlock':
    case 'munlock':
    case 'pagemap':
    case 'reclaim':
      return range(op.range, names)
    case 'mmap':
      return mmap(op, names)
    case 'mremap':
      return mremap(op, names)
    case 'mprotect':
      return [...range(op.range, names), prot(op.prot)]
    case 'madvise':
      return [...range(op.range, names), ADVICE[op.advice]]
    case 'read':
      return place(op.at, names)
    case 'write':
      return [...place(op.at, names), op.value]
    case 'fork':
      return [names.processes.id(op.child)]
    case 'exit':
    case 'status':
    case 'clear_refs':
    case 'swapoff':
      return []
    case 'scan':
      return [...range(op.range, names), op.flags, op.inverted, op.mask, op.anyof, op.returned, op.maxPages, op.vecLen]
    case 'file':
      return [names.files.id(op.file), op.pages, op.hugeShift ?? SMALL_SHIFT]
    case 'fallocate':
      return [names.files.id(op.file), op.page, op.pages, Number(op.punch)]
    case 'ftruncate':
      return [names.files.id(op.file), op.pages]
    default:
      return encodeUffd(op, names)
  }
}

function encodeUffd(op: Operation, names: Names): readonly number[] | undefined {
  switch (op.op) {
    case 'userfaultfd':
      return [names.uffds.id(op.uffd), op.flags, Number(op.device ?? false)]
    case 'api':
      return [names.uffds.id(op.uffd), op.features, op.version]
    case 'register':
    case 'writeprotect':
    case 'zeropage':
    case 'continue':
    case 'poison':
    case 'wake':
      return [names.uffds.id(op.uffd), ...range(op.range, names), op.mode]
    case 'unregister':
      return [names.uffds.id(op.uffd), ...range(op.range, names)]
    case 'copy':
      return [names.uffds.id(op.uffd), ...range(op.range, names), op.value, op.mode]
    case 'move':
      return [names.uffds.id(op.uffd), ...range(op.range, names), ...place(op.from, names), op.mode]
    case 'close':
      return [names.uffds.id(op.uffd)]
    case 'receive':
      return [names.uffds.id(op.uffd), op.child === undefined ? -1 : names.uffds.id(op.child)]
    case 'monitor':
      return [names.uffds.id(op.uffd), answer(op.missing), answer(op.wp), answer(op.minor)]
    default:
      return undefined
  }
}

function place(at: Place, names: Names): readonly number[] {
  return [names.regions.id(at.region), at.page, at.byte]
}

function range(of: Range, names: Names): readonly number[] {
  return [...place(of.at, names), of.pages, of.bytes]
}

function prot(letters: string): number {
  return (letters.includes('r') ? PROT_READ : 0) | (letters.includes('w') ? PROT_WRITE : 0) | (letters.includes('x') ? PROT_EXEC : 0)
}

function answer(given: Answer): number {
  return ANSWERS.indexOf(given)
}

function mmap(op: MmapOp, names: Names): readonly number[] {
  const isHuge = op.memory === 'hugetlb' || op.memory === 'hugetlb-private'
  const at = op.vpn !== undefined ? [0, op.vpn, 0] : op.at ? place(op.at, names) : [0, 0, 0]
  const placing = op.vpn !== undefined ? PLACED_AT_VPN : op.at ? PLACED_AT : PLACED_IN_WINDOW
  const file = op.file === undefined ? -1 : names.files.id(op.file)
  const region = names.regions.id(op.region)
  const shift = isHuge ? (op.hugeShift ?? 21) : SMALL_SHIFT
  return [
    region,
    op.pages,
    MEMORY_TYPES.indexOf(op.memory),
    prot(op.prot),
    file,
    op.pgoff ?? 0,
    placing,
    ...at,
    shift,
    Number(op.noreserve ?? false),
  ]
}

function mremap(op: MremapOp, names: Names): readonly number[] {
  const to = op.to ? [1, ...place(op.to, names)] : [0, 0, 0, 0]
  const old = range(op.range, names)
  return [...old, names.regions.id(op.region), op.newPages, Number(op.mayMove), Number(op.dontUnmap), ...to]
}
