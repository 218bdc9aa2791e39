// npm run house: how large the files are, and which blocks of code stand twice. Prints the offenders; exit code 1 if there are any.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { duplicates } from './house/duplicates.mjs'
import { ROOT } from './release/workspace.mjs'

const MOST_LINES = 400
const MOST_MEDIAN = 80
/** A block that stands twice is worth sharing from this many lines on that say something. */
const BLOCK = 14

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.mjs', '*.cjs', '*.c', '*.h'], {
  cwd: ROOT,
})
  .toString()
  .trim()
  .split('\n')
  .filter((name) => existsSync(join(ROOT, name)))
  .map((name) => ({ name, text: readFileSync(join(ROOT, name), 'utf8') }))
const sizes = files.map(({ name, text }) => ({ name, lines: text.trimEnd().split('\n').length })).sort((a, b) => b.lines - a.lines)

const isTest = (name) => /\.(test|bench)\.ts|\/test\//.test(name)
const sources = sizes.filter(({ name }) => !isTest(name))
const medianOf = (list) => list[Math.floor(list.length / 2)]?.lines ?? 0
const long = sizes.filter(({ lines }) => lines > MOST_LINES)
const twice = duplicates(
  files.filter(({ name }) => /\.(ts|mjs)$/.test(name)),
  BLOCK,
)

console.log(
  `${sizes.length} files, median ${medianOf(sizes)} lines; without tests ${sources.length}, median ${medianOf(sources)} (at most ${MOST_MEDIAN})`,
)
for (const { name, lines } of long) console.log(`${name}: ${lines} lines (at most ${MOST_LINES})`)
// What a test repeats may be what it holds the source against: shown, and no offence.
const offending = twice.filter(({ places }) => !places.some(isTest))
for (const { lines, places } of twice) {
  console.log(`${lines} lines stand twice${places.some(isTest) ? ' (in tests)' : ''}: ${places.join(' and ')}`)
}
console.log(`${long.length} files too long, ${offending.length} blocks of sources twice`)
process.exitCode = long.length + offending.length > 0 || medianOf(sources) > MOST_MEDIAN ? 1 : 0
