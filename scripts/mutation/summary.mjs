// What a report of stryker says, in a few lines.
import { readFileSync } from 'node:fs'

const NOTICED = new Set(['Killed', 'Timeout'])
const MISSED = new Set(['Survived', 'NoCoverage'])

/** @returns `{ score, counts, survivors }`: the share of changes that a test noticed, how many ended how, and each that none noticed */
export function summary(file) {
  const { files } = JSON.parse(readFileSync(file, 'utf8'))
  const mutants = Object.entries(files).flatMap(([name, { mutants: own, source }]) => own.map((mutant) => ({ ...mutant, name, source })))
  const tried = mutants.filter(({ status }) => NOTICED.has(status) || MISSED.has(status))
  const counts = { tried: tried.length }
  for (const { status } of mutants) counts[status] = (counts[status] ?? 0) + 1
  const survivors = tried.filter(({ status }) => MISSED.has(status)).map(describe)
  const score = tried.length === 0 ? 0 : (100 * tried.filter(({ status }) => NOTICED.has(status)).length) / tried.length
  return { score, counts, survivors }
}

/** `packages/x/src/y.ts:12  a < b  →  a <= b  (no test reaches it)` */
function describe({ name, source, location: { start, end }, replacement, status }) {
  const lines = source.split('\n').slice(start.line - 1, end.line)
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column - 1)
  lines[0] = lines[0].slice(start.column - 1)
  const short = (text) => text.replace(/\s+/g, ' ').slice(0, 80)
  return `${name}:${start.line}  ${short(lines.join('\n'))}  →  ${short(replacement ?? '')}${status === 'NoCoverage' ? '  (no test reaches it)' : ''}`
}
