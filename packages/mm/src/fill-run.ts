/**
 * One word for all entries of a run.
 * @module
 */

/** Entries for which calls of `fill` take less than stores one by one. */
export const SHORTEST_RUN = 32

/** Writes `word` to entries [at, end). */
export function fillRun(words: Int32Array, word: number, at: number, end: number): void {
  if (end - at >= SHORTEST_RUN) words.fill(word, at, end)
  else for (let next = at; next < end; next++) words[next] = word
}
