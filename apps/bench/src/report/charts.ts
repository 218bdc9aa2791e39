/**
 * Charts as SVG text, drawn here so that the page needs no script and no network.
 *
 * Import it lazily: the drawing library takes most of a second to load.
 * @module
 */
import { drawSvg, SERIES } from './draw.ts'
import type { Comparison, Row } from './schema.ts'
import { faultKinds, withIdeal, words } from './table.ts'

/** A drawn chart. */
export interface Chart {
  readonly title: string
  /** Empty when all figures are 0. */
  readonly svg: string
}

/** One bar, or a part of one. */
interface Bar {
  readonly design: string
  readonly part: string
  readonly value: number
}

const LOSSES = ['#d9534f', '#e88a5f', '#c2477f', '#a8663c', '#e0b13f', '#9b59b6', '#7a7a7a', '#bb3333']

/** The charts of a comparison. */
export async function drawCharts(comparison: Comparison): Promise<readonly Chart[]> {
  const rows = withIdeal(comparison)
  const labels = rows.map(labelOf)
  const served = rows.filter((row) => row.status === 'ok')
  const kinds = faultKinds(served)
  const one = (title: string, value: (row: (typeof served)[number]) => number) => ({
    title,
    colors: SERIES,
    bars: served.map((row) => ({ design: labelOf(row), part: title, value: value(row) })),
  })
  const charts = [
    { title: 'Writes lost, by what happened to the page', colors: LOSSES, bars: lossBars(served) },
    {
      title: 'Page faults, by kind',
      colors: SERIES,
      bars: served.flatMap((row) => kinds.map((kind) => ({ design: labelOf(row), part: words(kind), value: row.faults[kind] ?? 0 }))),
    },
    one('userfaultfd messages', (row) => row.messages),
    one('Spurious reports', (row) => row.spurious),
    one('Page-table KiB at the peak', (row) => row.pageTableBytes / 1024),
    one('Steps', (row) => row.steps),
  ]
  return Promise.all(charts.map(async ({ title, colors, bars }) => ({ title, svg: await draw(bars, labels, colors) })))
}

function labelOf(row: Row): string {
  return row.status === 'ok' ? row.design : `${row.design} (not supported)`
}

const NAMED_CAUSES = 6

/** The most frequent causes over all rows, and the others as one. */
function lossBars(served: readonly Extract<Row, { status: 'ok' }>[]): readonly Bar[] {
  const sums = new Map<string, number>()
  for (const [cause, lost] of served.flatMap((row) => Object.entries(row.lostByCause))) sums.set(cause, (sums.get(cause) ?? 0) + lost)
  const named = [...sums]
    .sort(([, a], [, b]) => b - a)
    .slice(0, NAMED_CAUSES)
    .map(([cause]) => cause)
  return served.flatMap((row) => {
    const bars = named.map((cause) => ({ design: labelOf(row), part: cause, value: row.lostByCause[cause] ?? 0 }))
    const others = row.lost - bars.reduce((sum, bar) => sum + bar.value, 0)
    return [...bars, { design: labelOf(row), part: 'otherwise', value: others }]
  })
}

async function draw(bars: readonly Bar[], designs: readonly string[], colors: readonly string[]): Promise<string> {
  const shown = bars.filter((bar) => bar.value > 0)
  if (shown.length === 0) return ''
  const parts = [...new Set(shown.map((bar) => bar.part))]
  return drawSvg({
    width: 330,
    height: { step: 20 },
    data: { values: shown },
    mark: { type: 'bar', tooltip: false, height: 13 },
    encoding: {
      y: { field: 'design', type: 'nominal', scale: { domain: [...designs] }, axis: { title: null, domain: false, ticks: false } },
      x: {
        field: 'value',
        type: 'quantitative',
        stack: 'zero',
        axis: { title: null, tickCount: 4, format: ',' },
        scale: { domainMin: 0 },
      },
      color: {
        field: 'part',
        type: 'nominal',
        scale: { domain: parts, range: colors.slice(0, parts.length) },
        legend: parts.length > 1 ? { title: null, orient: 'bottom', columns: 2 } : null,
      },
    },
  })
}
