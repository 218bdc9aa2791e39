/**
 * Draws a vega-lite specification as SVG text, so that a page needs no script and no network.
 *
 * Import it lazily: the drawing library takes most of a second to load.
 * @module
 */
import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'

/** Readable on a light page and on a dark one. */
const INK = '#7a7a7a'

/** Colours of series. */
export const SERIES = ['#4c8bd6', '#e08a3c', '#4fae7b', '#b07cd0', '#d3b13f', '#5fb4bf', '#c9708f', '#8d8d8d', '#7a9e3a', '#a5765b']

/** Colours and fonts of every chart. */
const LOOK = {
  view: { stroke: null },
  axis: {
    labelColor: INK,
    titleColor: INK,
    gridColor: INK,
    gridOpacity: 0.25,
    domainColor: INK,
    tickColor: INK,
    labelFontSize: 11,
    labelLimit: 200,
  },
  legend: { labelColor: INK, titleColor: INK, labelFontSize: 11, labelLimit: 260 },
  header: { labelColor: INK, titleColor: INK },
  font: 'system-ui, sans-serif',
} as const

/** The chart as SVG text; the same specification gives the same text. */
export async function drawSvg(spec: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile({ background: 'transparent', ...spec, config: LOOK } as TopLevelSpec).spec), { renderer: 'none' })
  const svg = await view.toSVG()
  view.finalize()
  return svg
}
