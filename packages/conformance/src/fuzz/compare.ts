/**
 * Compares what two systems did.
 * @module
 */
import { formatPageState, type Message, type Outcome, STATE_EXCLUSIVE, STATE_THP, STATE_ZERO } from '@faultline/program'

/** Kinds of difference that may be left out of a comparison. */
export const IGNORABLE = [
  'table-bytes',
  'exclusive',
  'thp',
  'zero',
  'message-state',
  'signal-code',
  'address',
  'features',
  'walk-end',
] as const
/** A kind of difference that may be left out of a comparison. */
export type Ignorable = (typeof IGNORABLE)[number]

/** One field of an outcome that is not the same. */
export interface FieldDifference {
  /** Name of the field, as in `Outcome`. */
  readonly field: string
  readonly a: string
  readonly b: string
}

/** @returns the first field of two outcomes that differs, apart from what is ignored; undefined when none does */
export function compareOutcomes(a: Outcome, b: Outcome, ignored: ReadonlySet<string>): FieldDifference | undefined {
  return (
    ending(a, b, ignored) ??
    messages(a.messages, b.messages, ignored) ??
    finished(a, b, ignored) ??
    pages(a.pages, b.pages, ignored) ??
    (ignored.has('table-bytes') ? undefined : field('bytes', a.bytes, b.bytes)) ??
    field('regions', JSON.stringify(a.regions), JSON.stringify(b.regions)) ??
    (ignored.has('walk-end') ? undefined : field('walkEnd', a.walkEnd, b.walkEnd))
  )
}

function field(name: string, a: unknown, b: unknown): FieldDifference | undefined {
  return a === b ? undefined : { field: name, a: String(a), b: String(b) }
}

function ending(a: Outcome, b: Outcome, ignored: ReadonlySet<string>): FieldDifference | undefined {
  return (
    field('errno', a.errno, b.errno) ??
    field('signal', a.signal, b.signal) ??
    field('blocked', waits(a), waits(b)) ??
    field('value', a.value, b.value) ??
    field('result', a.result, b.result) ??
    (ignored.has('signal-code') ? undefined : field('signalCode', a.signalCode, b.signalCode)) ??
    (ignored.has('features') ? undefined : field('features', a.features, b.features)) ??
    (ignored.has('address') ? undefined : field('address', a.address, b.address))
  )
}

function waits(outcome: Outcome): string {
  return outcome.livelock ? 'livelock' : outcome.blocked ? 'blocked' : 'no'
}

function messages(
  a: readonly Message[] | undefined,
  b: readonly Message[] | undefined,
  ignored: ReadonlySet<string>,
): FieldDifference | undefined {
  const [one, other] = [a ?? [], b ?? []].map((list) => list.map((message) => messageText(message, ignored)).join('; '))
  return field('messages', one, other)
}

function messageText({ event, flags, address, end, length, thread, state }: Message, ignored: ReadonlySet<string>): string {
  const seen = state === undefined || ignored.has('message-state') ? '' : ` [${formatPageState(state & visible(ignored))}]`
  return `${event} ${address.toString(16)} flags ${flags ?? 0} end ${end?.toString(16)} length ${length} thread ${thread}${seen}`
}

function finished(a: Outcome, b: Outcome, ignored: ReadonlySet<string>): FieldDifference | undefined {
  if (a.finished === undefined && b.finished === undefined) return undefined
  const byThread = ({ finished: list }: Outcome) => new Map((list ?? []).map(({ thread, outcome }) => [thread, outcome]))
  const [one, other] = [byThread(a), byThread(b)]
  const difference = field('finished', [...one.keys()].sort().join(' '), [...other.keys()].sort().join(' '))
  if (difference !== undefined) return difference
  for (const [thread, outcome] of one) {
    const inner = compareOutcomes(outcome, other.get(thread)!, ignored)
    if (inner !== undefined) return { ...inner, field: `finished.${inner.field}` }
  }
  return undefined
}

/** Bits of a page's state that are compared. */
function visible(ignored: ReadonlySet<string>): number {
  return ~((ignored.has('exclusive') ? STATE_EXCLUSIVE : 0) | (ignored.has('thp') ? STATE_THP : 0) | (ignored.has('zero') ? STATE_ZERO : 0))
}

function pages(
  a: readonly number[] | undefined,
  b: readonly number[] | undefined,
  ignored: ReadonlySet<string>,
): FieldDifference | undefined {
  if (a === b) return undefined
  const [one, other] = [a ?? [], b ?? []]
  if (one.length !== other.length) return field('pages.length', one.length, other.length)
  const mask = visible(ignored)
  const at = one.findIndex((state, page) => ((state ^ other[page]!) & mask) !== 0)
  if (at < 0) return undefined
  const spell = (state: number): string => `page ${at}: ${formatPageState(state & mask)} (${state.toString(16)})`
  return { field: 'pages', a: spell(one[at]!), b: spell(other[at]!) }
}
