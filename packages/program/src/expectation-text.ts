/**
 * Expectations as text: an ending, then lists, parted by `;`.
 * @module
 */
import type { Cursor, Token } from './cursor.ts'
import { parseEnding, printEnding } from './ending-text.ts'
import type { Address, Expectation, MessagePattern, RegionPattern } from './expectation.ts'
import { optional, parseForm, printForm } from './form.ts'
import { ADDRESS, bits, integer, type WordKind, word } from './kinds.ts'
import { PAGEFAULT_FLAGS, SCAN_CATEGORIES } from './names.ts'
import { MEMORY_TYPES, type Memory } from './operations.ts'
import type { PagePattern } from './page-pattern.ts'
import { parseBracketed, parsePatterns, printBracketed, printPatterns } from './page-pattern-text.ts'
import { UnprintableError } from './syntax-error.ts'
import type { Message } from './system.ts'

const EVENTS: readonly Message['event'][] = ['pagefault', 'fork', 'remap', 'remove', 'unmap']
const EVENT = word('event', EVENTS)
const CATEGORIES = bits('category', SCAN_CATEGORIES)
const MEMORY = word('memory type', MEMORY_TYPES)

/** The name of a thread as outcomes give it: a process, a thread, or both with a dot between. */
const THREAD: WordKind<string> = {
  what: 'the name of a thread',
  print(text) {
    if (/^[\w.]+$/.test(text)) return text
    throw new UnprintableError(`"${text}" cannot be written as the name of a thread`, 'use letters, digits, _ and .')
  },
  parse: (cursor) => {
    const token = cursor.next('the name of a thread')
    return THREAD.parseWord(token.text, token, cursor, 0)
  },
  parseWord(text, token, cursor, offset) {
    if (/^[\w.]+$/.test(text)) return text
    throw cursor.error(token, `"${text}" is not the name of a thread`, 'write process, process.thread or .thread', offset)
  },
}

const MESSAGE_OPTIONS = [
  optional('flags', bits('flag', PAGEFAULT_FLAGS)),
  optional('thread', THREAD),
  optional('length', integer('a number of bytes')),
]

/** Lists by their field: the word of a clause of one item, and the word of `no …` when the list is empty. */
const CLAUSES = { messages: 'message', finished: 'finished', pages: 'pages', regions: 'region' } as const
type ListField = keyof typeof CLAUSES
const LIST_FIELDS = Object.keys(CLAUSES) as ListField[]
const CLAUSE_WORDS: readonly string[] = ['no', ...Object.values(CLAUSES)]

const isStop = (text: string): boolean => text === ';' || text === '=>'

/** Spells memory types as a condition: `@hugetlb,hugetlb-private`. */
export function printMemories(memories: readonly Memory[]): string {
  if (memories.length === 0 || new Set(memories).size !== memories.length) {
    throw new UnprintableError(`"${memories.join(',')}" is no list of memory types`, 'name at least one, each once')
  }
  return `@${memories.map(MEMORY.print).join(',')}`
}

/** Reads `@…` if it is next. */
export function parseMemories(cursor: Cursor): Memory[] | undefined {
  if (!cursor.peek()?.text.startsWith('@')) return undefined
  const token = cursor.next('memory types')
  const found: Memory[] = []
  let offset = 1
  for (const part of token.text.slice(1).split(',')) {
    const memory = MEMORY.parseWord(part, token, cursor, offset)
    if (found.includes(memory)) throw cursor.error(token, `"${part}" stands twice`, 'write it once', offset)
    found.push(memory)
    offset += part.length + 1
  }
  return found
}

/** Spells an expectation. */
export function printExpectation(expectation: Expectation): string {
  const { memories, messages, finished, pages, regions } = expectation
  const clauses: string[] = []
  const ending = printEnding(expectation)
  if (ending !== '') clauses.push(ending)
  for (const field of LIST_FIELDS) if (expectation[field]?.length === 0) clauses.push(`no ${field}`)
  for (const message of messages ?? []) clauses.push(printMessage(message))
  for (const item of finished ?? []) clauses.push(`finished ${THREAD.print(item.thread)} ${printEnding(item.ending) || 'ok'}`)
  if (pages && pages.length > 0) clauses.push(`pages ${printPatterns(pages)}`)
  for (const region of regions ?? []) clauses.push(`region ${printSpan(region)} ${CATEGORIES.print(region.categories)}`)
  if (clauses.length === 0) clauses.push('ok')
  return `${memories ? `${printMemories(memories)} ` : ''}${clauses.join('; ')}`
}

function printMessage(message: MessagePattern): string {
  const words = ['message', EVENT.print(message.event)]
  if (message.start !== undefined || message.end !== undefined) words.push(printSpan(message))
  words.push(...printForm(MESSAGE_OPTIONS, { ...message }))
  if (message.state !== undefined) words.push(printBracketed(message.state))
  return words.join(' ')
}

interface Span {
  readonly start?: Address
  readonly end?: Address
}

function printSpan({ start, end }: Span): string {
  return `${start === undefined ? '' : ADDRESS.print(start)}${end === undefined ? '' : `..${ADDRESS.print(end)}`}`
}

function parseSpan(cursor: Cursor): Span {
  const token = cursor.next('a place, or two with .. between')
  const dots = token.text.indexOf('..')
  const start = dots < 0 ? token.text : token.text.slice(0, dots)
  return {
    ...(start === '' ? {} : { start: ADDRESS.parseWord(start, token, cursor, 0) }),
    ...(dots < 0 ? {} : { end: ADDRESS.parseWord(token.text.slice(dots + 2), token, cursor, dots + 2) }),
  }
}

/** What is read of an expectation so far. */
interface Draft {
  messages?: MessagePattern[]
  finished?: NonNullable<Expectation['finished']>[number][]
  pages?: readonly PagePattern[]
  regions?: RegionPattern[]
}

/** Reads an expectation up to `=>` or the end of the line. */
export function parseExpectation(cursor: Cursor): Expectation {
  const memories = parseMemories(cursor)
  let ending: Expectation | undefined
  const draft: Draft = {}
  do {
    const token = cursor.peek()
    if (token && CLAUSE_WORDS.includes(token.text)) {
      cursor.next('a clause')
      parseClause(cursor, token, draft)
    } else if (ending === undefined) ending = parseEnding(cursor, isStop, CLAUSE_WORDS)
    else throw cursor.error(token, 'a second ending', `after ; write one of: ${CLAUSE_WORDS.join(' ')}`)
  } while (cursor.take(';'))
  return { ...(memories && { memories }), ...(ending ?? { errno: 0 }), ...draft }
}

function parseClause(cursor: Cursor, token: Token, draft: Draft): void {
  switch (token.text) {
    case 'message':
      draft.messages = [...(draft.messages ?? []), parseMessage(cursor)]
      break
    case 'finished':
      draft.finished = [...(draft.finished ?? []), { thread: THREAD.parse(cursor), ending: parseEnding(cursor, isStop) }]
      break
    case 'region':
      draft.regions = [...(draft.regions ?? []), parseRegion(cursor)]
      break
    case 'pages':
      if (draft.pages) throw cursor.error(token, '"pages" stands twice', 'part page states by |')
      draft.pages = parsePatterns(cursor, isStop)
      break
    default:
      parseNone(cursor, draft)
  }
}

function parseNone(cursor: Cursor, draft: Draft): void {
  const token = cursor.next('what is not expected')
  const field = LIST_FIELDS.find((candidate) => candidate === token.text)
  if (field === undefined) throw cursor.unknown(token, 'list', LIST_FIELDS)
  if (draft[field]) throw cursor.error(token, `${field} are expected, and none`, 'write one or the other')
  draft[field] = []
}

function parseMessage(cursor: Cursor): MessagePattern {
  const event = EVENT.parse(cursor)
  const next = cursor.peek()?.text
  const hasSpan = next !== undefined && !isStop(next) && !next.includes('=') && !next.startsWith('[')
  const place = hasSpan ? parseSpan(cursor) : {}
  const fields = parseForm(MESSAGE_OPTIONS, cursor, 'message', (text) => isStop(text) || text.startsWith('['))
  const state = cursor.peek()?.text.startsWith('[') ? { state: parseBracketed(cursor, isStop) } : {}
  return { event, ...place, ...fields, ...state }
}

function parseRegion(cursor: Cursor): RegionPattern {
  const token = cursor.peek()
  const { start, end } = parseSpan(cursor)
  if (start === undefined || end === undefined) {
    throw cursor.error(token, 'a region has a start and an end', 'write it as A+0..A+4')
  }
  return { start, end, categories: CATEGORIES.parse(cursor) }
}
