// The examples of the READMEs. Every block of `ts` or `js` is a program that a stranger can paste: it is type-checked and run, and what it
// prints must be what its comments say. A word after the language says what else a block is:
//   ```ts kernel     needs a Linux kernel that can be asked, and root: type-checked, not run
//   ```ts fragment   needs what the text around it describes: not a program by itself, left to the reader
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const BLOCK = /^```(ts|js)(?: +(\w+))?\n(.*?)^```$/gms
const WORDS = new Set([undefined, 'kernel', 'fragment'])

/** What a block says that it prints: the comment behind each `console.log(…)` that has one. */
const saidBy = (text) => [...text.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map((match) => match[1])

/** @returns the examples of a package's README: `{ id, name, language, line, text, runs, said }` */
export function readmeExamples({ name, folder }) {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  return [...readme.matchAll(BLOCK)].flatMap(({ 1: language, 2: word, 3: text, index }, i) => {
    if (!WORDS.has(word)) throw new Error(`${name}/README.md: unknown kind of example: ${word}`)
    if (word === 'fragment') return []
    const line = readme.slice(0, index).split('\n').length
    const id = `${name.replace(/^@/, '').replace('/', '-')}-${i + 1}`
    return [{ id, name, language, line, text, runs: word !== 'kernel', said: saidBy(text) }]
  })
}

/** @returns what is wrong with what an example printed, or undefined. A console.log without a comment may print anything in between. */
export function contradiction({ said }, printed) {
  const lines = printed.trimEnd().split('\n')
  let at = 0
  for (const expected of said) {
    const found = lines.indexOf(expected, at)
    if (found < 0) return `says it prints ${JSON.stringify(expected)}; it printed:\n${lines.slice(at).join('\n')}`
    at = found + 1
  }
  return undefined
}
