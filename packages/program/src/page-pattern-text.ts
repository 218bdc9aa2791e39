/**
 * Page patterns as text: `present anon excl +WP | 3x none | has +WP !present`.
 * @module
 */
import type { Cursor, Token } from './cursor.ts'
import { remedy } from './nearest.ts'
import { PAGE_STATES, type PagePattern, STATE_WORDS } from './page-pattern.ts'
import { UnprintableError } from './syntax-error.ts'

/** Spells one pattern, without its count. */
function printPattern(pattern: PagePattern): string {
  if ('state' in pattern) {
    if (PAGE_STATES.includes(pattern.state)) return pattern.state
    throw new UnprintableError(`"${pattern.state}" is no page state`, remedy(pattern.state, PAGE_STATES))
  }
  const wrong = pattern.has.find((word) => !isStateWord(word))
  if (wrong !== undefined) throw new UnprintableError(`"${wrong}" is no word of a page state`, remedy(wrong, STATE_WORDS))
  if (pattern.has.length === 0) throw new UnprintableError('a page pattern has no word', 'name at least one')
  return `has ${pattern.has.join(' ')}`
}

function isStateWord(word: string): boolean {
  return STATE_WORDS.includes(word[0] === '!' ? word.slice(1) : word)
}

/** Spells patterns; a single one that counts `all` pages goes without its count. */
export function printPatterns(patterns: readonly PagePattern[], all?: number): string {
  return patterns
    .map((pattern) => {
      if (!Number.isSafeInteger(pattern.count) || pattern.count < 0) {
        throw new UnprintableError(`${pattern.count} is no number of pages`, 'use an integer from 0')
      }
      const usual = all !== undefined && patterns.length === 1 ? all : 1
      return `${pattern.count === usual ? '' : `${pattern.count}x `}${printPattern(pattern)}`
    })
    .join(' | ')
}

/** Reads patterns up to a word that `isEnd`. */
export function parsePatterns(cursor: Cursor, isEnd: (word: string) => boolean, all?: number): PagePattern[] {
  const patterns: PagePattern[] = []
  const counted: boolean[] = []
  do {
    const first = cursor.peek()
    const isCounted = first !== undefined && /^[0-9]+x$/.test(first.text)
    if (isCounted) cursor.next('a count')
    patterns.push(parsePattern(cursor, (word) => word === '|' || isEnd(word), isCounted ? Number.parseInt(first.text, 10) : 1))
    counted.push(isCounted)
  } while (cursor.take('|'))
  if (all === undefined || patterns.length > 1 || counted[0]) return patterns
  return [{ ...patterns[0]!, count: all }]
}

function parsePattern(cursor: Cursor, isEnd: (word: string) => boolean, count: number): PagePattern {
  if (cursor.take('has')) return { count, has: parseHas(cursor, isEnd) }
  return { count, state: parseState(cursor, takeWords(cursor, isEnd, 'a page state')) }
}

function takeWords(cursor: Cursor, isEnd: (word: string) => boolean, what: string): Token[] {
  const words = [cursor.next(what)]
  for (let token = cursor.peek(); token && !isEnd(token.text); token = cursor.peek()) words.push(cursor.next(what))
  return words
}

function parseState(cursor: Cursor, words: readonly Token[]): string {
  const state = words.map((word) => word.text).join(' ')
  if (PAGE_STATES.includes(state)) return state
  const wrong = words.find((word) => !STATE_WORDS.includes(word.text))
  if (wrong) throw cursor.unknown(wrong, 'word of a page state', STATE_WORDS)
  throw cursor.error(words[0], `unknown page state "${state}"`, remedy(state, PAGE_STATES))
}

function parseHas(cursor: Cursor, isEnd: (word: string) => boolean): string[] {
  const words = takeWords(cursor, isEnd, 'a word of a page state')
  const wrong = words.find((word) => !isStateWord(word.text))
  if (wrong) throw cursor.unknown(wrong, 'word of a page state', STATE_WORDS)
  return words.map((word) => word.text)
}

/** Spells the state a message carries: `[none +WP]`. */
export function printBracketed(state: string): string {
  return `[${printPattern({ count: 1, state })}]`
}

/** Reads a state in brackets. */
export function parseBracketed(cursor: Cursor, isEnd: (word: string) => boolean): string {
  const words = takeWords(cursor, isEnd, 'a page state in brackets')
  const last = words.at(-1)!
  if (!last.text.endsWith(']')) throw cursor.error(last, 'the page state does not end', 'close it with ]')
  const inner = words.map((word) => ({ ...word }))
  inner[inner.length - 1]!.text = last.text.slice(0, -1)
  inner[0]!.text = inner[0]!.text.slice(1)
  return parseState(cursor, inner)
}
