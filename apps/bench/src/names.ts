import { closest, distance } from 'fastest-levenshtein'
import { UsageError } from './errors.ts'

/**
 * The refusal of a name that is none of the legal ones: it names the nearest, and all of them when none is near.
 *
 * @param kind - what the name is of, such as `design`.
 */
export function unknownName(kind: string, word: string, legal: readonly string[]): UsageError {
  return new UsageError(`unknown ${kind} ${quote(word)}; ${suggestion(word, legal)}`)
}

/** `did you mean X?`, or the nearest and all others when it is not near: half its letters differ. */
export function suggestion(word: string, legal: readonly string[]): string {
  const lower = word.toLowerCase()
  const near = closest(lower, [...legal])
  const isNear = distance(lower, near) * 2 <= Math.max(lower.length, near.length)
  return isNear ? `did you mean ${near}?` : `the nearest is ${near}, of ${legal.join(', ')}`
}

/** The member of `legal` that a person named. @throws UsageError that names the nearest one. */
export function oneOf<T extends string>(kind: string, word: string, legal: readonly T[]): T {
  const found = legal.find((name) => name === word)
  if (found === undefined) throw unknownName(kind, word, legal)
  return found
}

/** A whole number within limits, written in decimal. @throws UsageError */
export function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= least && value <= most)) {
    throw new UsageError(`${flag} ${quote(text)}: expected a whole number from ${least} to ${most}`)
  }
  return value
}

/** A word of the command line in quotes, its control characters made visible. */
export function quote(word: string): string {
  return JSON.stringify(word.length > 80 ? `${word.slice(0, 80)}…` : word)
}
