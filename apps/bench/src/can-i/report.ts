/**
 * Answers as text: one in sentences, a list over one dimension, tables over two.
 * @module
 */
import { GROUNDS, QUESTIONS } from '@faultline/conformance'
import { type Cell as GridCell, printGrid } from '../report/grid.ts'
import { type Answer, ORDINARY_FILE, type Source } from './answer.ts'
import { ASKERS } from './askers.ts'
import { explained } from './wording.ts'

/** The dimensions of the matrix, as fields of an answer. */
export type Dimension = 'question' | 'memory' | 'kernel' | 'who'

const TITLES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(GROUNDS.map(({ name, title }) => [name, title])),
  [ORDINARY_FILE]: 'a mapping of a file of a file system',
}

/** One answer in sentences. */
export function answerText(answer: Answer): string {
  const asker = ASKERS.find(({ name }) => name === answer.who)!
  const lines = [
    `Can I ${titleOf(answer.question)}?`,
    `  ${answer.question} · ${TITLES[answer.memory]} · Linux ${answer.kernel} · ${asker.titleOn(answer.kernel)}`,
    '',
    verdict(answer),
    ...answer.needs.map((need) => `  ${explained(need)}`),
    ...answer.refusals.map((text) => `  ${answer.can ? 'without' : 'because'}: ${text}`),
    ...historyLines(answer),
    ...answer.sources.map((source) => `  ${sourceText(source)}`),
    `  decided by: ${answer.decidedBy}`,
  ]
  return `${lines.join('\n')}\n`
}

function verdict({ can, needs }: Answer): string {
  if (can === null) return 'Not known.'
  if (!can) return 'No.'
  return needs.length === 0 ? 'Yes.' : `Yes, with ${needs.join(' and ')}.`
}

function historyLines({ can, since, until }: Answer): string[] {
  if (can === null) return []
  const word = can ? 'so' : 'not so'
  const from = since === null ? `${word} since 5.7, the oldest that is modelled, or longer` : `${word} since ${since}`
  return [`  ${until === null ? from : `${from}; otherwise from ${until} on`}`]
}

const KINDS: Readonly<Record<Source['kind'], string>> = {
  model: 'by the model of',
  recorded: 'as recorded on',
  live: 'as answered now by',
  read: 'as read in',
}

function sourceText({ kind, name }: Source): string {
  return `${KINDS[kind]}: ${name}`
}

function titleOf(question: string): string {
  return QUESTIONS.find(({ name }) => name === question)!.title
}

/** Answers that differ in one dimension, one a line. */
export function listText(answers: readonly Answer[], dimension: Dimension): string {
  const rows = answers.map((answer) => [
    answer[dimension],
    answer.can === null ? 'not known' : answer.can ? 'yes' : 'no',
    answer.can ? answer.needs.join(', ') : mainRefusal(answer.refusals),
    answer.since ?? (answer.can === null ? '' : '≤ 5.7'),
    answer.sources.map(({ kind }) => kind).join(', '),
  ])
  const takes = { head: 'what it takes, or how it ends', width: 60 }
  return printGrid([{ head: dimension }, { head: '' }, takes, { head: 'so since' }, { head: 'known by' }], rows)
}

/** How it ends in short: as it does for who asks for least, and where that is no userfaultfd, for who has come by one otherwise. */
function mainRefusal([first = '', second]: readonly string[]): string {
  return second !== undefined && first.startsWith('userfaultfd()') ? `${first}; ${second}` : first
}

/** Remarks of several tables, each with a letter. */
export class Remarks {
  readonly #texts: string[] = []

  /** The letter of a remark. */
  of(text: string): string {
    if (text === '') return ''
    if (!this.#texts.includes(text)) this.#texts.push(text)
    const at = this.#texts.indexOf(text)
    return at < 26 ? String.fromCharCode(97 + at) : `${String.fromCharCode(96 + Math.floor(at / 26))}${String.fromCharCode(97 + (at % 26))}`
  }

  text(): string {
    return this.#texts.map((text) => `  ${this.of(text)}  ${text}\n`).join('')
  }
}

/** A table of answers; each is found by its row and column. */
export function tableText(answers: readonly Answer[], rows: Dimension, columns: Dimension, remarks: Remarks): string {
  const heads = [...new Set(answers.map((answer) => answer[columns]))]
  const names = [...new Set(answers.map((answer) => answer[rows]))]
  const cells = names.map((name) => [
    name,
    ...heads.map((head) => short(answers.find((each) => each[rows] === name && each[columns] === head)!, remarks)),
  ])
  return printGrid([{ head: rows }, ...heads.map((head) => ({ head }))], cells)
}

function short({ can, needs, refusals, sources }: Answer, remarks: Remarks): string {
  if (can === null) return '–'
  const mark = sources.some(({ kind }) => kind === 'live') ? '!' : sources.some(({ kind }) => kind === 'recorded') ? '*' : ''
  const remark = remarks.of(can ? (needs.length === 0 ? '' : `with ${needs.join(' and ')}`) : mainRefusal(refusals))
  return `${can ? 'yes' : 'no'}${mark}${remark === '' ? '' : ` ${remark}`}`
}

/** What the marks in tables mean. */
export const MARKS = `* as a real kernel was recorded to answer   ! as the kernel that is asked now answers   all others: as the model does
x86-64, CONFIG_PTE_MARKER_UFFD_WP=y; – not known here\n`

/** Each question with the number of kinds of pages of which the answer is yes, by release. */
export function summaryText(answers: readonly Answer[]): string {
  const kernels = [...new Set(answers.map(({ kernel }) => kernel))]
  const rows: GridCell[][] = QUESTIONS.map(({ name, title }) => [
    name,
    ...kernels.map((kernel) => {
      const known = answers.filter((each) => each.question === name && each.kernel === kernel && each.can !== null)
      return `${known.filter(({ can }) => can).length}/${known.length}`
    }),
    title,
  ])
  return printGrid(
    [{ head: 'question' }, ...kernels.map((head) => ({ head, align: 'right' as const })), { head: 'can I …', width: 46 }],
    rows,
  )
}
