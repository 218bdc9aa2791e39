// Finds blocks of lines that stand in two places, whatever their indentation.

/** Lines that say nothing by themselves: blank, comments, brackets, imports. */
const EMPTY = /^(|\/\/.*|\/?\*.*|[\])}{[(;,]+|\}? ?else \{|import .*|export \* .*|\} from .*)$/

/** The lines of a file that say something, with their numbers; an import of several lines says nothing either. */
function lines(text) {
  const blanked = text.replace(/^import (type )?\{[^}]*\} from .*$/gm, (block) => block.replace(/[^\n]/g, ''))
  return blanked
    .split('\n')
    .map((line, i) => ({ number: i + 1, said: line.trim() }))
    .filter(({ said }) => !EMPTY.test(said))
}

/**
 * @param files `{ name, text }`
 * @param {number} least lines of a block
 * @returns the longest blocks, `{ lines, places }`; a block of a block is not named again
 */
export function duplicates(files, least) {
  const found = []
  const seen = new Map()
  const all = files.map(({ name, text }) => ({ name, list: lines(text) }))
  const covered = all.map(({ list }) => new Uint8Array(list.length))
  for (const [f, { list }] of all.entries()) {
    for (let i = 0; i + least <= list.length; i++) {
      const key = list
        .slice(i, i + least)
        .map(({ said }) => said)
        .join('\n')
      const before = seen.get(key)
      if (!before) {
        seen.set(key, { f, i })
        continue
      }
      if (covered[f][i] || (before.f === f && i - before.i < least)) continue
      const length = lengthOf(all[before.f].list, before.i, list, i)
      covered[f].fill(1, i, i + length)
      const place = ({ name, list: own }, at) => `${name}:${own[at].number}`
      found.push({ lines: length, places: [place(all[before.f], before.i), place(all[f], i)] })
    }
  }
  return found.sort((a, b) => b.lines - a.lines)
}

/** How many lines are the same from two places on. */
function lengthOf(a, i, b, j) {
  let length = 0
  while (i + length < a.length && j + length < b.length && a[i + length].said === b[j + length].said) length++
  return length
}
