/** Where in a trace something is wrong: a line and column (both from 1), or a byte offset of the unzipped data. */
export interface TracePosition {
  readonly line?: number
  readonly column?: number
  readonly offset?: number
}

/**
 * The one error the trace readers throw: a single line saying where, what is wrong, and what would be right.
 *
 * `message` reads `FILE:LINE:COLUMN: PROBLEM; expected EXPECTED`, or `FILE: byte OFFSET: …` for binary data.
 */
export class TraceError extends Error {
  override readonly name = 'TraceError'
  /** Name of the trace as the caller gave it, normally its path. */
  readonly source: string
  readonly position: TracePosition
  readonly problem: string
  readonly expected: string

  constructor(source: string, position: TracePosition, problem: string, expected: string) {
    super(`${oneLine(source)}${formatPosition(position)}: ${oneLine(problem)}; expected ${oneLine(expected)}`)
    this.source = source
    this.position = position
    this.problem = problem
    this.expected = expected
  }
}

function formatPosition(position: TracePosition): string {
  if (position.offset !== undefined) return `: byte ${position.offset}`
  if (position.line === undefined) return ''
  return position.column === undefined ? `:${position.line}` : `:${position.line}:${position.column}`
}

/** Control characters would break the one-line promise, or a terminal, so they are shown as escapes. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, escapeCharacter)
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Quotes a piece of the input for an error message, cut to `limit` characters. */
export function quoteInput(text: string, limit = 32): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text
  return `"${oneLine(cut)}"`
}
