/**
 * Makes a program that shows a difference as short and plain as it can be.
 * @module
 */
import type { Operation, Range } from '@faultline/program'
import { comparePrograms, type Difference, type Pair } from './differences.ts'

/** A program and the difference it shows. */
export interface Shrunk {
  readonly program: readonly Operation[]
  readonly difference: Difference
  /** Programs that were tried. */
  readonly tried: number
}

/** When to be content with what there is. */
export interface ShrinkOptions {
  /** Candidates tried at most. */
  readonly most?: number
  readonly signal?: AbortSignal
}

/** Candidates compared at a time: a system that takes many at once answers them faster. */
const BATCH = 16

/**
 * Shrinks a program while it still shows a difference: first whole operations go, then their arguments become plain.
 */
export async function shrink(
  pair: Pair,
  program: readonly Operation[],
  difference: Difference,
  { most = 3000, signal }: ShrinkOptions = {},
): Promise<Shrunk> {
  // What was performed is a program too, without what came after the difference.
  let best: Shrunk = { program: difference.script, difference, tried: 0 }
  const again = await tryAll(pair, [difference.script], difference)
  if (again.found === undefined) best = { program, difference, tried: 1 }
  for (let improved = true; improved && best.tried < most && !signal?.aborted; ) {
    improved = false
    for (const pass of [chunks, singles, pairs, plainer]) {
      for (;;) {
        const { found, tried } = await tryAll(pair, pass(best.program), difference)
        best = found === undefined ? { ...best, tried: best.tried + tried } : { ...found, tried: best.tried + tried }
        if (found === undefined || best.tried >= most || signal?.aborted) break
        improved = true
      }
    }
  }
  return best
}

/** Whether two differences are probably the same: of the same operation and field. Else a program might shrink to another's cause. */
function isAlike(one: Difference, other: Difference): boolean {
  return one.operation.op === other.operation.op && one.field.field === other.field.field
}

async function tryAll(
  pair: Pair,
  candidates: Iterable<readonly Operation[]>,
  like: Difference,
): Promise<{ found?: { program: readonly Operation[]; difference: Difference }; tried: number }> {
  let tried = 0
  const all = [...candidates]
  for (let from = 0; from < all.length; from += BATCH) {
    const batch = all.slice(from, from + BATCH)
    const verdicts = await comparePrograms(pair, batch)
    tried += batch.length
    const at = verdicts.findIndex((verdict) => verdict.difference !== undefined && isAlike(verdict.difference, like))
    if (at >= 0) return { found: { program: batch[at]!, difference: verdicts[at]!.difference! }, tried }
  }
  return { tried }
}

/** Without one half, quarter, eighth of the operations. */
function* chunks(program: readonly Operation[]): Generator<readonly Operation[]> {
  for (let size = Math.floor(program.length / 2); size >= 2; size = Math.floor(size / 2)) {
    for (let from = program.length - size; from > -size; from -= size) {
      const start = Math.max(0, from)
      yield [...program.slice(0, start), ...program.slice(from + size)]
    }
  }
}

function* singles(program: readonly Operation[]): Generator<readonly Operation[]> {
  for (let at = program.length - 1; at >= 0; at--) yield program.filter((_, index) => index !== at)
}

function* pairs(program: readonly Operation[]): Generator<readonly Operation[]> {
  if (program.length > 12) return
  for (let one = program.length - 1; one > 0; one--) {
    for (let other = one - 1; other >= 0; other--) yield program.filter((_, index) => index !== one && index !== other)
  }
}

/** With one argument made plainer. */
function* plainer(program: readonly Operation[]): Generator<readonly Operation[]> {
  for (const [at, operation] of program.entries()) {
    for (const candidate of plainerOperations(operation)) yield program.map((each, index) => (index === at ? candidate : each))
  }
}

function* plainerOperations(operation: Operation): Generator<Operation> {
  if (operation.thread !== undefined) yield omit(operation, 'thread')
  if (operation.process !== undefined) yield omit(operation, 'process')
  if ('range' in operation) for (const range of plainerRanges(operation.range)) yield { ...operation, range } as Operation
  if ('at' in operation && operation.at !== undefined && operation.at.page !== 0)
    yield { ...operation, at: { ...operation.at, page: 0 } } as Operation
  if ('mode' in operation) for (const mode of withoutBits(operation.mode)) yield { ...operation, mode } as Operation
  yield* plainerOf(operation)
}

function* plainerOf(operation: Operation): Generator<Operation> {
  switch (operation.op) {
    case 'write':
    case 'copy':
      if (operation.value !== 1) yield { ...operation, value: 1 }
      break
    case 'api':
      for (const features of withoutBits(operation.features)) yield { ...operation, features }
      break
    case 'mmap':
      for (const pages of fewer(operation.pages)) yield { ...operation, pages }
      if (operation.prot !== 'rw') yield { ...operation, prot: 'rw' }
      if (operation.noreserve) yield omit(operation, 'noreserve')
      if (operation.pgoff !== undefined) yield omit(operation, 'pgoff')
      if (operation.file !== undefined) yield omit(operation, 'file')
      if (operation.at !== undefined) yield omit(operation, 'at')
      break
    case 'file':
    case 'ftruncate':
    case 'fallocate':
      for (const pages of fewer(operation.pages)) yield { ...operation, pages }
      if (operation.op === 'fallocate' && operation.page > 0) yield { ...operation, page: 0 }
      break
    case 'mremap':
      if (operation.newPages !== operation.range.pages) yield { ...operation, newPages: operation.range.pages }
      if (operation.newPages > 1) yield { ...operation, newPages: 1, range: { ...operation.range, pages: 1 } }
      if (operation.to !== undefined) yield omit(operation, 'to')
      if (operation.dontUnmap) yield { ...operation, dontUnmap: false }
      break
    case 'monitor':
      for (const kind of ['missing', 'wp', 'minor'] as const) if (operation[kind] !== 'none') yield { ...operation, [kind]: 'none' }
      break
    case 'scan':
      for (const key of ['flags', 'inverted', 'mask', 'anyof', 'maxPages'] as const)
        if (operation[key] !== 0) yield { ...operation, [key]: 0 }
      if (operation.returned !== 0x1ff) yield { ...operation, returned: 0x1ff }
      if (operation.vecLen !== 32) yield { ...operation, vecLen: 32 }
      break
    case 'madvise':
      if (operation.advice === 'populate_write') yield { op: 'write', at: operation.range.at, value: 1, process: operation.process }
      break
  }
}

function* plainerRanges(range: Range): Generator<Range> {
  if (range.bytes !== 0) yield { ...range, bytes: 0 }
  if (range.at.byte !== 0) yield { ...range, at: { ...range.at, byte: 0 } }
  for (const pages of fewer(range.pages)) yield { ...range, pages }
  if (range.at.page !== 0) {
    yield { ...range, at: { ...range.at, page: 0 } }
    yield { ...range, at: { ...range.at, page: 0 }, pages: range.pages + range.at.page }
  }
}

function* fewer(pages: number): Generator<number> {
  for (const candidate of [1, 2, pages >> 1, 512]) if (candidate > 0 && candidate < pages) yield candidate
  if (pages > 3) yield pages - 1
}

function* withoutBits(bits: number): Generator<number> {
  for (let rest = bits; rest !== 0; rest &= rest - 1) yield bits & ~(rest & -rest)
}

function omit<O extends Operation>(operation: O, key: keyof O | 'process' | 'thread'): Operation {
  return Object.fromEntries(Object.entries(operation).filter(([name]) => name !== key)) as unknown as Operation
}
