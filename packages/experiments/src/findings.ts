/**
 * What an experiment found: tables, charts and sentences as plain data, to be printed, drawn or written as JSON.
 * @module
 */
import type { DesignStatus } from '@faultline/mm-types'

/** A figure, a word, or nothing (printed as a dash). */
export type Value = number | string | null

/** A column of a table. */
export interface Column {
  /** Of a row. */
  readonly key: string
  /** As printed; a line break where it may be broken. */
  readonly head: string
  /** Figures above 0 are bad news: lost writes, spurious reports. */
  readonly isFault?: boolean
}

/** A table: one row a record, by the keys of its columns. */
export interface Table {
  readonly title: string
  readonly columns: readonly Column[]
  readonly rows: readonly Readonly<Record<string, Value>>[]
  /** Units, and where figures come from that were not obtained by this run. */
  readonly note?: string
}

/** One dimension of a chart. */
export interface Axis {
  /** Of a row. */
  readonly key: string
  readonly title: string
  /** Figures on a logarithmic scale; then they must be above 0. */
  readonly log?: boolean
  /** The axis has names, not figures, in this order. */
  readonly names?: readonly string[]
}

/**
 * A chart. Bars are drawn one under the other, `y` names them and `x` is their length; lines run over figures; `heat` has
 * names on both axes and a name or a figure as its colour.
 */
export interface Chart {
  readonly title: string
  readonly kind: 'bars' | 'lines' | 'heat'
  readonly x: Axis
  readonly y: Axis
  /** Tells the lines, the parts of a bar, or the fields apart. */
  readonly color?: Axis
  /** One small chart for each of its names. */
  readonly facet?: Axis
  readonly rows: readonly Readonly<Record<string, Value>>[]
}

/** What came out. Plain data: the same seed gives the same bytes of JSON. */
export interface Findings {
  readonly tables: readonly Table[]
  readonly charts: readonly Chart[]
  /** Sentences computed from the figures of this run. */
  readonly conclusions: readonly string[]
  /** How the results of each design that took part are known. */
  readonly known: Readonly<Record<string, DesignStatus>>
}

/** The `known` of findings. */
export function knownOf(designs: readonly { readonly name: string; readonly status: DesignStatus }[]): Findings['known'] {
  return Object.fromEntries(designs.map((design) => [design.name, design.status]))
}

/** A figure of a result; nothing where the design could not run. */
export function figure<R extends object>(result: R, of: (result: Exclude<R, { readonly unsupported: string }>) => Value): Value {
  return 'unsupported' in result ? null : of(result as Exclude<R, { readonly unsupported: string }>)
}

/** A count as sentences have it: 1,234,567. */
export function count(value: number): string {
  return value.toLocaleString('en-US')
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}`
}
