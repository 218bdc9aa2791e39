import { quoteInput } from './trace-error.ts'
import { checkCounts, headerNumbers, headerText, readVersionLine, TraceLines } from './trace-lines.ts'

/** What every record of a pgfault trace has. */
interface PgfaultRecordBase {
  /** Microseconds since the previous line. */
  readonly dt: number
  /** Process and thread, numbered in order of appearance. */
  readonly process: number
  readonly thread: number
}

/** A hardware page fault, by user code or (`isKernel`) in the kernel, with its x86 error code. */
export interface PgfaultFault extends PgfaultRecordBase {
  readonly kind: 'fault'
  readonly isKernel: boolean
  /** Bits: 1 present, 2 write, 4 user, 0x10 instruction fetch. */
  readonly errorCode: number
  readonly page: number
}

/** A system call that changes the address space; `errno` is 0 when it succeeded. Operands as in a pgtrace. */
export interface PgfaultCall extends PgfaultRecordBase {
  readonly kind: 'mmap' | 'munmap' | 'brk' | 'mprotect' | 'madvise' | 'mremap'
  /**
   * mmap: start, pages, prot, flags, fd (-1 for none), pgoff. munmap: start, pages. brk: new end.
   * mprotect: start, pages, prot. madvise: start, pages, advice. mremap: start, pages, new start, new pages, flags.
   */
  readonly operands: readonly number[]
  readonly errno: number
}

/** A new process or thread, or the end of the one the record is of. */
export interface PgfaultTask extends PgfaultRecordBase {
  readonly kind: 'fork' | 'exit'
  /** The new process and thread; of `exit`, the record's own. */
  readonly newProcess: number
  readonly newThread: number
}

/** One line of a pgfault trace. */
export type PgfaultRecord = PgfaultFault | PgfaultCall | PgfaultTask

/** A decoded pgfault trace: every page fault of a real run, with the calls that shaped its address space. */
export interface Pgfault {
  readonly format: 'pgfault'
  readonly header: {
    readonly lines: readonly string[]
    readonly program: string | undefined
    readonly kernel: string | undefined
    /** Lines by letter (faults `f4`, `g2`, …), as counted by the recorder. */
    readonly counts: Readonly<Record<string, number>>
  }
  readonly records: readonly PgfaultRecord[]
}

const CALLS: Readonly<Record<string, { kind: PgfaultCall['kind']; operands: number }>> = {
  M: { kind: 'mmap', operands: 6 },
  U: { kind: 'munmap', operands: 2 },
  B: { kind: 'brk', operands: 1 },
  P: { kind: 'mprotect', operands: 3 },
  A: { kind: 'madvise', operands: 3 },
  V: { kind: 'mremap', operands: 5 },
}

/**
 * Reads a pgfault trace, already unzipped.
 *
 * @param source - name used in errors.
 * @throws TraceError with line and column.
 */
export function parsePgfault(bytes: Uint8Array, source: string): Pgfault {
  const lines = new TraceLines(bytes, source)
  readVersionLine(lines, 'pgfault')
  const texts = [lines.line]
  const records: PgfaultRecord[] = []
  const found: Record<string, number> = {}
  while (lines.next()) {
    if (lines.line.startsWith('#')) {
      texts.push(lines.line)
      continue
    }
    const dt = lines.decimal('microseconds since the previous line')
    const { process, thread } = task(lines)
    const base = { dt, process, thread }
    const event = lines.peek()
    const letter = event[0] ?? ''
    const key = letter === 'f' || letter === 'g' ? event : letter
    found[key] = (found[key] ?? 0) + 1
    records.push(parseEvent(lines, base, letter))
    lines.end()
  }
  const stated = headerText(texts, 'counts')
  const counts = stated === undefined ? {} : headerNumbers(`#counts ${stated}`)
  checkCounts(source, counts, found)
  const header = { lines: texts, program: headerText(texts, 'program'), kernel: headerText(texts, 'kernel'), counts }
  return { format: 'pgfault', header, records }
}

/** `process.thread`. */
function task(lines: TraceLines): { process: number; thread: number } {
  const what = 'a process and thread, such as 0.1'
  const field = lines.field(what)
  const dot = field.indexOf('.')
  if (dot < 0) lines.fail(`${quoteInput(field)} has no dot`, what)
  return { process: lines.parseDecimal(field.slice(0, dot), what), thread: lines.parseDecimal(field.slice(dot + 1), what) }
}

function parseEvent(lines: TraceLines, base: PgfaultRecordBase, letter: string): PgfaultRecord {
  switch (letter) {
    case 'f':
    case 'g': {
      lines.skip(1)
      const { dt, process, thread } = base
      const errorCode = lines.hex('an x86 page fault error code')
      const page = lines.hex('a page number')
      return { dt, process, thread, kind: 'fault', isKernel: letter === 'g', errorCode, page }
    }
    case 'F': {
      lines.field('F')
      const made = task(lines)
      return { ...base, kind: 'fork', newProcess: made.process, newThread: made.thread }
    }
    case 'E':
      if (lines.field('E') !== 'E') lines.fail('an exit has no operands', '"E"')
      return { ...base, kind: 'exit', newProcess: base.process, newThread: base.thread }
    default:
      return parseCall(lines, base, letter)
  }
}

function parseCall(lines: TraceLines, base: PgfaultRecordBase, letter: string): PgfaultCall {
  const call = Object.hasOwn(CALLS, letter) ? CALLS[letter] : undefined
  if (call === undefined) lines.fail(`no event starts with ${quoteInput(letter)}`, 'one of f g M U B P A V F E')
  lines.skip(1)
  const operands: number[] = []
  for (let i = 0; i < call.operands; i++) {
    const what = `operand ${i + 1} of event ${letter}`
    if (letter === 'M' && i === 4 && lines.peek() === '-') {
      lines.field(what)
      operands.push(-1, 0)
      break
    }
    // As in a pgtrace, prot and fd of a mapping are decimal.
    const isDecimal = letter === 'M' && (i === 2 || i === 4)
    operands.push(isDecimal ? lines.decimal(what) : lines.hex(what))
  }
  let errno = 0
  if (!lines.done && lines.peek().startsWith('!')) {
    lines.skip(1)
    errno = lines.decimal('an errno')
  }
  const { dt, process, thread } = base
  return { dt, process, thread, kind: call.kind, operands, errno }
}
