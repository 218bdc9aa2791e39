import { QUESTIONS } from '@faultline/conformance'
import { RELEASES } from '@faultline/designs'
import type { Command } from 'commander'
import { type Answer, Answers, type Cell, MEMORIES } from '../can-i/answer.ts'
import { ASKERS } from '../can-i/askers.ts'
import { openLive } from '../can-i/live.ts'
import { answerText, type Dimension, listText, MARKS, Remarks, summaryText, tableText } from '../can-i/report.ts'
import { parseTerms, say, type Terms } from '../can-i/terms.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { oneOf } from '../names.ts'
import { RUNNING } from '../old-kernel.ts'
import { checkWritable, writeWhole } from '../output.ts'

interface CanIFlags {
  readonly memory?: string
  readonly kernel?: string
  readonly as?: string
  readonly unprivileged?: boolean
  readonly system?: string
  readonly json?: string
}

/** Releases that have presets: what a table over releases shows. */
const SHOWN = ['5.7', '5.19', '6.1', '6.4', '6.7', '6.12', '6.18']
/** Who is shown where questions are left out too. */
const SHOWN_ASKERS = ['root', 'unprivileged']
const names = <T extends { readonly name: string }>(list: readonly T[]) => list.map(({ name }) => name)

/** `faultline can-i`: what may be done to which pages, on which kernel, and by whom. */
export function addCanI(program: Command, context: Context): void {
  program
    .command('can-i')
    .description('what may be done to which pages, on which kernel, by whom; each answer with its source')
    .argument('[words...]', 'a question, such as write-protect; or in plain words, "write-protect private hugetlb on 6.1 as nobody"')
    .option('--memory <type>', `the pages: ${MEMORIES.join(', ')}`)
    .option('--kernel <release>', `a release of Linux from ${RELEASES[0]} to ${RELEASES.at(-1)}`)
    .option('--as <who>', `${names(ASKERS).join(', ')}`)
    .option('--unprivileged', 'the same as --as unprivileged: without CAP_SYS_PTRACE')
    .option('--system <name>', `${RUNNING}: ask the running kernel too, about its own release`)
    .option('--json <file>', 'write the answers as JSON, "-" for stdout and nothing else')
    .action(async (words: readonly string[], flags: CanIFlags) => {
      if (flags.system !== undefined) oneOf('system', flags.system, [RUNNING])
      if (flags.json !== undefined && flags.json !== '-') checkWritable(flags.json)
      const terms = termsOf(words, flags)
      const live = flags.system === undefined ? undefined : await openLive(context.terminal.err)
      try {
        const answers = new Answers(live)
        const json = flags.json === undefined ? undefined : jsonText(await allAnswers(answers, terms))
        if (flags.json !== '-') context.terminal.out.write(await text(answers, terms))
        if (flags.json === '-') context.terminal.out.write(json!)
        else if (flags.json !== undefined) writeWhole(flags.json, json!)
      } finally {
        await live?.close()
      }
    })
}

function termsOf(words: readonly string[], flags: CanIFlags): Terms {
  const terms = parseTerms(words.join(' '))
  const { memory, kernel, as: who } = flags
  if (memory !== undefined) say(terms, { memory: oneOf('memory', memory, MEMORIES) })
  if (kernel !== undefined) say(terms, { kernel: releaseOf(kernel) })
  if (who !== undefined) say(terms, { who: oneOf('asker', who, names(ASKERS)) })
  if (flags.unprivileged) say(terms, { who: 'unprivileged' })
  return terms
}

/** @throws UsageError when it is not modelled */
function releaseOf(text: string): string {
  const release = /^(?:linux-|v)?(\d+\.\d+)(?:\.\d+)?$/.exec(text)?.[1] ?? text
  if (RELEASES.includes(release)) return release
  throw new UsageError(`--kernel ${JSON.stringify(text)}: name a release from ${RELEASES[0]} to ${RELEASES.at(-1)}`)
}

/** The dimensions that were left out, and the values of each that are answered for. */
function dimensionsOf(terms: Terms): { free: readonly Dimension[]; values: Readonly<Record<Dimension, readonly string[]>> } {
  const all: Record<Dimension, readonly string[]> = {
    question: names(QUESTIONS),
    memory: MEMORIES,
    kernel: SHOWN,
    who: terms.question === undefined ? SHOWN_ASKERS : names(ASKERS),
  }
  const dimensions = Object.keys(all) as Dimension[]
  for (const dimension of dimensions) {
    const said = terms[dimension]
    if (said !== undefined) all[dimension] = [said]
  }
  return { free: dimensions.filter((dimension) => terms[dimension] === undefined), values: all }
}

function cellsOf(values: Readonly<Record<Dimension, readonly string[]>>): Cell[] {
  const cells: Cell[] = []
  for (const who of values.who)
    for (const question of values.question)
      for (const memory of values.memory)
        for (const release of values.kernel)
          cells.push({
            question: QUESTIONS.find(({ name }) => name === question)!,
            memory,
            release,
            who: ASKERS.find(({ name }) => name === who)!,
          })
  return cells
}

async function answer(answers: Answers, cells: readonly Cell[], history: boolean): Promise<Answer[]> {
  const all: Answer[] = []
  for (const cell of cells) all.push(await answers.of(cell, history))
  return all
}

function allAnswers(answers: Answers, terms: Terms): Promise<Answer[]> {
  return answer(answers, cellsOf(dimensionsOf(terms).values), true)
}

function jsonText(answers: readonly Answer[]): string {
  return `${JSON.stringify({ format: 'faultline-can-i', version: 1, answers }, null, 2)}\n`
}

async function text(answers: Answers, terms: Terms): Promise<string> {
  const { free, values } = dimensionsOf(terms)
  const found = await answer(answers, cellsOf(values), free.length <= 1)
  if (free.length === 0) return answerText(found[0]!)
  if (free.length === 1) return listText(found, free[0]!)
  if (free.length === 4)
    return `${values.who.map((who) => blockHead('who', who) + summaryText(of(found, 'who', who))).join('\n')}\n${SUMMARY_NOTE}`
  const columns = free.includes('kernel') ? 'kernel' : free.includes('memory') && free.includes('question') ? 'memory' : 'who'
  const rows = free.find((dimension) => dimension !== columns)!
  const block = free.find((dimension) => dimension !== columns && dimension !== rows)
  const remarks = new Remarks()
  const tables =
    block === undefined
      ? [tableText(found, rows, columns, remarks)]
      : joined(values[block].map((value) => [blockHead(block, value), tableText(of(found, block, value), rows, columns, remarks)]))
  return `${tables.join('\n')}\n${remarks.text()}\n${MARKS}`
}

/** Tables under their heads; one that differs from an earlier one in nothing but marks is not printed again. */
function joined(blocks: readonly (readonly [head: string, table: string])[]): string[] {
  const seen = new Map<string, { heads: string[]; table: string }>()
  for (const [head, table] of blocks) {
    const plain = table.replace(/[*!─]/g, '').replace(/ +/g, ' ')
    const same = seen.get(plain)
    if (same === undefined) seen.set(plain, { heads: [head], table })
    else same.heads.push(`the same, ${head}`)
  }
  return [...seen.values()].map(({ heads, table }) => heads.join('') + table)
}

const SUMMARY_NOTE = `Of how many kinds of pages (${MEMORIES.join(', ')}) the answer is yes, of those where it is known.
Name a question, pages (--memory), a release (--kernel) or who asks (--as) for the answers themselves.\n`

function of(answers: readonly Answer[], dimension: Dimension, value: string): Answer[] {
  return answers.filter((each) => each[dimension] === value)
}

function blockHead(dimension: Dimension, value: string): string {
  return `${dimension === 'who' ? ASKERS.find(({ name }) => name === value)!.title : value}:\n`
}
