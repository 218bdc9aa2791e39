import { quoteInput, TraceError } from './trace-error.ts'

/** Walks a text trace line by line and field by field; every failure knows its line and column. */
export class TraceLines {
  readonly source: string
  /** Number of the current line, from 1; 0 before the first `next()`. */
  lineNumber = 0
  line = ''
  readonly #text: string
  #next = 0
  #cursor = 0
  #fieldStart = 0

  constructor(bytes: Uint8Array, source: string) {
    this.#text = new TextDecoder().decode(bytes)
    this.source = source
  }

  /** Moves to the next line; false at the end. A last line without a newline is an error: the file was cut. */
  next(): boolean {
    if (this.#next >= this.#text.length) return false
    const end = this.#text.indexOf('\n', this.#next)
    this.line = this.#text.slice(this.#next, end < 0 ? undefined : end)
    this.lineNumber++
    this.#cursor = 0
    this.#fieldStart = 0
    if (end < 0) {
      this.#fieldStart = this.line.length
      this.fail(`the last line ${quoteInput(this.line)} has no end: the file is cut short`, 'a newline')
    }
    this.#next = end + 1
    return true
  }

  /** True when no field is left on this line. */
  get done(): boolean {
    return this.#cursor >= this.line.length && (this.#cursor > this.line.length || this.line.length === 0)
  }

  /** The next field; fields are separated by exactly one space. */
  field(what: string): string {
    this.#fieldStart = this.#cursor
    if (this.done) {
      this.#fieldStart = this.line.length
      return this.fail('the line ends too early', what)
    }
    const space = this.line.indexOf(' ', this.#cursor)
    const end = space < 0 ? this.line.length : space
    const field = this.line.slice(this.#cursor, end)
    this.#cursor = end + 1
    return field === '' ? this.fail('an empty field (two spaces, or one at the end)', what) : field
  }

  /** The next field without moving; empty at the end of the line. */
  peek(): string {
    const space = this.line.indexOf(' ', this.#cursor)
    return this.line.slice(this.#cursor, space < 0 ? undefined : space)
  }

  /** Everything left on the line, spaces included. */
  rest(what: string): string {
    this.#fieldStart = this.#cursor
    if (this.done) return this.fail('the line ends too early', what)
    const rest = this.line.slice(this.#cursor)
    this.#cursor = this.line.length + 1
    return rest
  }

  /** Skips `count` characters of the next field, for letters that have their operand attached. */
  skip(count: number): void {
    this.#cursor += count
  }

  hex(what: string): number {
    return this.parseHex(this.field(what), what)
  }

  decimal(what: string): number {
    return this.parseDecimal(this.field(what), what)
  }

  /** Parses all of `text`, a part of the current field, as a hexadecimal number below 2^52. */
  parseHex(text: string, what: string): number {
    if (!/^[0-9a-fA-F]{1,13}$/.test(text)) this.fail(`${quoteInput(text)} is not a hexadecimal number`, what)
    return Number.parseInt(text, 16)
  }

  /** Parses all of `text`, a part of the current field, as a decimal number below 10^15. */
  parseDecimal(text: string, what: string): number {
    if (!/^\d{1,15}$/.test(text)) this.fail(`${quoteInput(text)} is not a decimal number`, what)
    return Number.parseInt(text, 10)
  }

  /** Refuses fields that nobody asked for. */
  end(): void {
    if (!this.done) {
      const extra = this.field('the end of the line')
      this.fail(`${quoteInput(extra)} follows a complete line`, 'the end of the line')
    }
  }

  /** Throws at the field read last. */
  fail(problem: string, expected: string): never {
    const position = { line: this.lineNumber, column: this.#fieldStart + 1 }
    throw new TraceError(this.source, position, problem, expected)
  }
}

/** Reads the first line, `#FORMAT VERSION`, and refuses any other format or version. */
export function readVersionLine(lines: TraceLines, format: string): void {
  if (!lines.next()) throw new TraceError(lines.source, {}, 'the file is empty', `a first line "#${format} 1"`)
  checkVersionLine(lines.line, format, (problem, expected) => lines.fail(problem, expected))
}

/** Checks a first line `#FORMAT 1`. */
export function checkVersionLine(line: string, format: string, fail: (problem: string, expected: string) => never): void {
  if (line === `#${format} 1`) return
  const version = line.startsWith(`#${format} `) ? line.slice(format.length + 2) : undefined
  if (version === undefined) fail(`the first line is ${quoteInput(line)}`, `"#${format} 1"`)
  fail(`${format} version ${quoteInput(version)} is not known`, `"#${format} 1"`)
}

/** Collects the `key=value` words of a header line; words without `=` are left out. */
function headerValues(line: string): Record<string, string> {
  const values: Record<string, string> = Object.create(null)
  for (const word of line.split(' ').slice(1)) {
    const equals = word.indexOf('=')
    if (equals > 0) values[word.slice(0, equals)] = word.slice(equals + 1)
  }
  return values
}

/** As `headerValues`, keeping those that are decimal numbers. */
export function headerNumbers(line: string): Record<string, number> {
  const numbers: Record<string, number> = {}
  for (const [key, value] of Object.entries(headerValues(line))) {
    if (/^\d{1,15}$/.test(value)) numbers[key] = Number(value)
  }
  return numbers
}

/** The text after `#name ` of the first header line of that name. */
export function headerText(lines: readonly string[], name: string): string | undefined {
  const prefix = `#${name} `
  return lines.find((line) => line.startsWith(prefix))?.slice(prefix.length)
}

/**
 * Compares what was read with the counts the recorder wrote in the header, so that a file cut at a line end is noticed.
 *
 * Kinds in `unlisted` are counted by the recorder but not written to the file.
 */
export function checkCounts(
  source: string,
  stated: Readonly<Record<string, number>>,
  found: Readonly<Record<string, number>>,
  unlisted: readonly string[] = [],
): void {
  for (const [kind, count] of Object.entries(stated)) {
    const seen = found[kind] ?? 0
    if (seen === count || unlisted.includes(kind)) continue
    const problem = `the file holds ${seen} of kind ${quoteInput(kind)}: it is cut short or was altered`
    throw new TraceError(source, {}, problem, `${count}, as its header says`)
  }
}
