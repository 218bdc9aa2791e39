import { closest, distance } from 'fastest-levenshtein'

/** The legal word nearest to a misspelt one, in either case; `undefined` when none is near enough to be meant (half its letters differ). */
export function nearest(word: string, legal: readonly string[]): string | undefined {
  if (legal.length === 0) return undefined
  const lower = word.toLowerCase()
  const candidates = legal.map((item) => item.toLowerCase())
  const found = closest(lower, candidates)
  if (distance(lower, found) * 2 > Math.max(lower.length, found.length)) return undefined
  return legal[candidates.indexOf(found)]
}

/** What to write instead of a wrong word: the nearest legal one, or all of them. */
export function remedy(word: string, legal: readonly string[]): string {
  const near = nearest(word, legal)
  return near === undefined ? `one of: ${legal.join(' ')}` : `did you mean "${near}"?`
}
