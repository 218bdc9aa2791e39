import { ACCESS_LETTERS, EVENT_OPERANDS, type Fail, PGT_PAGE_LIMIT, type Pgtrace, PgtraceBuilder } from './pgtrace.ts'
import { quoteInput, TraceError } from './trace-error.ts'
import { checkVersionLine } from './trace-lines.ts'

const NEWLINE = 0x0a
const SPACE = 0x20
const HASH = 0x23
const PLUS = 0x2b
const DASH = 0x2d

/** Value of a hexadecimal digit by its character code, 16 for anything else; index 256 stands for the end. */
const HEX = new Uint8Array(257).fill(16)
/** Operation code of an access letter by its character code, 255 for anything else. */
const OP = new Uint8Array(256).fill(255)
for (let i = 0; i < 16; i++) {
  HEX[i.toString(16).charCodeAt(0)] = i
  HEX[i.toString(16).toUpperCase().charCodeAt(0)] = i
}
for (let i = 0; i < ACCESS_LETTERS.length; i++) OP[ACCESS_LETTERS.charCodeAt(i)] = i

/**
 * Reads a pgtrace in its text form, already unzipped.
 *
 * @param source - name used in errors.
 * @throws TraceError with line and column.
 */
export function parsePgtraceText(bytes: Uint8Array, source: string): Pgtrace {
  return new TextReader(bytes, source).read()
}

/** One pass over the bytes; no strings are made for accesses. */
class TextReader {
  readonly #bytes: Uint8Array
  readonly #source: string
  #at = 0
  #lineNumber = 0
  #lineStart = 0

  constructor(bytes: Uint8Array, source: string) {
    this.#bytes = bytes
    this.#source = source
  }

  read(): Pgtrace {
    const bytes = this.#bytes
    const end = bytes.length
    const header = this.#readHeader()
    // About eight characters make a line.
    const builder = new PgtraceBuilder((end >> 3) + 16)
    const fail: Fail = (problem, expected) => this.#fail(problem, expected)
    while (this.#at < end) {
      this.#lineStart = this.#at
      this.#lineNumber++
      const letter = bytes[this.#at]
      const op = OP[letter]
      if (op !== 255) this.#readAccess(builder, op)
      else if (letter === HASH) this.#skipLine()
      else this.#readEvent(builder, fail)
    }
    return builder.finish(this.#source, header)
  }

  #readHeader(): string[] {
    const lines: string[] = []
    while (this.#bytes[this.#at] === HASH) {
      this.#lineStart = this.#at
      this.#lineNumber++
      this.#skipLine()
      lines.push(new TextDecoder().decode(this.#bytes.subarray(this.#lineStart, this.#at - 1)))
    }
    this.#at = 0
    if (lines.length === 0) this.#fail('there is no header', 'a first line "#pgtrace 1"')
    this.#lineNumber = 1
    this.#lineStart = 0
    checkVersionLine(lines[0], 'pgtrace', (problem, expected) => this.#fail(problem, expected))
    this.#lineNumber = 0
    return lines
  }

  #skipLine(): void {
    const end = this.#bytes.indexOf(NEWLINE, this.#at)
    if (end < 0) {
      this.#at = this.#bytes.length
      this.#fail('the last line has no end: the file is cut short', 'a newline')
    }
    this.#at = end + 1
  }

  #readAccess(builder: PgtraceBuilder, op: number): void {
    this.#at++
    const page = this.#hex('a page number')
    let run = 0
    if (this.#bytes[this.#at] === PLUS) {
      this.#at++
      run = this.#hex('the number of pages that follow')
    }
    if (page + run >= PGT_PAGE_LIMIT || run > 0x7fffffff) {
      this.#at = this.#lineStart + 1
      this.#fail(`pages ${page.toString(16)}+${run.toString(16)} (hex) end past page 2^36`, 'page numbers below 2^36')
    }
    this.#endLine()
    builder.access(op, page, run)
  }

  #readEvent(builder: PgtraceBuilder, fail: Fail): void {
    const letter = String.fromCharCode(this.#bytes[this.#at])
    const count = Object.hasOwn(EVENT_OPERANDS, letter) ? EVENT_OPERANDS[letter] : -1
    if (count < 0) this.#fail(`no line starts with ${quoteInput(letter)}`, 'one of r w x k K M I U B P A V F N t T E #')
    this.#at++
    const operands: number[] = []
    for (let i = 0; i < count; i++) {
      if (i > 0) this.#space(letter, i)
      // The recorder writes prot and fd of mappings, and epoch numbers, in decimal.
      const isDecimal = letter === 't' || (count === 6 && (i === 2 || i === 4))
      if (count === 6 && i === 4 && this.#bytes[this.#at] === DASH) {
        this.#at++
        operands.push(-1, 0)
        break
      }
      operands.push(isDecimal ? this.#decimal(letter, i) : this.#hex(`operand ${i + 1} of event ${letter}`))
    }
    this.#endLine()
    // Errors about the values point at the line's first operand.
    const next = this.#at
    this.#at = this.#lineStart + 1
    builder.event(letter, operands, fail)
    this.#at = next
  }

  #space(letter: string, operands: number): void {
    if (this.#bytes[this.#at] === SPACE) {
      this.#at++
      return
    }
    const wanted = EVENT_OPERANDS[letter]
    this.#fail(`event ${letter} has ${operands} operand${operands === 1 ? '' : 's'} before ${this.#here()}`, `${wanted}`)
  }

  #hex(what: string): number {
    const bytes = this.#bytes
    const start = this.#at
    let at = start
    let value = 0
    let digit = HEX[bytes[at] ?? 256]
    while (digit < 16) {
      value = value * 16 + digit
      digit = HEX[bytes[++at] ?? 256]
    }
    if (at === start) this.#fail(`${this.#here()} is not a hexadecimal number`, what)
    if (at - start > 13) this.#fail('a number of more than 13 hexadecimal digits', what)
    this.#at = at
    return value
  }

  #decimal(letter: string, index: number): number {
    const start = this.#at
    let value = 0
    let digit = HEX[this.#bytes[this.#at] ?? 256]
    while (digit < 10) {
      value = value * 10 + digit
      digit = HEX[this.#bytes[++this.#at] ?? 256]
    }
    const what = `operand ${index + 1} of event ${letter}`
    if (this.#at === start) this.#fail(`${this.#here()} is not a decimal number`, what)
    if (this.#at - start > 15) this.#fail('a number of more than 15 decimal digits', what)
    return value
  }

  #endLine(): void {
    if (this.#bytes[this.#at] !== NEWLINE) this.#fail(`${this.#here()} follows a complete line`, 'a newline')
    this.#at++
  }

  /** What stands at the cursor, for a message. */
  #here(): string {
    if (this.#at >= this.#bytes.length) return 'the end of the file'
    if (this.#bytes[this.#at] === NEWLINE) return 'the end of the line'
    const newline = this.#bytes.indexOf(NEWLINE, this.#at)
    const end = Math.min(newline < 0 ? this.#bytes.length : newline, this.#at + 16)
    return quoteInput(new TextDecoder().decode(this.#bytes.subarray(this.#at, end)))
  }

  #fail(problem: string, expected: string): never {
    const position = { line: Math.max(1, this.#lineNumber), column: this.#at - this.#lineStart + 1 }
    throw new TraceError(this.#source, position, problem, expected)
  }
}
