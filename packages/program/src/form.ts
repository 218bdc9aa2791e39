/**
 * The form of an operation: which values stand where in its line. Printer and parser both follow it, so they agree.
 * @module
 */
import type { Cursor } from './cursor.ts'
import type { Kind, WordKind } from './kinds.ts'
import { remedy } from './nearest.ts'

/** Values by field name, while a line is read or written. */
export type Fields = Record<string, unknown>

/** What follows the operation's word, in order. */
export type Slot<F extends string = string> = ValueSlot<F> | OptionSlot<F> | FlagSlot<F>

/** A value by its position. */
interface ValueSlot<F extends string> {
  readonly slot: 'value'
  readonly field: F
  readonly kind: Kind<unknown>
}

/** `key=value`. */
interface OptionSlot<F extends string> {
  readonly slot: 'option'
  readonly field: F
  readonly key: string
  readonly kind: WordKind<unknown>
  /** What a line without it means: an error, no field, or this value (which is then never printed). */
  readonly absent: 'error' | 'no field' | { readonly value: unknown }
}

/** A word that means true. Without it the field is false, or absent where `optional`. */
interface FlagSlot<F extends string> {
  readonly slot: 'flag'
  readonly field: F
  readonly key: string
  readonly optional: boolean
}

/** A value by its position. */
export function value<F extends string, T>(field: F, kind: Kind<T>): ValueSlot<F> {
  return { slot: 'value', field, kind: kind as Kind<unknown> }
}

/** `key=value`, which must be there. */
export function required<F extends string, T>(field: F, kind: WordKind<T>, key: string = field): OptionSlot<F> {
  return { slot: 'option', field, key, kind: kind as WordKind<unknown>, absent: 'error' }
}

/** `key=value`; the field is absent without it. */
export function optional<F extends string, T>(field: F, kind: WordKind<T>, key: string = field): OptionSlot<F> {
  return { slot: 'option', field, key, kind: kind as WordKind<unknown>, absent: 'no field' }
}

/** `key=value`, left out where it has its usual value. */
export function usually<F extends string, T>(field: F, kind: WordKind<T>, usual: T, key: string = field): OptionSlot<F> {
  return { slot: 'option', field, key, kind: kind as WordKind<unknown>, absent: { value: usual } }
}

/** A word that is there or not. */
export function flag<F extends string>(field: F, optionalField = false): FlagSlot<F> {
  return { slot: 'flag', field, key: field.toLowerCase(), optional: optionalField }
}

/** Spells fields, each slot in its place. */
export function printForm(slots: readonly Slot[], fields: Fields): string[] {
  const words: string[] = []
  for (const slot of slots) {
    const content = fields[slot.field]
    if (slot.slot === 'value') words.push(slot.kind.print(content))
    else if (slot.slot === 'flag') {
      if (content) words.push(slot.key)
      else if (content === false && slot.optional) words.push(`${slot.key}=no`)
    } else if (isPrinted(slot, content)) words.push(`${slot.key}=${slot.kind.print(content)}`)
  }
  return words
}

function isPrinted(slot: OptionSlot<string>, content: unknown): boolean {
  if (typeof slot.absent === 'object') return content !== slot.absent.value
  return slot.absent === 'error' || content !== undefined
}

/** Reads fields up to the end of the line, or up to a word that `isEnd`: positional ones first, then options in any order. */
export function parseForm(slots: readonly Slot[], cursor: Cursor, what: string, isEnd: (word: string) => boolean): Fields {
  const fields: Fields = {}
  for (const slot of slots) if (slot.slot === 'value') fields[slot.field] = slot.kind.parse(cursor)
  for (let token = cursor.peek(); token && !isEnd(token.text); token = cursor.peek()) parseOption(slots, cursor, what, fields)
  for (const slot of slots) {
    if (slot.slot === 'value' || slot.field in fields) continue
    if (slot.slot === 'flag') {
      if (!slot.optional) fields[slot.field] = false
    } else if (slot.absent === 'error') {
      throw cursor.error(cursor.peek(), `${what} needs ${slot.key}=`, `write ${slot.key}= and ${slot.kind.what}`)
    } else if (slot.absent !== 'no field') fields[slot.field] = slot.absent.value
  }
  return fields
}

function parseOption(slots: readonly Slot[], cursor: Cursor, what: string, fields: Fields): void {
  const token = cursor.next('an option')
  const equals = token.text.indexOf('=')
  const key = equals < 0 ? token.text : token.text.slice(0, equals)
  const options = slots.filter((slot) => slot.slot !== 'value')
  const slot = options.find((candidate) => candidate.key === key)
  if (slot === undefined) {
    const legal = options.map((candidate) => candidate.key)
    const advice = legal.length === 0 ? `${what} ends before it` : remedy(key, legal)
    throw cursor.error(token, `${what} has no "${key}"`, advice)
  }
  if (slot.field in fields) throw cursor.error(token, `"${key}" stands twice`, 'write it once')
  if (slot.slot === 'flag') {
    if (equals >= 0 && token.text !== `${key}=no`) throw cursor.error(token, `"${key}" takes no value`, `write ${key} alone`)
    fields[slot.field] = equals < 0
  } else if (equals < 0) throw cursor.error(token, `"${key}" has no value`, `write ${key}= and ${slot.kind.what}`)
  else fields[slot.field] = slot.kind.parseWord(token.text.slice(equals + 1), token, cursor, equals + 1)
}
