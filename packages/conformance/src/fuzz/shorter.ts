/**
 * Shorter and plainer programs that might show the same.
 * @module
 */
import { type MonitorOp, type Operation, type Place, type Range, range } from '@faultline/program'

type Pass = (program: readonly Operation[]) => Generator<readonly Operation[]>

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

/** Without an operation that makes something, whose name then means something that is there already. */
function* withoutNames(program: readonly Operation[]): Generator<readonly Operation[]> {
  for (const [at, operation] of program.entries()) {
    const rest = program.filter((_, index) => index !== at)
    for (const [made, others] of replacements(operation, program.slice(0, at))) {
      for (const other of others) yield rest.map((each) => renamed(each, made, other))
    }
  }
}

/** What an operation makes, and what there is of the kind before it. */
function* replacements(operation: Operation, before: readonly Operation[]): Generator<readonly [string, readonly string[]]> {
  if ('region' in operation) yield [operation.region, before.flatMap((each) => ('region' in each ? [each.region] : []))]
  if (operation.op === 'fork') yield [operation.child, ['main']]
  if (operation.op === 'userfaultfd') yield [operation.uffd, before.flatMap((each) => (each.op === 'userfaultfd' ? [each.uffd] : []))]
}

/** An operation that names another region, process or userfaultfd: names of programs of the generator are never shared between kinds. */
function renamed<T>(value: T, from: string, to: string): T {
  if (value === from) return to as T
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, part]) => [key, key === 'op' ? part : renamed(part, from, to)])
  return Object.fromEntries(entries) as T
}

/** With an operation that needs less before it in place of one that does the same. */
function* otherWays(program: readonly Operation[]): Generator<readonly Operation[]> {
  for (const [at, operation] of program.entries()) {
    const before = program.slice(0, at)
    const replace = (other: Operation): readonly Operation[] => program.map((each, index) => (index === at ? other : each))
    if (operation.op === 'fallocate' && operation.punch) {
      for (const each of before) {
        if (each.op !== 'mmap' || each.file !== operation.file) continue
        yield replace({ op: 'madvise', range: range(each.region, operation.page - (each.pgoff ?? 0), operation.pages), advice: 'remove' })
      }
    }
    if (operation.op !== 'read' && operation.op !== 'write') continue
    for (const monitor of before) {
      if (monitor.op !== 'monitor') continue
      for (const fill of fillsOf(monitor, operation.at)) yield replace(fill).filter((each) => each !== monitor)
    }
  }
}

/** What a monitor does when a page is touched, as an operation. */
function* fillsOf({ uffd, missing, minor }: MonitorOp, { region, page }: Place): Generator<Operation> {
  const pages = range(region, page, 1)
  for (const answer of [missing, minor]) {
    const mode = answer.endsWith('-wp') ? 2 : 0
    if (answer.startsWith('copy')) yield { op: 'copy', uffd, range: pages, value: 1, mode }
    else if (answer.startsWith('continue')) yield { op: 'continue', uffd, range: pages, mode }
    else if (answer === 'zeropage' || answer === 'poison') yield { op: answer, uffd, range: pages, mode }
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
      if (operation.value !== 1) yield { ...operation, value: 1 }
      break
    case 'copy':
      if (operation.value !== 1) yield { ...operation, value: 1 }
      yield { op: 'write', at: operation.range.at, value: 1, ...actorOf(operation) }
      break
    case 'zeropage':
    case 'continue':
      yield { op: 'read', at: operation.range.at, ...actorOf(operation) }
      break
    case 'userfaultfd':
      if (operation.flags !== 0) yield { ...operation, flags: 0 }
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
      if (operation.advice === 'populate_write') yield { op: 'write', at: operation.range.at, value: 1, ...actorOf(operation) }
      if (operation.advice === 'populate_read') yield { op: 'read', at: operation.range.at, ...actorOf(operation) }
      break
  }
}

function actorOf({ process, thread }: Operation): { readonly process?: string; readonly thread?: string } {
  return { ...(process === undefined ? {} : { process }), ...(thread === undefined ? {} : { thread }) }
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

/** Ways to make a program shorter or plainer, the most thorough first. */
export const PASSES: readonly Pass[] = [chunks, singles, pairs, withoutNames, otherWays, plainer]
