import {
  EVENT_OPERANDS,
  type Fail,
  PGT_EVENT,
  PGT_KERNEL_WRITE,
  PGT_PAGE_LIMIT,
  type Pgtrace,
  PgtraceBuilder,
  statedEntries,
} from './pgtrace.ts'
import { TraceError } from './trace-error.ts'
import { checkVersionLine } from './trace-lines.ts'

const MAGIC = [0x50, 0x47, 0x54, 0x31]
const PAGE_SHIFT = 12
/** Event letters at their code; code 11 is not in use. */
const EVENT_LETTERS = 'MUBPAVFNtTE-I'

/** A varint reader over the whole file; positions in errors are those of the number's first byte. */
class ByteCursor {
  readonly bytes: Uint8Array
  readonly source: string
  at = 0
  start = 0

  constructor(bytes: Uint8Array, source: string) {
    this.bytes = bytes
    this.source = source
  }

  /** Base-128 number, low group first. */
  varint(what: string): number {
    const bytes = this.bytes
    const start = this.at
    this.start = start
    const b0 = bytes[start]
    if (b0 < 0x80) {
      this.at = start + 1
      return b0
    }
    const b1 = bytes[start + 1]
    if (b1 < 0x80) {
      this.at = start + 2
      return (b0 & 0x7f) | (b1 << 7)
    }
    const b2 = bytes[start + 2]
    if (b2 < 0x80) {
      this.at = start + 3
      return (b0 & 0x7f) | ((b1 & 0x7f) << 7) | (b2 << 14)
    }
    return this.#longVarint(what)
  }

  /** Numbers of four bytes and more, and everything that is wrong: sums in doubles, exact below 2^53. */
  #longVarint(what: string): number {
    const start = this.at
    let value = 0
    let scale = 1
    for (let i = start; ; i++) {
      if (i >= this.bytes.length) this.fail(`the file ends inside ${what}`, 'the rest of the file')
      const byte = this.bytes[i]
      value += (byte & 0x7f) * scale
      if (value > Number.MAX_SAFE_INTEGER || i - start >= 8) {
        this.fail(`${what} is larger than 2^53 or longer than 8 bytes`, 'a smaller number')
      }
      if (byte < 0x80) {
        this.at = i + 1
        return value
      }
      scale *= 128
    }
  }

  fail(problem: string, expected: string): never {
    throw new TraceError(this.source, { offset: this.start }, problem, expected)
  }
}

/** Zigzag: 0, -1, 1, -2 … from 0, 1, 2, 3 …; arithmetic, as the number may pass 32 bits. */
function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

/**
 * Reads a pgtrace in its binary encoding, already unzipped.
 *
 * @param source - name used in errors.
 * @throws TraceError with a byte offset.
 */
export function parsePgtraceBinary(bytes: Uint8Array, source: string): Pgtrace {
  const cursor = new ByteCursor(bytes, source)
  const header = readPreamble(cursor)
  const builder = new PgtraceBuilder(Math.min(statedEntries(header), bytes.length))
  readRecords(cursor, builder)
  return builder.finish(source, header)
}

/** Keys of four bytes and more are not below this. */
const LONG = 0x200000

/** The hot loop: accesses of single pages with keys of up to three bytes, which nearly all are. All else goes through the cursor. */
function readRecords(cursor: ByteCursor, builder: PgtraceBuilder): void {
  const { bytes } = cursor
  let { ops, pages } = builder
  let capacity = ops.length
  const end = bytes.length
  const last3 = end - 3
  // Imported bindings are slower than locals in V8.
  const lastAccess = PGT_KERNEL_WRITE
  const fail: Fail = (problem, expected) => cursor.fail(problem, expected)
  let at = cursor.at
  let last = 0
  let i = 0
  while (at < end) {
    // How many bytes a key has nobody can foresee, so there is no branch on it: two or three are masked away.
    let key = LONG
    let next = at
    if (at <= last3) {
      const b0 = bytes[at]
      const b1 = bytes[at + 1]
      const b2 = bytes[at + 2]
      const second = b0 >> 7
      const third = second & (b1 >> 7)
      key = (b0 & 0x7f) | ((b1 & 0x7f & -second) << 7) | ((b2 & -third) << 14)
      next = at + 1 + second + third
    }
    const page = last + ((key >> 5) ^ -((key >> 4) & 1))
    if (key >= LONG || (key & 15) > lastAccess || page < 0 || page > 0x7fffffff || i === capacity) {
      cursor.at = at
      builder.length = i
      last = readRecord(cursor, builder, last, fail)
      at = cursor.at
      i = builder.length
      ops = builder.ops
      pages = builder.pages
      capacity = ops.length
      continue
    }
    ops[i] = key & 7
    pages[i] = page
    last = page
    at = next
    i++
  }
  builder.length = i
}

/** Any record. @returns the page that the next one is told from */
function readRecord(cursor: ByteCursor, builder: PgtraceBuilder, last: number, fail: Fail): number {
  const start = cursor.at
  const key = cursor.varint('a record')
  const op = key & 7
  if (op > PGT_KERNEL_WRITE) {
    cursor.start = start
    if (op !== PGT_EVENT) cursor.fail(`operation code ${op} is not known`, '0 to 4, or 7')
    readEvent(cursor, builder, fail)
    return last
  }
  const page = last + unzigzag(Math.floor(key / 16))
  const run = (key & 8) === 0 ? 0 : 1 + cursor.varint('the length of a run')
  cursor.start = start
  checkPages(cursor, page, run)
  builder.access(op, page, run)
  return page + run
}

function checkPages(cursor: ByteCursor, page: number, run: number): void {
  if (page < 0) cursor.fail(`page number ${page} is below 0`, 'a page number from 0 to 2^36 - 1')
  if (page + run < PGT_PAGE_LIMIT && run <= 0x7fffffff) return
  const range = `${page.toString(16)}+${run.toString(16)}`
  cursor.fail(`pages ${range} (hex) end past page 2^36`, 'page numbers below 2^36')
}

function readPreamble(cursor: ByteCursor): string[] {
  const bytes = cursor.bytes
  for (let i = 0; i < 4; i++) {
    cursor.start = i
    if (bytes[i] !== MAGIC[i]) cursor.fail('the magic number is not that of pgtrace version 1', 'the bytes "PGT1"')
  }
  cursor.start = 4
  if (bytes[4] !== PAGE_SHIFT) cursor.fail(`the page shift is ${bytes[4] ?? 'missing'}`, '12 (pages of 4096 bytes)')
  cursor.start = 5
  if (bytes[5] !== 0) cursor.fail(`byte 5 is ${bytes[5] ?? 'missing'}`, '0')
  cursor.at = 6
  const length = cursor.varint('the length of the header')
  const start = cursor.at
  cursor.start = start
  if (start + length > bytes.length) cursor.fail('the file ends inside the header', `${length} bytes of header`)
  const text = new TextDecoder().decode(bytes.subarray(start, start + length))
  const lines = text.replace(/\n$/, '').split('\n')
  checkVersionLine(lines[0], 'pgtrace', (problem, expected) => cursor.fail(problem, expected))
  cursor.at = start + length
  return lines
}

function readEvent(cursor: ByteCursor, builder: PgtraceBuilder, fail: Fail): void {
  cursor.start = cursor.at
  if (cursor.at >= cursor.bytes.length) cursor.fail('the file ends before the code of an event', 'an event code')
  const code = cursor.bytes[cursor.at++]
  const letter = EVENT_LETTERS[code] ?? '-'
  if (letter === '-') cursor.fail(`event code ${code} is not known`, '0 to 10, or 12')
  const operands: number[] = []
  for (let i = 0, n = EVENT_OPERANDS[letter]; i < n; i++) {
    const operand = unzigzag(cursor.varint(`an operand of event ${letter}`))
    const isFd = i === 4 && n === 6
    if (operand < 0 && !isFd && !(i === 5 && operands[4] < 0)) {
      cursor.fail(`operand ${i + 1} of event ${letter} is ${operand}`, 'a number that is not negative')
    }
    operands.push(operand)
  }
  builder.event(letter, operands, fail)
}

/** True when the bytes start as a binary pgtrace of any version does. */
export function looksLikePgtraceBinary(bytes: Uint8Array): boolean {
  return bytes.length >= 3 && bytes[0] === MAGIC[0] && bytes[1] === MAGIC[1] && bytes[2] === MAGIC[2]
}
