import { remedy } from './nearest.ts'
import { type Position, ProgramSyntaxError } from './syntax-error.ts'

/** One word of a line. */
export interface Token {
  readonly text: string
  /** From 1. */
  readonly column: number
}

/** A line cut into words, and its comment (the text after `#` and one space), if there is one. */
export interface Line {
  readonly tokens: readonly Token[]
  readonly comment?: string
}

/** Cuts a line: words end at white space and at `;`, a comment begins with a word that begins with `#`. */
export function cutLine(text: string): Line {
  const tokens: Token[] = []
  for (const match of text.matchAll(/#.*|;|[^\s;]+/gsu)) {
    if (match[0].startsWith('#')) return { tokens, comment: match[0].slice(match[0][1] === ' ' ? 2 : 1) }
    tokens.push({ text: match[0], column: match.index + 1 })
  }
  return { tokens }
}

/** Walks over the words of one line. */
export class Cursor {
  readonly #tokens: readonly Token[]
  readonly #file: string
  readonly #line: number
  readonly #end: number
  #at = 0

  /** @param end - the column after the last word, where what is missing would stand */
  constructor(tokens: readonly Token[], file: string, line: number, end: number) {
    this.#tokens = tokens
    this.#file = file
    this.#line = line
    this.#end = end
  }

  /** The next word, which stays; `undefined` at the end of the line. */
  peek(): Token | undefined {
    return this.#tokens[this.#at]
  }

  /** Takes the next word. @throws ProgramSyntaxError at the end of the line. */
  next(what: string): Token {
    const token = this.#tokens[this.#at]
    if (token === undefined) throw this.error(undefined, `${what} is missing`, `write ${what} here`)
    this.#at++
    return token
  }

  /** Takes the next word if it is this one. */
  take(text: string): boolean {
    if (this.#tokens[this.#at]?.text !== text) return false
    this.#at++
    return true
  }

  /** An error at a word, or at the end of the line; `offset` characters into the word. */
  error(token: Token | undefined, problem: string, remedyText: string, offset = 0): ProgramSyntaxError {
    const position: Position = { file: this.#file, line: this.#line, column: (token?.column ?? this.#end) + offset }
    return new ProgramSyntaxError(position, problem, remedyText)
  }

  /** An error at a word that is none of the legal ones. */
  unknown(token: Token, kind: string, legal: readonly string[]): ProgramSyntaxError {
    return this.error(token, `unknown ${kind} "${token.text}"`, remedy(token.text, legal))
  }
}
