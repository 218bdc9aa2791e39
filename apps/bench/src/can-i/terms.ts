/**
 * What is asked, in plain words: `write-protect private hugetlb on 6.1 without CAP_SYS_PTRACE`.
 * @module
 */
import { QUESTIONS } from '@faultline/conformance'
import { RELEASES } from '@faultline/designs'
import { UsageError } from '../errors.ts'
import { quote, suggestion } from '../names.ts'
import { MEMORIES } from './answer.ts'
import { ASKERS } from './askers.ts'

/** What was said of each dimension; absent where nothing was. */
export interface Terms {
  question?: string
  memory?: string
  kernel?: string
  who?: string
}

const MEMORY_WORDS: Readonly<Record<string, readonly string[]>> = {
  anon: ['anonymous', 'private anonymous', 'MAP_ANONYMOUS'],
  'anon-thp': ['thp', 'transparent huge', 'anonymous huge', 'huge'],
  shmem: ['shared memory', 'tmpfs', 'memfd', 'MAP_SHARED', 'shared', 'MAP_SHARED shmem', 'shared shmem', 'shared anonymous'],
  'shmem-private': ['private shmem', 'private shared memory', 'private tmpfs', 'private memfd'],
  hugetlb: ['hugetlbfs', 'shared hugetlb', 'shared hugetlbfs', 'MAP_SHARED hugetlb'],
  'hugetlb-private': ['private hugetlb', 'private hugetlbfs', 'MAP_PRIVATE hugetlb'],
  file: ['ordinary file', 'regular file', 'files', 'ext4', 'xfs', 'disk file'],
}

/** Words that say nothing here. */
const FILLERS = new Set(
  'can i a an the on in of with for to do use my mapping mappings memory pages page linux kernel it is how if fault faults mode'.split(' '),
)

/** Each way to say something, as words in a row. */
const PHRASES: readonly { readonly words: readonly string[]; readonly says: Terms }[] = [
  ...QUESTIONS.flatMap(({ name, words }) => [name, ...words].map((phrase) => ({ words: split(phrase), says: { question: name } }))),
  ...MEMORIES.flatMap((name) => [name, ...MEMORY_WORDS[name]!].map((phrase) => ({ words: split(phrase), says: { memory: name } }))),
  ...ASKERS.flatMap(({ name, words }) => [name, ...words].map((phrase) => ({ words: split(phrase), says: { who: name } }))),
  ...RELEASES.flatMap((name) => [name, `v${name}`].map((phrase) => ({ words: [phrase], says: { kernel: name } }))),
].sort((a, b) => b.words.length - a.words.length)

function split(text: string): string[] {
  return (
    text
      .toLowerCase()
      .replace(/[?,"']/g, ' ')
      .split(/[\s-]+/)
      .filter((word) => word !== '')
      // Of a stable release only the first two numbers count.
      .map((word) => word.replace(/^v?(\d+\.\d+)\.\d+$/, '$1'))
  )
}

/** Understands a question. The longest phrase that fits is what is meant. @throws UsageError that names the nearest word */
export function parseTerms(text: string): Terms {
  const words = split(text)
  const terms: Terms = {}
  for (let at = 0; at < words.length; ) {
    const found = PHRASES.find((phrase) => phrase.words.every((word, i) => words[at + i] === word))
    if (found !== undefined) {
      say(terms, found.says)
      at += found.words.length
    } else {
      if (!FILLERS.has(words[at]!)) throw unknownWord(wholeWord(text, at))
      at++
    }
  }
  return terms
}

/** Adds what one phrase or flag says. @throws UsageError when something else was said of the same */
export function say(terms: Terms, says: Terms): void {
  for (const [dimension, value] of Object.entries(says) as [keyof Terms, string | undefined][]) {
    if (value === undefined) continue
    if (terms[dimension] !== undefined && terms[dimension] !== value) {
      throw new UsageError(`${terms[dimension]} and ${value}: ask about one ${dimension} at a time, or leave it out for all`)
    }
    terms[dimension] = value
  }
}

/** The word of a text as it was written, hyphens and all, that holds one of its parts. */
function wholeWord(text: string, part: number): string {
  const wholes = text.split(/\s+/).flatMap((whole) => split(whole).map(() => whole))
  return wholes[part]!
}

function unknownWord(word: string): UsageError {
  if (/^v?\d+(\.\d+)*$/.test(word)) {
    return new UsageError(`no kernel ${quote(word)} is modelled: name a release from ${RELEASES[0]} to ${RELEASES.at(-1)}`)
  }
  const known = [...new Set(PHRASES.filter(({ says }) => says.kernel === undefined).flatMap(({ words }) => words.join('-')))]
  return new UsageError(
    `unknown word ${quote(word)}; ${suggestion(word, known).replace(/, of .*/, '; faultline can-i lists the questions')}`,
  )
}
