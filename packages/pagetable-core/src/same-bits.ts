/**
 * Runs of words that are alike.
 * @module
 */
import type { Words } from '@faultline/mm-types'

/**
 * End of the words from `at` on that have the same bits as `word` under a mask. Eight at a time: of every load from a typed array, most is
 * to find where its words are, which one step of a loop needs once.
 */
export function sameBits(words: Words, at: number, end: number, word: number, mask: number): number {
  let next = at
  for (; next <= end - 8; next += 8) {
    const four = (words[next] ^ word) | (words[next + 1] ^ word) | (words[next + 2] ^ word) | (words[next + 3] ^ word)
    const more = (words[next + 4] ^ word) | (words[next + 5] ^ word) | (words[next + 6] ^ word) | (words[next + 7] ^ word)
    if (((four | more) & mask) !== 0) break
  }
  while (next < end && ((words[next] ^ word) & mask) === 0) next++
  return next
}
