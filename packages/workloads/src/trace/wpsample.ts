import { quoteInput, TraceError } from './trace-error.ts'
import { checkCounts, headerNumbers, headerText, readVersionLine, TraceLines } from './trace-lines.ts'

/** The page belongs to a file or to shared memory. */
export const WPS_FILE = 1
/** The page is in swap. */
export const WPS_SWAPPED = 2
/** The zero page is mapped. */
export const WPS_ZERO = 4
/** A huge page is mapped. */
export const WPS_HUGE = 8

/** A mapping that is new, gone, or changed in size or permissions since the last interval. */
export interface WpsampleChange {
  readonly kind: 'new' | 'gone' | 'changed'
  readonly start: number
  readonly nrPages: number
  /** As in /proc/PID/maps, such as `rw-p`; empty for `gone`. */
  readonly perms: string
  readonly name: string
}

/** One scan: what changed in the address space, and runs of pages written since the scan before. */
export interface WpsampleInterval {
  /** Start, milliseconds since the start of the run. */
  readonly timeMs: number
  readonly changes: readonly WpsampleChange[]
  /** First page of each run of written pages. */
  readonly starts: Float64Array
  /** Pages of each run. */
  readonly counts: Int32Array
  /** WPS_ bits of each run. */
  readonly flags: Uint8Array
}

/** A decoded wpsample: the pages a process wrote, interval by interval, as the kernel saw them. */
export interface Wpsample {
  readonly format: 'wpsample'
  readonly header: {
    readonly lines: readonly string[]
    readonly program: string | undefined
    readonly kernel: string | undefined
    readonly intervalMs: number | undefined
  }
  readonly intervals: readonly WpsampleInterval[]
  /** Written pages over all intervals. */
  readonly nrWritten: number
}

const FLAG_BITS: Readonly<Record<string, number>> = { f: WPS_FILE, s: WPS_SWAPPED, z: WPS_ZERO, h: WPS_HUGE }

/**
 * Reads a wpsample, already unzipped.
 *
 * @param source - name used in errors.
 * @throws TraceError with line and column.
 */
export function parseWpsample(bytes: Uint8Array, source: string): Wpsample {
  const lines = new TraceLines(bytes, source)
  readVersionLine(lines, 'wpsample')
  const texts = [lines.line]
  const intervals: WpsampleInterval[] = []
  let interval: IntervalReader | undefined
  let nrWritten = 0
  while (lines.next()) {
    if (lines.line.startsWith('#')) {
      texts.push(lines.line)
      continue
    }
    const letter = lines.line[0] ?? ''
    lines.skip(1)
    if (letter === 't') {
      if (interval !== undefined) intervals.push(interval.finish())
      interval = new IntervalReader(milliseconds(lines))
    } else if (interval === undefined) lines.fail('a line before the first interval', '"t" and milliseconds')
    else if (letter === 'w') nrWritten += interval.written(lines)
    else interval.change(lines, letter)
    lines.end()
  }
  if (interval !== undefined) intervals.push(interval.finish())
  checkEnd(source, texts, intervals.length, nrWritten)
  const intervalMs = headerText(texts, 'interval_ms')
  const program = headerText(texts, 'program')
  const kernel = headerText(texts, 'kernel')
  const header = { lines: texts, program, kernel, intervalMs: intervalMs === undefined ? undefined : Number(intervalMs) }
  return { format: 'wpsample', header, intervals, nrWritten }
}

function milliseconds(lines: TraceLines): number {
  const text = lines.field('milliseconds')
  if (!/^\d{1,12}(\.\d{1,6})?$/.test(text)) lines.fail(`${quoteInput(text)} is not a time`, 'milliseconds, such as 20.1')
  return Number(text)
}

/** The sampler's closing `#end` line tells a whole file from a cut one. */
function checkEnd(source: string, texts: readonly string[], intervals: number, pages: number): void {
  const end = headerText(texts, 'end')
  if (end === undefined) {
    throw new TraceError(source, {}, 'the closing line is missing: the file is cut short', 'a last line "#end …"')
  }
  const { intervals: statedIntervals, pages: statedPages } = headerNumbers(`#end ${end}`)
  const stated: Record<string, number> = {}
  if (statedIntervals !== undefined) stated.intervals = statedIntervals
  if (statedPages !== undefined) stated.pages = statedPages
  checkCounts(source, stated, { intervals, pages })
}

/** Collects one interval. */
class IntervalReader {
  readonly #timeMs: number
  readonly #changes: WpsampleChange[] = []
  readonly #starts: number[] = []
  readonly #counts: number[] = []
  readonly #flags: number[] = []

  constructor(timeMs: number) {
    this.#timeMs = timeMs
  }

  /** Reads `P[+N] [f][s][z][h]` and returns the pages of the run. */
  written(lines: TraceLines): number {
    const what = 'a page and, after "+", the pages that follow it'
    const field = lines.field(what)
    const plus = field.indexOf('+')
    const page = lines.parseHex(plus < 0 ? field : field.slice(0, plus), what)
    const count = plus < 0 ? 1 : 1 + lines.parseHex(field.slice(plus + 1), what)
    if (count > 0x7fffffff) lines.fail(`a run of ${count} pages`, 'fewer than 2^31 pages')
    let flags = 0
    while (!lines.done) {
      const letter = lines.field('a flag')
      const bit = Object.hasOwn(FLAG_BITS, letter) ? FLAG_BITS[letter] : 0
      if (bit === 0) lines.fail(`no flag is called ${quoteInput(letter)}`, 'f, s, z or h')
      flags |= bit
    }
    this.#starts.push(page)
    this.#counts.push(count)
    this.#flags.push(flags)
    return count
  }

  change(lines: TraceLines, letter: string): void {
    const kind = letter === 'M' ? 'new' : letter === 'U' ? 'gone' : letter === 'C' ? 'changed' : undefined
    if (kind === undefined) lines.fail(`no line starts with ${quoteInput(letter)}`, 'one of t w M U C #')
    const start = lines.hex('a first page')
    const nrPages = lines.hex('a number of pages')
    const perms = kind === 'gone' ? '' : lines.field('permissions, such as rw-p')
    if (kind !== 'gone' && !/^[r-][w-][x-][ps]$/.test(perms)) {
      lines.fail(`${quoteInput(perms)} are not permissions`, 'such as rw-p')
    }
    const name = kind === 'gone' || lines.done ? '' : lines.rest('a name')
    this.#changes.push({ kind, start, nrPages, perms, name })
  }

  finish(): WpsampleInterval {
    return {
      timeMs: this.#timeMs,
      changes: this.#changes,
      starts: Float64Array.from(this.#starts),
      counts: Int32Array.from(this.#counts),
      flags: Uint8Array.from(this.#flags),
    }
  }
}
