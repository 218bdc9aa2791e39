import Table, { type HorizontalAlignment } from 'cli-table3'

/** One column of a printed table. */
export interface Column {
  readonly head: string
  readonly align?: HorizontalAlignment
  /** Characters, both gaps included; longer text is wrapped. As wide as needed when absent. */
  readonly width?: number
}

/** A cell: text, or text over several columns. */
export type Cell = string | { readonly content: string; readonly colSpan: number; readonly hAlign: HorizontalAlignment }

const RULE = '─'

/** Lines between rows there are none: one rule below the head, and colours only where a cell brings them. */
const CHARS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
}

/** Prints a table without escapes of its own, a newline after each line. */
export function printGrid(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const table = new Table({
    chars: CHARS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    colAligns: columns.map((column) => column.align ?? 'left'),
    colWidths: columns.map((column) => column.width ?? null),
    wordWrap: true,
  })
  table.push(columns.map((column) => column.head))
  for (const row of rows) table.push([...row])
  const lines = table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
  const width = Math.max(...lines.map((line) => line.length))
  const headHeight = Math.max(...columns.map((column) => column.head.split('\n').length))
  lines.splice(headHeight, 0, RULE.repeat(width))
  return `${lines.join('\n')}\n`
}

/** A count with its thousands apart: 1,234,567. */
export function count(value: number): string {
  return value.toLocaleString('en-US')
}
