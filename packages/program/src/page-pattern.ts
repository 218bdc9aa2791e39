/**
 * What is expected of page states.
 * @module
 */
import { formatPageState, STATE_MARKER_GUARD, STATE_SOFT_DIRTY } from './page-state.ts'

/** So many pages, one after the other, are in this state: the whole of it, or the words it has and has not. */
export type PagePattern =
  | { readonly count: number; readonly state: string }
  /** Words as in {@link formatPageState}, or `soft-dirty`; with `!` before those that must be absent. */
  | { readonly count: number; readonly has: readonly string[] }

/** Every spelling of a page state. */
export const PAGE_STATES: readonly string[] = spellings()

/** The words a `has` pattern can ask for. */
export const STATE_WORDS: readonly string[] = [...new Set([...PAGE_STATES.flatMap((state) => state.split(' ')), 'soft-dirty'])]

function spellings(): string[] {
  const found = new Set<string>()
  // Above the marker bits stands one more bit, for special entries.
  for (let state = 0; state < STATE_MARKER_GUARD * 4; state++) found.add(formatPageState(state))
  return [...found]
}

/** Words of the states that were asked about: few occur, each in every other check of a page. */
const words = new Map<number, readonly string[]>()

/** The words of a state, `soft-dirty` among them. */
function wordsOf(state: number): readonly string[] {
  let found = words.get(state)
  if (found === undefined) {
    found = formatPageState(state).split(' ')
    if (state & STATE_SOFT_DIRTY) found = [...found, 'soft-dirty']
    words.set(state, found)
  }
  return found
}

/** Whether one page state is as the pattern has it. */
export function matchesPage(pattern: PagePattern, state: number): boolean {
  if ('state' in pattern) return formatPageState(state) === pattern.state
  const own = wordsOf(state)
  for (const word of pattern.has) if (word[0] === '!' ? own.includes(word.slice(1)) : !own.includes(word)) return false
  return true
}

/** Whether the states, in order, are as the patterns have them, none left over. */
export function matchesPages(patterns: readonly PagePattern[], states: readonly number[]): boolean {
  let at = 0
  for (const pattern of patterns) {
    for (let i = 0; i < pattern.count; i++, at++) if (at >= states.length || !matchesPage(pattern, states[at]!)) return false
  }
  return at === states.length
}

/** The shortest patterns that spell the states. */
export function patternsOf(states: readonly number[]): PagePattern[] {
  const patterns: { count: number; state: string }[] = []
  for (const bits of states) {
    const state = formatPageState(bits)
    const last = patterns.at(-1)
    if (last?.state === state) last.count++
    else patterns.push({ count: 1, state })
  }
  return patterns
}
