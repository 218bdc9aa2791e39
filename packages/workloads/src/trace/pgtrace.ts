import { TraceError } from './trace-error.ts'
import { checkCounts, checkVersionLine, headerNumbers, headerText } from './trace-lines.ts'

/** Load of a page (`r`). */
export const PGT_READ = 0
/** Store to a page (`w`). */
export const PGT_WRITE = 1
/** Instruction fetch from a page (`x`). */
export const PGT_EXEC = 2
/** Kernel read of user memory inside a system call (`k`). */
export const PGT_KERNEL_READ = 3
/** Kernel write of user memory inside a system call (`K`). */
export const PGT_KERNEL_WRITE = 4
/** Not an access: `pages[i]` is an index into `events`. */
export const PGT_EVENT = 7

/** One past the highest page number the format can hold (48-bit addresses, 4 KiB pages). */
export const PGT_PAGE_LIMIT = 2 ** 36

/** A mapping made by mmap, or (`initial`) there when the program started; `fd` is -1 for anonymous memory. */
export interface PgtraceMapping {
  readonly kind: 'mmap' | 'initial'
  readonly at: number
  readonly start: number
  readonly nrPages: number
  readonly prot: number
  readonly flags: number
  readonly fd: number
  readonly pgoff: number
}

/**
 * Something other than an access; `at` is its index in `ops`.
 *
 * Starts and ends are page numbers; `prot`, `flags` and `advice` are those of the system call.
 * `brk` ends are one past the last page, `oldEnd` 0 at the first call. `epoch` closes 2^20 loads and stores, after
 * which the recorder's filters were empty. `thread` says whose the following accesses are; `newThread` and `fork`
 * number the threads and children made.
 */
export type PgtraceEvent =
  | PgtraceMapping
  | { readonly kind: 'munmap'; readonly at: number; readonly start: number; readonly nrPages: number }
  | { readonly kind: 'brk'; readonly at: number; readonly oldEnd: number; readonly newEnd: number }
  | {
      readonly kind: 'mprotect'
      readonly at: number
      readonly start: number
      readonly nrPages: number
      readonly prot: number
    }
  | {
      readonly kind: 'madvise'
      readonly at: number
      readonly start: number
      readonly nrPages: number
      readonly advice: number
    }
  | {
      readonly kind: 'mremap'
      readonly at: number
      readonly start: number
      readonly nrPages: number
      readonly newStart: number
      readonly newNrPages: number
      readonly flags: number
    }
  | { readonly kind: 'fork' | 'newThread' | 'epoch' | 'thread'; readonly at: number; readonly index: number }
  | { readonly kind: 'exit'; readonly at: number }

/** The `#` lines a pgtrace starts with, and what they say. */
export interface PgtraceHeader {
  readonly lines: readonly string[]
  readonly program: string | undefined
  readonly recorder: string | undefined
  /** Numbers of the `#page` line: filter_data, filter_code, epoch. */
  readonly page: Readonly<Record<string, number>>
  /** Single pages and events by letter, as counted by the recorder. */
  readonly events: Readonly<Record<string, number>>
  /** Distinct pages by letter, and `all`. */
  readonly distinct: Readonly<Record<string, number>>
  /** accesses, loads, stores, blocks executed while recording. */
  readonly total: Readonly<Record<string, number>>
}

/** Page numbers: 32-bit when all fit, which is so for every recorded trace; doubles otherwise. */
export type PageColumn = Int32Array | Float64Array

/**
 * A decoded pgtrace: three columns of `length` entries, in recorded order.
 *
 * Entry i with `ops[i] <= PGT_KERNEL_WRITE` is an access to page `pages[i]` and the `runs[i]` pages after it; an entry
 * with `ops[i] === PGT_EVENT` stands for `events[pages[i]]`.
 */
export interface Pgtrace {
  readonly format: 'pgtrace'
  readonly header: PgtraceHeader
  readonly length: number
  readonly ops: Uint8Array
  readonly pages: PageColumn
  readonly runs: Int32Array
  readonly events: readonly PgtraceEvent[]
  /** Accesses with runs counted page by page. */
  readonly pageAccesses: number
}

/** Letters of the accesses, at their code. */
export const ACCESS_LETTERS = 'rwxkK'

/** How many operands each event letter has, the same in both encodings. */
export const EVENT_OPERANDS: Readonly<Record<string, number>> = {
  M: 6,
  I: 6,
  U: 2,
  B: 2,
  P: 3,
  A: 3,
  V: 5,
  F: 1,
  N: 1,
  t: 1,
  T: 1,
  E: 0,
}

const LETTER_OF_KIND: Readonly<Record<PgtraceEvent['kind'], string>> = {
  mmap: 'M',
  initial: 'I',
  munmap: 'U',
  brk: 'B',
  mprotect: 'P',
  madvise: 'A',
  mremap: 'V',
  fork: 'F',
  newThread: 'N',
  epoch: 't',
  thread: 'T',
  exit: 'E',
}

/** Throws a TraceError at the reader's present position. */
export type Fail = (problem: string, expected: string) => never

/** Builds an event from its letter and operands in recorded order, refusing ranges no address space can hold. */
function makeEvent(letter: string, at: number, o: readonly number[], fail: Fail): PgtraceEvent {
  switch (letter) {
    case 'M':
    case 'I': {
      checkRange(o[0], o[1], fail)
      const kind = letter === 'M' ? 'mmap' : 'initial'
      // Text has no offset for anonymous memory, so both encodings read as 0 there.
      const [fd, pgoff] = o[4] < 0 ? [-1, 0] : [o[4], o[5]]
      return { kind, at, start: o[0], nrPages: o[1], prot: o[2], flags: o[3], fd, pgoff }
    }
    case 'U':
      checkRange(o[0], o[1], fail)
      return { kind: 'munmap', at, start: o[0], nrPages: o[1] }
    case 'B':
      checkRange(o[0], 0, fail)
      checkRange(o[1], 0, fail)
      return { kind: 'brk', at, oldEnd: o[0], newEnd: o[1] }
    case 'P':
      checkRange(o[0], o[1], fail)
      return { kind: 'mprotect', at, start: o[0], nrPages: o[1], prot: o[2] }
    case 'A':
      checkRange(o[0], o[1], fail)
      return { kind: 'madvise', at, start: o[0], nrPages: o[1], advice: o[2] }
    case 'V':
      checkRange(o[0], o[1], fail)
      checkRange(o[2], o[3], fail)
      return { kind: 'mremap', at, start: o[0], nrPages: o[1], newStart: o[2], newNrPages: o[3], flags: o[4] }
    case 'E':
      return { kind: 'exit', at }
    default:
      return { kind: INDEXED_KINDS[letter], at, index: o[0] }
  }
}

const INDEXED_KINDS: Readonly<Record<string, 'fork' | 'newThread' | 'epoch' | 'thread'>> = {
  F: 'fork',
  N: 'newThread',
  t: 'epoch',
  T: 'thread',
}

function checkRange(start: number, nrPages: number, fail: Fail): void {
  if (start + nrPages <= PGT_PAGE_LIMIT) return
  const range = `${start.toString(16)}+${nrPages.toString(16)}`
  fail(`the range of pages ${range} (hex) ends past page 2^36`, 'a range inside a 48-bit address space')
}

/** Grows the columns of a Pgtrace while a reader fills them. */
export class PgtraceBuilder {
  readonly events: PgtraceEvent[] = []
  length = 0
  // Public so that a reader can write accesses of one page itself while there is room: runs are 0 unless `access` says otherwise.
  ops: Uint8Array
  pages: PageColumn
  runs: Int32Array
  #capacity: number
  /** Pages beyond the first of each access, by its code. */
  readonly #inRuns = new Float64Array(8)

  constructor(capacity: number) {
    this.#capacity = Math.max(16, capacity)
    this.ops = new Uint8Array(this.#capacity)
    this.pages = new Int32Array(this.#capacity)
    this.runs = new Int32Array(this.#capacity)
  }

  /** Appends an access; the caller has checked that `page + run < PGT_PAGE_LIMIT`. */
  access(op: number, page: number, run: number): void {
    const i = this.length
    if (i === this.#capacity) this.#grow()
    if (page > 0x7fffffff) this.widen()
    this.ops[i] = op
    this.pages[i] = page
    this.runs[i] = run
    if (run !== 0) this.#inRuns[op] += run
    this.length = i + 1
  }

  /** Makes room for page numbers of 2^31 and more. */
  widen(): void {
    if (this.pages instanceof Int32Array) this.pages = Float64Array.from(this.pages)
  }

  event(letter: string, operands: readonly number[], fail: Fail): void {
    const event = makeEvent(letter, this.length, operands, fail)
    this.access(PGT_EVENT, this.events.length, 0)
    this.events.push(event)
  }

  finish(source: string, headerLines: readonly string[]): Pgtrace {
    const header = readPgtraceHeader(source, headerLines)
    const counts = this.#count()
    checkCounts(source, header.events, counts)
    let pageAccesses = 0
    for (const letter of ACCESS_LETTERS) pageAccesses += counts[letter]
    return {
      format: 'pgtrace',
      header,
      length: this.length,
      ops: trim(this.ops, this.length),
      pages: trim(this.pages, this.length),
      runs: trim(this.runs, this.length),
      events: this.events,
      pageAccesses,
    }
  }

  #grow(): void {
    this.#capacity *= 2
    const ops = new Uint8Array(this.#capacity)
    const runs = new Int32Array(this.#capacity)
    const wide = this.pages instanceof Float64Array
    const pages = wide ? new Float64Array(this.#capacity) : new Int32Array(this.#capacity)
    ops.set(this.ops)
    runs.set(this.runs)
    pages.set(this.pages)
    this.ops = ops
    this.runs = runs
    this.pages = pages
  }

  #count(): Record<string, number> {
    // Four counters for each code, in turns: to add to what has just been stored is to wait for it.
    const entries = new Int32Array(32)
    const ops = this.ops
    for (let i = 0, n = this.length; i < n; i++) entries[((i & 3) << 3) | ops[i]]++
    const byOp = this.#inRuns
    for (let i = 0; i < entries.length; i++) byOp[i & 7] += entries[i]
    const counts: Record<string, number> = {}
    for (const letter of Object.keys(EVENT_OPERANDS)) counts[letter] = 0
    for (const event of this.events) counts[LETTER_OF_KIND[event.kind]]++
    for (let op = 0; op < ACCESS_LETTERS.length; op++) counts[ACCESS_LETTERS[op]] = byOp[op]
    return counts
  }
}

/** The first `length` elements; copied only when what is left over is worth freeing. */
function trim<T extends Uint8Array | PageColumn>(column: T, length: number): T {
  const isTight = column.length - length <= column.length >> 2
  return (isTight ? column.subarray(0, length) : column.slice(0, length)) as T
}

/** Entries that a header speaks of, accesses page by page; 0 when it says nothing. Nobody has counted yet. */
export function statedEntries(lines: readonly string[]): number {
  const text = headerText(lines, 'events')
  return text === undefined ? 0 : Object.values(headerNumbers(`#events ${text}`)).reduce((sum, count) => sum + count, 0)
}

/** Reads the `#` lines of a pgtrace; the first must be `#pgtrace 1`, and the page size 4096. */
function readPgtraceHeader(source: string, lines: readonly string[]): PgtraceHeader {
  const fail: Fail = (problem, expected) => {
    throw new TraceError(source, { line: 1, column: 1 }, problem, expected)
  }
  checkVersionLine(lines[0] ?? '', 'pgtrace', fail)
  const numbers = (name: string) => {
    const text = headerText(lines, name)
    return text === undefined ? {} : headerNumbers(`#${name} ${text}`)
  }
  const pageLine = lines.findIndex((line) => line.startsWith('#page '))
  if (pageLine >= 0 && lines[pageLine].split(' ')[1] !== '4096') {
    const position = { line: pageLine + 1, column: 7 }
    throw new TraceError(source, position, 'the page size is not that of pgtrace 1', '"#page 4096"')
  }
  return {
    lines,
    program: headerText(lines, 'program'),
    recorder: headerText(lines, 'recorder'),
    page: numbers('page'),
    events: numbers('events'),
    distinct: numbers('distinct'),
    total: numbers('total'),
  }
}
