/**
 * What happened to a page between its arming and its report: the reasons a result gives for a loss.
 *
 * A history is a small integer: how the page was when it was armed, and one bit for each kind of event since.
 * @module
 */
import { WHERE_ABSENT, WHERE_COLLAPSED, WHERE_RESIDENT, WHERE_SWAPPED, WHERE_UNMAPPED } from './shadow.ts'

/** Reclaimed. */
export const EVENT_SWAPPED = 0x8
/** Unmapped by MADV_DONTNEED or the like, its content kept in the file. */
export const EVENT_UNMAPPED = 0x10
/** khugepaged collapsed its 2 MiB. */
export const EVENT_COLLAPSED = 0x20
/** The process forked. */
export const EVENT_FORKED = 0x40
/** mprotect changed its rights. */
export const EVENT_PROTECTED = 0x80

const WHERE_BITS = 0x7

/** Shifts an event to the bit that says it came after the write. */
const AFTER_WRITE_SHIFT = 7

const WHEN_ARMED: Readonly<Record<number, string>> = {
  [WHERE_ABSENT]: 'unpopulated when armed',
  [WHERE_SWAPPED]: 'swapped out when armed',
  [WHERE_UNMAPPED]: 'unmapped when armed',
  [WHERE_RESIDENT | WHERE_COLLAPSED]: 'in a collapsed range when armed',
}

const EVENT_WORDS: readonly (readonly [number, string])[] = [
  [EVENT_SWAPPED, 'swapped out'],
  [EVENT_UNMAPPED, 'unmapped'],
  [EVENT_COLLAPSED, 'collapsed'],
  [EVENT_FORKED, 'forked'],
  [EVENT_PROTECTED, 'mprotected'],
]

/** The history of a page that is armed while it is WHERE_*. */
export function newHistory(where: number): number {
  return where & WHERE_BITS
}

/** A history with one more event, before or after the write. */
export function addEvent(history: number, event: number, isAfterWrite: boolean): number {
  return history | (isAfterWrite ? event << AFTER_WRITE_SHIFT : event)
}

/** All of a history, such as `unpopulated when armed, forked since`. */
export function historyWords(history: number): string {
  const parts: string[] = []
  const armed = whenArmed(history)
  if (armed !== undefined) parts.push(armed)
  const before = eventWords(history)
  if (before !== '') parts.push(`${before} after arming`)
  const after = eventWords(history >> AFTER_WRITE_SHIFT)
  if (after !== '') parts.push(`${after} after the write`)
  return parts.join(', ') || 'resident since armed'
}

/**
 * The one likeliest reason in a history: what kept the page from being armed in the first place, or else what happened
 * before the write, or else what happened after it.
 */
export function causeWords(history: number): string {
  const armed = whenArmed(history)
  if (armed !== undefined) return armed
  const before = eventWords(history)
  if (before !== '') return `${before} after arming`
  const after = eventWords(history >> AFTER_WRITE_SHIFT)
  return after === '' ? 'resident since armed' : `${after} after the write`
}

function whenArmed(history: number): string | undefined {
  return WHEN_ARMED[history & WHERE_BITS] ?? WHEN_ARMED[history & WHERE_BITS & ~WHERE_COLLAPSED]
}

function eventWords(events: number): string {
  return EVENT_WORDS.filter(([bit]) => (events & bit) !== 0)
    .map(([, words]) => words)
    .join(' and ')
}
