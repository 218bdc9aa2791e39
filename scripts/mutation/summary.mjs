// What a report of stryker says, in a few lines.
import { readFileSync } from 'node:fs'

const NOTICED = new Set(['Killed', 'Timeout'])
const MISSED = new Set(['Survived', 'NoCoverage'])

/** The share of changes that were noticed, in percent; 0 where none was tried. */
export const scoreOf = ({ noticed, tried }) => (tried === 0 ? 0 : (100 * noticed) / tried)

/** @returns `{ tried, noticed, counts, survivors, sources }`: how many changes ended how, each that no test noticed, and the files that were changed */
export function summary(file) {
  const { files } = JSON.parse(readFileSync(file, 'utf8'))
  const mutants = Object.entries(files).flatMap(([name, { mutants: own, source }]) => own.map((mutant) => ({ ...mutant, name, source })))
  const tried = mutants.filter(({ status }) => NOTICED.has(status) || MISSED.has(status))
  const counts = {}
  for (const { status } of mutants) counts[status] = (counts[status] ?? 0) + 1
  const survivors = tried.filter(({ status }) => MISSED.has(status)).map(survivor)
  const sources = new Map(Object.entries(files).map(([name, { source }]) => [name, source]))
  return { tried: tried.length, noticed: tried.length - survivors.length, counts, survivors, sources }
}

/** What stood there, what was put in its place, and whether any test ran it. */
function survivor({ name, source, location: { start, end }, replacement, status }) {
  const lines = source.split('\n').slice(start.line - 1, end.line)
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column - 1)
  lines[0] = lines[0].slice(start.column - 1)
  const short = (text) => text.replace(/\s+/g, ' ').slice(0, 80)
  return { file: name, line: start.line, was: short(lines.join('\n')), became: short(replacement ?? ''), reached: status !== 'NoCoverage' }
}

/** `packages/x/src/y.ts:12  a < b  →  a <= b  (no test reaches it)` */
export const describe = ({ file, line, was, became, reached }) =>
  `${file}:${line}  ${was}  →  ${became}${reached ? '' : '  (no test reaches it)'}`
