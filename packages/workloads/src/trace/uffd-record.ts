import { quoteInput } from './trace-error.ts'
import type { TraceLines } from './trace-lines.ts'

/** What every record of an uffdtrace has. */
export interface UffdRecordBase {
  /** Line of the file, from 1. */
  readonly line: number
  /**
   * Number of the call, from 0, in order of completion; the messages of one read() share it.
   *
   * The call started after call `call - overlap - 1` completed (calls that the file leaves out are in `overlap` too, so
   * the true start may be later), and took effect somewhere between then and its completion.
   */
  readonly call: number
  /** Thread, numbered in order of appearance. */
  readonly thread: number
  /** Microseconds since the previous call's end. */
  readonly dt: number
  /** Microseconds since the first call. */
  readonly time: number
  /** How many other calls completed between this one's start and end; 0 says its place is certain. */
  readonly overlap: number
  /** Name of the errno when the call failed, such as `EEXIST`. */
  readonly error: string | undefined
}

/** Page operands, in units of the trace's page size. */
export interface UffdRange {
  /** 0, or the block of QEMU's guest memory. */
  readonly block: number
  readonly page: number
  readonly count: number
}

/** Place of a message among those one read() returned. */
export interface UffdBatch {
  readonly batch: number
  readonly batchIndex: number
}

/** `O`: userfaultfd(flags). */
export interface UffdOpen extends UffdRecordBase {
  readonly kind: 'O'
  readonly flags: number
}
/** `A`: UFFDIO_API; `ioctls` are the numbers of the bits set. */
export interface UffdApi extends UffdRecordBase {
  readonly kind: 'A'
  readonly requested: number
  readonly features: number
  readonly ioctls: readonly number[]
}
/** `G`: UFFDIO_REGISTER; mode 1 missing, 2 wp, 3 both, 4 minor; `ioctls` are the numbers of the bits set. */
export interface UffdRegister extends UffdRecordBase, UffdRange {
  readonly kind: 'G'
  readonly mode: number
  readonly ioctls: readonly number[]
}
/** `U`: UFFDIO_UNREGISTER. */
export interface UffdUnregister extends UffdRecordBase, UffdRange {
  readonly kind: 'U'
}
/** `F`: a fault message: `m` missing read, `M` missing write, `w` write-protect; `flags` those beyond WRITE and WP. */
export interface UffdFault extends UffdRecordBase, UffdRange, UffdBatch {
  readonly kind: 'F'
  readonly access: 'm' | 'M' | 'w'
  readonly flags: number
}
/** `E`: a message that is not a fault, with its event code. */
export interface UffdEventMessage extends UffdRecordBase, UffdBatch {
  readonly kind: 'E'
  readonly event: number
}
/** `C`: UFFDIO_COPY mode 0; `K`: with MODE_WP. `copied` is given when it failed part way. */
export interface UffdCopy extends UffdRecordBase, UffdRange {
  readonly kind: 'C' | 'K'
  readonly dontWake: boolean
  readonly copied: number | undefined
}
/** `P`: UFFDIO_WRITEPROTECT that sets; `N`: that clears. */
export interface UffdWriteProtect extends UffdRecordBase, UffdRange {
  readonly kind: 'P' | 'N'
  readonly dontWake: boolean
}
/** `Z`: UFFDIO_ZEROPAGE. */
export interface UffdZeroPage extends UffdRecordBase, UffdRange {
  readonly kind: 'Z'
  readonly mode: number
}
/** `D`: madvise, MADV_DONTNEED (4) unless `advice` says otherwise. */
export interface UffdAdvise extends UffdRecordBase, UffdRange {
  readonly kind: 'D'
  readonly advice: number
}
/** `H`: fallocate(PUNCH_HOLE); `S`: pwrite() to the store with these pages as source. */
export interface UffdTouch extends UffdRecordBase, UffdRange {
  readonly kind: 'H' | 'S'
}
/** `n`: read() gave EAGAIN. */
export interface UffdEmptyRead extends UffdRecordBase {
  readonly kind: 'n'
}

/** One line of an uffdtrace; `kind` is its letter. */
export type UffdRecord =
  | UffdOpen
  | UffdApi
  | UffdRegister
  | UffdUnregister
  | UffdFault
  | UffdEventMessage
  | UffdCopy
  | UffdWriteProtect
  | UffdZeroPage
  | UffdAdvise
  | UffdTouch
  | UffdEmptyRead

type Start = Omit<UffdRecordBase, 'error'>

/** Words that may follow the fixed operands of a line. */
interface Options {
  dontWake: boolean
  copied: number | undefined
  flags: number
  batch: number
  advice: number
  error: string | undefined
}

/** Parses letter and operands at the cursor of `lines`; `continues` is the message before, of the same read(). */
export function parseOperation(lines: TraceLines, base: Start, continues: UffdRecord | undefined): UffdRecord {
  const kind = lines.field('the letter of an operation')
  if (continues !== undefined && kind !== 'F' && kind !== 'E') {
    lines.fail(`${quoteInput(kind)} continues a read()`, '"F" or "E"')
  }
  switch (kind) {
    case 'O':
      return withError(lines, { ...base, kind, flags: lines.hex('the flags of userfaultfd()') })
    case 'A': {
      const requested = keyHex(lines, 'req')
      const features = keyHex(lines, 'feat')
      return withError(lines, { ...base, kind, requested, features, ioctls: keyBits(lines, 'ioctls') })
    }
    case 'G': {
      const range = fixedRange(lines)
      const mode = keyDecimal(lines, 'mode')
      return withError(lines, { ...base, kind, ...range, mode, ioctls: keyBits(lines, 'ioctls') })
    }
    case 'U':
      return withError(lines, { ...base, kind, ...fixedRange(lines) })
    case 'Z': {
      const range = fixedRange(lines)
      return withError(lines, { ...base, kind, ...range, mode: keyHex(lines, 'mode') })
    }
    case 'n':
      return withError(lines, { ...base, kind })
    case 'F':
      return fault(lines, base, continues)
    case 'E': {
      const event = lines.hex('the code of a message')
      const { error, batch } = options(lines, '*')
      return { ...base, kind, event, error, ...placeInBatch(batch, continues) }
    }
    default:
      return pageOperation(lines, base, kind)
  }
}

// The records below are nearly all of a file. Their literals name every field, since objects made by spreading take V8
// ten times as long to build.

function fault(lines: TraceLines, base: Start, continues: UffdRecord | undefined): UffdFault {
  const access = lines.field('"m", "M" or "w"')
  if (access !== 'm' && access !== 'M' && access !== 'w') {
    lines.fail(`a fault cannot be ${quoteInput(access)}`, '"m", "M" or "w"')
  }
  const operand = pageOperand(lines)
  const option = options(lines, 'f*')
  const place = placeInBatch(option.batch, continues)
  return {
    line: base.line,
    call: base.call,
    thread: base.thread,
    dt: base.dt,
    time: base.time,
    overlap: base.overlap,
    error: option.error,
    kind: 'F',
    block: operand.block,
    page: operand.page,
    count: 1,
    access,
    flags: option.flags,
    batch: place.batch,
    batchIndex: place.batchIndex,
  }
}

/** Which options each operation on pages may have, as letters for `options`. */
const PAGE_OPERATIONS: Readonly<Record<string, string>> = { C: 'dc', K: 'dc', P: 'd', N: 'd', D: 'a', H: '', S: '' }

function pageOperation(lines: TraceLines, base: Start, kind: string): UffdRecord {
  const allowed = Object.hasOwn(PAGE_OPERATIONS, kind) ? PAGE_OPERATIONS[kind] : undefined
  if (allowed === undefined) {
    lines.fail(`no operation is called ${quoteInput(kind)}`, 'one of O A G U F E C K P N Z D H S n')
  }
  const { line, call, thread, dt, time, overlap } = base
  const { block, page } = pageOperand(lines)
  const count = optionalCount(lines)
  const { error, dontWake, copied, advice } = options(lines, allowed)
  switch (kind) {
    case 'C':
    case 'K':
      return { line, call, thread, dt, time, overlap, error, kind, block, page, count, dontWake, copied }
    case 'P':
    case 'N':
      return { line, call, thread, dt, time, overlap, error, kind, block, page, count, dontWake }
    case 'D':
      return { line, call, thread, dt, time, overlap, error, kind, block, page, count, advice }
    default:
      return { line, call, thread, dt, time, overlap, error, kind: kind as 'H' | 'S', block, page, count }
  }
}

function withError<T>(lines: TraceLines, record: T): T & { error: string | undefined } {
  return { ...record, error: options(lines, '').error }
}

function placeInBatch(batch: number, continues: UffdRecord | undefined): UffdBatch {
  if (continues !== undefined && 'batch' in continues) {
    return { batch: continues.batch, batchIndex: continues.batchIndex + 1 }
  }
  return { batch, batchIndex: 0 }
}

/** `page` or, in QEMU's files, `block:page`. */
function pageOperand(lines: TraceLines): { block: number; page: number } {
  const what = 'a page index, or "block:index"'
  const field = lines.field(what)
  const colon = field.indexOf(':')
  if (colon < 0) return { block: 0, page: lines.parseHex(field, what) }
  return { block: lines.parseHex(field.slice(0, colon), what), page: lines.parseHex(field.slice(colon + 1), what) }
}

function fixedRange(lines: TraceLines): UffdRange {
  const { block, page } = pageOperand(lines)
  return { block, page, count: lines.hex('a number of pages') }
}

/** A second number is a count of pages; without it, one page is meant. */
function optionalCount(lines: TraceLines): number {
  if (lines.done || !/^[0-9a-f]+$/.test(lines.peek())) return 1
  return lines.hex('a number of pages')
}

/** Reads the words that may end a line; `allowed` has a letter for each kind of word besides the error. */
function options(lines: TraceLines, allowed: string): Options {
  const found: Options = { dontWake: false, copied: undefined, flags: 0, batch: 1, advice: 4, error: undefined }
  while (!lines.done) {
    const word = lines.field('an option')
    if (word.startsWith('!')) {
      found.error = word.slice(1)
      if (!/^[A-Z0-9-]{1,24}$/.test(found.error)) lines.fail(`${quoteInput(word)} is not an error`, '"!" and its name')
      lines.end()
    } else if (allowed.includes('d') && word === 'dontwake') found.dontWake = true
    else if (allowed.includes('c') && /^copied=-?\d{1,15}$/.test(word)) found.copied = Number(word.slice(7))
    else if (allowed.includes('f') && word.startsWith('flags=')) found.flags = lines.parseHex(word.slice(6), 'flags')
    else if (allowed.includes('a') && word.startsWith('adv=')) found.advice = lines.parseDecimal(word.slice(4), 'advice')
    else if (allowed.includes('*') && word.startsWith('*')) {
      found.batch = lines.parseDecimal(word.slice(1), 'a number of messages')
      if (found.batch < 1) lines.fail('a read() of no messages', '"*1" or more')
    } else lines.fail(`${quoteInput(word)} follows a complete line`, 'the end of the line')
  }
  return found
}

function keyText(lines: TraceLines, key: string): string {
  const field = lines.field(`"${key}=" and a number`)
  if (!field.startsWith(`${key}=`)) lines.fail(`${quoteInput(field)} is not ${key}`, `"${key}=" and a number`)
  return field.slice(key.length + 1)
}

function keyHex(lines: TraceLines, key: string): number {
  return lines.parseHex(keyText(lines, key), `"${key}=" and a hexadecimal number`)
}

function keyDecimal(lines: TraceLines, key: string): number {
  return lines.parseDecimal(keyText(lines, key), `"${key}=" and a decimal number`)
}

/** The set bits of a 64-bit mask, which would not fit a number. */
function keyBits(lines: TraceLines, key: string): number[] {
  const text = keyText(lines, key)
  if (!/^[0-9a-f]{1,16}$/.test(text)) lines.fail(`${quoteInput(text)} is not a 64-bit mask`, `"${key}=" and hexadecimal`)
  const bits: number[] = []
  for (let bit = 0; bit < text.length * 4; bit++) {
    const digit = Number.parseInt(text[text.length - 1 - (bit >> 2)], 16)
    if ((digit & (1 << (bit & 3))) !== 0) bits.push(bit)
  }
  return bits
}
