/**
 * Charts of experiments as SVG. Import it lazily: see `draw.ts`.
 * @module
 */
import type { Axis, Chart } from '@faultline/experiments'
import type { TopLevelSpec } from 'vega-lite'
import { drawSvg, SERIES } from '../report/draw.ts'

/** A chart as SVG text; empty when it has no rows. */
export async function plot(chart: Chart): Promise<string> {
  if (chart.rows.length === 0) return ''
  return drawSvg(chart.facet === undefined ? { ...unit(chart), ...data(chart) } : { ...faceted(chart, chart.facet), ...data(chart) })
}

function data(chart: Chart) {
  return { data: { values: chart.rows.map((row) => ({ ...row })) } }
}

function faceted(chart: Chart, facet: Axis): TopLevelSpec {
  const spec = unit(chart)
  return {
    facet: { field: facet.key, type: 'nominal', title: facet.title, sort: facet.names ? [...facet.names] : null },
    columns: 2,
    spec,
  } as TopLevelSpec
}

function unit(chart: Chart): TopLevelSpec {
  const small = chart.facet !== undefined
  const color = chart.color === undefined ? {} : { color: colorOf(chart.color, chart.kind) }
  const encoding = { x: axis(chart.x, chart.kind), y: axis(chart.y, chart.kind), ...color }
  switch (chart.kind) {
    case 'bars':
      return { width: small ? 260 : 520, height: { step: 20 }, mark: { type: 'bar', height: 13 }, encoding } as TopLevelSpec
    case 'lines':
      return { width: small ? 260 : 520, height: small ? 200 : 300, mark: { type: 'line', point: true }, encoding } as TopLevelSpec
    case 'heat':
      return { width: { step: 60 }, height: { step: 26 }, mark: 'rect', encoding } as TopLevelSpec
  }
}

function axis({ key, title, log, names }: Axis, kind: Chart['kind']) {
  if (names !== undefined) {
    return {
      field: key,
      type: 'nominal',
      scale: { domain: [...names] },
      sort: null,
      axis: { title: kind === 'bars' ? null : title, labelAngle: 0 },
    }
  }
  const scale = log ? { type: 'log' } : { zero: true }
  return {
    field: key,
    type: 'quantitative',
    scale,
    axis: { title, format: log ? '~s' : ',', tickCount: 5 },
    ...(kind === 'bars' ? { stack: 'zero' } : {}),
  }
}

function colorOf({ key, title, log, names }: Axis, kind: Chart['kind']) {
  const isFigure = kind === 'heat' && names === undefined
  if (isFigure) return { field: key, type: 'quantitative', title, scale: { scheme: 'blues', ...(log ? { type: 'log' } : {}) } }
  const scale = names === undefined ? { range: SERIES } : { domain: [...names], range: SERIES.slice(0, names.length) }
  return { field: key, type: 'nominal', title, scale, legend: { orient: 'bottom', columns: 4 } }
}
