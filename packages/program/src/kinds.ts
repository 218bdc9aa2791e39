/**
 * The kinds of value an operation is written with: each prints itself and reads itself back.
 * @module
 */
import type { Cursor, Token } from './cursor.ts'
import type { BitNames } from './names.ts'
import { remedy } from './nearest.ts'
import type { Place, Range } from './operations.ts'
import { UnprintableError } from './syntax-error.ts'

/** How a value is spelled. */
export interface Kind<T> {
  /** In messages: what should stand here. */
  readonly what: string
  print(value: T): string
  parse(cursor: Cursor): T
}

/** A kind that takes one word; the form `key=value` needs it. */
export interface WordKind<T> extends Kind<T> {
  /** Reads `text`, which is `token` or its part from `offset` on. */
  parseWord(text: string, token: Token, cursor: Cursor, offset: number): T
}

function wordKind<T>(what: string, print: (value: T) => string, parseWord: WordKind<T>['parseWord']): WordKind<T> {
  return {
    what,
    print,
    parseWord,
    parse(cursor) {
      const token = cursor.next(what)
      return parseWord(token.text, token, cursor, 0)
    },
  }
}

/** The region bound at address 0, in units of 4 KiB. */
export const ABSOLUTE = '@'

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const NUMBER = /^-?(0x[0-9a-fA-F]+|[0-9]+)$/
/** NAME or the region of absolute pages, then perhaps a signed page offset, then perhaps bytes. */
const PLACE = /^(@|[A-Za-z_][A-Za-z0-9_]*)([+-](?:0x[0-9a-fA-F]+|[0-9]+))?(?::(-?(?:0x[0-9a-fA-F]+|[0-9]+)))?$/
const COUNT = /^(-?(?:0x[0-9a-fA-F]+|[0-9]+))(?::(-?(?:0x[0-9a-fA-F]+|[0-9]+)))?$/

function number(text: string): number {
  if (text[0] === '-') return text === '-0' ? 0 : -Number(text.slice(1))
  return Number(text[0] === '+' ? text.slice(1) : text)
}

function printInteger(value: number): string {
  if (!Number.isSafeInteger(value)) throw new UnprintableError(`${value} is not an exact integer`, 'use integers below 2^53')
  return `${value}`
}

function printHex(value: number): string {
  printInteger(value)
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`
}

function parseInteger(text: string, token: Token, cursor: Cursor, offset: number): number {
  if (!NUMBER.test(text)) throw cursor.error(token, `"${text}" is not a number`, 'write decimal (16) or hexadecimal (0x10)', offset)
  return exact(number(text), token, cursor, offset)
}

function exact(value: number, token: Token, cursor: Cursor, offset: number): number {
  if (!Number.isSafeInteger(value)) throw cursor.error(token, `"${token.text}" is too large`, 'use numbers below 2^53', offset)
  return value
}

/** An integer, printed in decimal. */
export function integer(what: string): WordKind<number> {
  return wordKind(what, printInteger, parseInteger)
}

/** An integer, printed in hexadecimal. */
export function hex(what: string): WordKind<number> {
  return wordKind(what, printHex, parseInteger)
}

/** The name of a region, a file, a process or a userfaultfd. */
export function name(what: string): WordKind<string> {
  return wordKind(
    what,
    (value) => {
      if (NAME.test(value)) return value
      throw new UnprintableError(`"${value}" cannot be written as ${what}`, 'use letters, digits and _, not beginning with a digit')
    },
    (text, token, cursor, offset) => {
      if (NAME.test(text)) return text
      throw cursor.error(token, `"${text}" is not ${what}`, 'use letters, digits and _, not beginning with a digit', offset)
    },
  )
}

/** One word of a list. */
export function word<T extends string>(kind: string, legal: readonly T[]): WordKind<T> {
  return wordKind(
    kind,
    (value) => {
      if (legal.includes(value)) return value
      throw new UnprintableError(`"${value}" is no ${kind}`, remedy(value, legal))
    },
    (text, token, cursor, offset) => {
      const found = legal.find((item) => item === text)
      if (found !== undefined) return found
      throw cursor.error(token, `unknown ${kind} "${text}"`, remedy(text, legal), offset)
    },
  )
}

/** Values that have words of their own, such as the huge page sizes `2M` and `1G`. */
export function spelled<T>(kind: string, words: readonly (readonly [string, T])[]): WordKind<T> {
  const spelling = word(
    kind,
    words.map(([text]) => text),
  )
  return wordKind(
    kind,
    (value) => {
      const found = words.find(([, meaning]) => meaning === value)
      if (found !== undefined) return found[0]
      throw new UnprintableError(`${String(value)} is no ${kind}`, `one of: ${words.map(([, meaning]) => String(meaning)).join(' ')}`)
    },
    (text, token, cursor, offset) => {
      const legal = spelling.parseWord(text, token, cursor, offset)
      return words.find(([candidate]) => candidate === legal)![1]
    },
  )
}

/** Named bits joined by commas; bits without a name as one number; 0 for none. */
export function bits(kind: string, names: BitNames): WordKind<number> {
  const known = Object.values(names).reduce((all, bit) => all | bit, 0) >>> 0
  return wordKind(
    kind,
    (value) => printBits(value, names, known),
    (text, token, cursor, offset) => {
      let low = 0
      let high = 0
      for (const part of text.split(',')) {
        const value = Object.hasOwn(names, part) ? names[part]! : parseBit(part, kind, names, token, cursor, offset)
        low |= value
        high |= Math.floor(value / 2 ** 32)
        offset += part.length + 1
      }
      return high * 2 ** 32 + (low >>> 0)
    },
  )
}

function printBits(value: number, names: BitNames, known: number): string {
  if (!Number.isSafeInteger(value) || value < 0) throw new UnprintableError(`${value} is no set of bits`, 'use integers from 0 to 2^53-1')
  const parts: string[] = []
  let left = known & value
  for (const [text, bit] of Object.entries(names)) {
    if ((left & bit) === 0) continue
    parts.push(text)
    left &= ~bit
  }
  const rest = Math.floor(value / 2 ** 32) * 2 ** 32 + ((value & ~known) >>> 0)
  if (rest !== 0 || parts.length === 0) parts.push(rest === 0 ? '0' : printHex(rest))
  return parts.join(',')
}

function parseBit(part: string, kind: string, names: BitNames, token: Token, cursor: Cursor, offset: number): number {
  if (NUMBER.test(part) && !part.startsWith('-')) return exact(number(part), token, cursor, offset)
  const legal = Object.keys(names)
  const advice = legal.length === 0 ? 'it has no named bits: write a number' : `${remedy(part, legal)} (or a number)`
  throw cursor.error(token, `unknown ${kind} "${part}"`, advice, offset)
}

/** Protection: letters of `rwx`, or `none`. */
export const PROT: WordKind<string> = wordKind(
  'protection',
  (value) => {
    if (value !== '' && !isProt(value)) throw new UnprintableError(`"${value}" is no protection`, 'use letters of "rwx", each once, or ""')
    return value === '' ? 'none' : value
  },
  (text, token, cursor, offset) => {
    if (text === 'none') return ''
    if (isProt(text)) return text
    throw cursor.error(token, `unknown protection "${text}"`, 'write letters of rwx, each once, such as rw, or none', offset)
  },
)

function isProt(text: string): boolean {
  return /^[rwx]+$/.test(text) && new Set(text).size === text.length
}

const REGION = name('the name of a region')

function printRegion(region: string): string {
  return region === ABSOLUTE ? region : REGION.print(region)
}

/** Pages of a region in decimal, absolute ones in hexadecimal. */
function printPage(region: string, page: number): string {
  return region === ABSOLUTE ? printHex(page) : printInteger(page)
}

function printPlace({ region, page, byte }: Place): string {
  const offset = page === 0 ? '' : `${page > 0 ? '+' : '-'}${printPage(region, Math.abs(page))}`
  return `${printRegion(region)}${offset}${byte === 0 ? '' : `:${printHex(byte)}`}`
}

/** A place: `A`, `A+3`, `A-1`, `A+3:0x10`. */
export const PLACE_KIND: WordKind<Place> = wordKind('a place', printPlace, (text, token, cursor, offset) => {
  const found = PLACE.exec(text)
  if (found === null) {
    throw cursor.error(token, `"${text}" is not a place`, 'write a region, and pages after its start: A or A+3 (bytes: A+3:0x10)', offset)
  }
  const page = exact(number(found[2] ?? '0'), token, cursor, offset)
  return { region: found[1]!, page, byte: exact(number(found[3] ?? '0'), token, cursor, offset) }
})

/** A place, or an absolute byte address as a number. */
export const ADDRESS: WordKind<Place | number> = wordKind(
  'an address',
  (value) => (typeof value === 'number' ? printHex(value) : printPlace(value)),
  (text, token, cursor, offset) =>
    NUMBER.test(text) ? parseInteger(text, token, cursor, offset) : PLACE_KIND.parseWord(text, token, cursor, offset),
)

/** A range: `A 0 16`, or `A+3 4` from a place on, with bytes beyond whole pages as `A 0 4:0x10`. */
export const RANGE: Kind<Range> = {
  what: 'a range',
  print({ at, pages, bytes }) {
    const start = at.byte === 0 ? `${printRegion(at.region)} ${printPage(at.region, at.page)}` : printPlace(at)
    return `${start} ${printInteger(pages)}${bytes === 0 ? '' : `:${printHex(bytes)}`}`
  },
  parse(cursor) {
    const first = cursor.next('a range, such as A 0 16 or A+3 4,')
    let at = PLACE_KIND.parseWord(first.text, first, cursor, 0)
    if (first.text === at.region) {
      const page = cursor.next(`the first page of the range in ${at.region}`)
      at = { ...at, page: parseInteger(page.text, page, cursor, 0) }
    }
    const token = cursor.peek()
    const found = token && COUNT.exec(token.text)
    if (!token || !found) {
      throw cursor.error(token, 'the page count of a range is missing', 'write region, first page and pages: A 0 16 (or A+3 4)')
    }
    cursor.next('a page count')
    return { at, pages: exact(number(found[1]!), token, cursor, 0), bytes: exact(number(found[2] ?? '0'), token, cursor, 0) }
  },
}
