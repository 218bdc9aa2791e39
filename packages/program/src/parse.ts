/**
 * Reads the text of a program.
 * @module
 */
import { UFFD_API } from '@faultline/mm-types'
import { Cursor, cutLine } from './cursor.ts'
import { parseExpectation, parseMemories } from './expectation-text.ts'
import { type Fields, parseForm } from './form.ts'
import { FORMS, HANDSHAKE } from './forms.ts'
import { word } from './kinds.ts'
import { MEMORY_TYPES, type Memory, type PagemapOp } from './operations.ts'
import { parsePatterns } from './page-pattern-text.ts'
import { HEADER } from './print.ts'
import type { Program, Step, TemplateOperation } from './program.ts'
import { ProgramSyntaxError } from './syntax-error.ts'

/** Short forms: `uffd u features=…` is userfaultfd and api, `expect A 0 4 none` is pagemap with its page states. */
const SHORT_FORMS = ['uffd', 'expect']
const DIRECTIVES = ['name', 'memory']
const MEMORY = word('memory type', MEMORY_TYPES)

const isArrow = (text: string): boolean => text === '=>'

/**
 * Reads the text of a program.
 *
 * @param file - the name of the text in messages
 * @throws ProgramSyntaxError at the first thing that is wrong
 */
export function parseProgram(text: string, file = 'program'): Program {
  const lines = text.split(/\r?\n/)
  checkHeader(lines[0]!, file)
  const draft: Draft = { steps: [] }
  for (let index = 1; index < lines.length; index++) parseLine(lines[index]!, file, index + 1, draft)
  return draft
}

interface Draft {
  name?: string
  memories?: Memory[]
  readonly steps: Step[]
}

function checkHeader(line: string, file: string): void {
  if (line.trimEnd() === HEADER) return
  const position = { file, line: 1, column: 1 }
  const version = /^faultline-program\s+(\S+)/.exec(line)?.[1]
  if (version === undefined) throw new ProgramSyntaxError(position, 'this is not a program', `its first line is "${HEADER}"`)
  throw new ProgramSyntaxError({ ...position, column: line.indexOf(version, 17) + 1 }, `unknown version "${version}"`, 'write 1')
}

function parseLine(text: string, file: string, line: number, draft: Draft): void {
  const { tokens, comment } = cutLine(text)
  const first = tokens[0]
  const cursor = new Cursor(tokens, file, line, text.trimEnd().length + 1)
  if (first && DIRECTIVES.includes(first.text)) {
    if (draft.steps.some((step) => step.operation.op !== 'comment')) {
      throw cursor.error(first, `"${first.text}" after the first operation`, 'move it up, below the first line')
    }
    cursor.next('a directive')
    if (first.text === 'name') parseName(text, cursor, draft)
    else parseMemoryLine(cursor, draft)
  } else if (first || comment !== undefined) draft.steps.push(...parseSteps(cursor, comment))
}

function parseName(text: string, cursor: Cursor, draft: Draft): void {
  const found = text.trim().slice('name'.length).trim()
  if (found === '') throw cursor.error(undefined, 'the name is missing', 'write the name of the program')
  if (draft.name !== undefined) throw cursor.error(cursor.peek(), 'a second name', 'give the program one name')
  draft.name = found
}

function parseMemoryLine(cursor: Cursor, draft: Draft): void {
  const memories: Memory[] = []
  do {
    const token = cursor.peek()
    const memory = MEMORY.parse(cursor)
    if (memories.includes(memory)) throw cursor.error(token, `"${memory}" stands twice`, 'write it once')
    memories.push(memory)
  } while (cursor.peek())
  if (draft.memories) throw cursor.error(undefined, 'a second line of memory types', 'write them all in one')
  draft.memories = memories
}

/** The steps of a line: one, or two for `uffd`. */
function parseSteps(cursor: Cursor, comment: string | undefined): Step[] {
  const memories = parseMemories(cursor)
  const condition = memories ? { memories } : {}
  const actor = parseActor(cursor)
  if (!cursor.peek() && comment !== undefined) return [{ ...condition, operation: { op: 'comment', ...actor, text: comment } }]
  const { operations, expected } = parseOperation(cursor, actor)
  const expect = expected ?? []
  while (cursor.take('=>')) expect.push(parseExpectation(cursor))
  const left = cursor.peek()
  if (left) throw cursor.error(left, `"${left.text}" is left over`, 'end the line before it')
  return operations.map((operation, index) => {
    const isLast = index === operations.length - 1
    const step: Step = { ...condition, operation, ...(isLast && expect.length > 0 && { expect }), ...(isLast && comment && { comment }) }
    return step
  })
}

/** `child:`, `child.t1:` or `.t1:`. */
function parseActor(cursor: Cursor): { process?: string; thread?: string } {
  const token = cursor.peek()
  if (!token?.text.endsWith(':')) return {}
  const found = /^([A-Za-z_]\w*)?(?:\.([A-Za-z_]\w*))?:$/.exec(token.text)
  if (!found || (found[1] === undefined && found[2] === undefined)) {
    throw cursor.error(token, `"${token.text}" names no process or thread`, 'write child:, child.t1: or .t1:')
  }
  cursor.next('an actor')
  return { ...(found[1] !== undefined && { process: found[1] }), ...(found[2] !== undefined && { thread: found[2] }) }
}

interface Parsed {
  readonly operations: TemplateOperation[]
  readonly expected?: NonNullable<Step['expect']>[number][]
}

function parseOperation(cursor: Cursor, actor: object): Parsed {
  const token = cursor.next('an operation')
  if (token.text === 'uffd') return { operations: parseUffd(cursor, actor) }
  if (token.text === 'expect') {
    const [slot] = FORMS.pagemap
    const operation = { op: 'pagemap', ...actor, ...parseForm([slot!], cursor, 'expect', () => true) } as PagemapOp
    return { operations: [operation], expected: [{ errno: 0, pages: parsePatterns(cursor, isArrow, operation.range.pages) }] }
  }
  if (!isOperationName(token.text)) throw cursor.unknown(token, 'operation', [...Object.keys(FORMS), ...SHORT_FORMS])
  const fields = parseForm(FORMS[token.text], cursor, token.text, isArrow)
  return { operations: [operationOf(token.text, actor, fields)] }
}

function isOperationName(text: string): text is keyof typeof FORMS {
  return Object.hasOwn(FORMS, text)
}

/** The forms hold a slot for every field of their operation, which a test proves for each of them. */
function operationOf(op: keyof typeof FORMS, actor: object, fields: Fields): TemplateOperation {
  return { op, ...actor, ...fields } as unknown as TemplateOperation
}

function parseUffd(cursor: Cursor, actor: object): TemplateOperation[] {
  const { uffd, flags, device, features, version } = parseForm(HANDSHAKE, cursor, 'uffd', isArrow)
  return [
    operationOf('userfaultfd', actor, { uffd, flags, ...(device === undefined ? {} : { device }) }),
    operationOf('api', actor, { uffd, features: features ?? 0, version: version ?? UFFD_API }),
  ]
}
