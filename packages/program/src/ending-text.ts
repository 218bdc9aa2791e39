/**
 * Endings as text: `ok`, `ENOENT`, `value 7`, `SIGBUS code 2`, `blocked`, `EAGAIN result 4096`.
 * @module
 */
import { ERRNO, errnoName } from '@faultline/mm-types'
import type { Cursor, Token } from './cursor.ts'
import type { Ending } from './expectation.ts'
import { ADDRESS, bits, integer, type WordKind } from './kinds.ts'
import { FEATURES } from './names.ts'
import { UnprintableError } from './syntax-error.ts'

const SIGNALS = ['SIGBUS', 'SIGSEGV'] as const

/** The result of an ioctl: a number, or a negated errno by its name. */
const RESULT: WordKind<number> = {
  ...integer('a result'),
  print: (result) => (result < 0 && result >= -MAX_ERRNO ? `-${errnoName(result)}` : integer('a result').print(result)),
  parse(cursor) {
    const token = cursor.next('a result')
    return this.parseWord(token.text, token, cursor, 0)
  },
  parseWord(text, token, cursor, offset) {
    const errno = text[0] === '-' ? parseErrno(text.slice(1)) : undefined
    return errno === undefined ? integer('a result').parseWord(text, token, cursor, offset) : -errno
  },
}

/** @source include/linux/err.h */
const MAX_ERRNO = 4095

/** The values after the ending's word, in the order they are printed. */
const VALUES: readonly { readonly field: keyof Ending; readonly key: string; readonly kind: WordKind<unknown> }[] = [
  value('signalCode', 'code', integer('a signal code')),
  value('value', 'value', integer('a stamp')),
  value('result', 'result', RESULT),
  value('features', 'features', bits('feature', FEATURES)),
  value('bytes', 'bytes', integer('a number of bytes')),
  value('walkEnd', 'walk-end', ADDRESS),
]

function value<T>(field: keyof Ending, key: string, kind: WordKind<T>): (typeof VALUES)[number] {
  return { field, key, kind: kind as WordKind<unknown> }
}

/** The words an ending may begin with. */
const ENDING_WORDS: readonly string[] = ['ok', 'blocked', 'livelock', ...SIGNALS, ...VALUES.map((item) => item.key), ...Object.keys(ERRNO)]

function parseErrno(text: string): number | undefined {
  if (Object.hasOwn(ERRNO, text)) return ERRNO[text]
  return /^E[1-9][0-9]*$/.test(text) ? Number(text.slice(1)) : undefined
}

/** Spells an ending; nothing for a plain `ok`. */
export function printEnding(ending: Ending): string {
  const words: string[] = []
  if (!Number.isSafeInteger(ending.errno) || ending.errno < 0) {
    throw new UnprintableError(`${ending.errno} is no errno`, 'use 0 or a positive number')
  }
  if (ending.errno !== 0) words.push(errnoName(ending.errno))
  if (ending.signal) words.push(ending.signal)
  if (ending.blocked) words.push('blocked')
  if (ending.livelock) words.push('livelock')
  for (const { field, key, kind } of VALUES) if (ending[field] !== undefined) words.push(`${key} ${kind.print(ending[field])}`)
  return words.join(' ')
}

type MutableEnding = { -readonly [K in keyof Ending]: Ending[K] }

/** Reads an ending up to a word that `isEnd`. */
export function parseEnding(cursor: Cursor, isEnd: (word: string) => boolean, alsoLegal: readonly string[] = []): Ending {
  const ending: MutableEnding = { errno: 0 }
  const seen = new Set<string>()
  do {
    const token = cursor.next('an outcome, such as ok, ENOENT or value 7,')
    if (seen.has(token.text)) throw cursor.error(token, `"${token.text}" stands twice`, 'write it once')
    seen.add(token.text)
    parseTerm(cursor, token, ending, alsoLegal)
  } while (cursor.peek() && !isEnd(cursor.peek()!.text))
  return ending
}

function parseTerm(cursor: Cursor, token: Token, ending: MutableEnding, alsoLegal: readonly string[]): void {
  const errno = parseErrno(token.text)
  const signal = SIGNALS.find((candidate) => candidate === token.text)
  const found = VALUES.find((candidate) => candidate.key === token.text)
  if (errno !== undefined) ending.errno = errno
  else if (signal !== undefined) ending.signal = signal
  else if (token.text === 'blocked') ending.blocked = true
  else if (token.text === 'livelock') ending.livelock = true
  else if (found) Object.assign(ending, { [found.field]: found.kind.parse(cursor) })
  else if (token.text !== 'ok') throw cursor.unknown(token, 'outcome', [...ENDING_WORDS, ...alsoLegal])
}
