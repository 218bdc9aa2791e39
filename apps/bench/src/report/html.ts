import { drawCharts } from './charts.ts'
import { count } from './grid.ts'
import { escapeHtml, page } from './page.ts'
import type { Comparison, Row } from './schema.ts'
import { figuresOf, withIdeal } from './table.ts'

/** A page that stands alone: tables, sentences and charts, without scripts and without the network. */
export async function comparisonPage(title: string, comparisons: readonly Comparison[]): Promise<string> {
  const sections = await Promise.all(comparisons.map(section))
  const lead = 'Which design loses a write, and what does each cost? Steps are counted work, not time.'
  return page(title, lead, sections.join('\n'))
}

async function section(comparison: Comparison): Promise<string> {
  const rows = withIdeal(comparison)
  const charts = await drawCharts(comparison)
  const known = [...new Set(comparison.rows.map((row) => row.known))].join(', ')
  return `<section>
<h2>${escapeHtml(`${comparison.workload} on ${comparison.memory}`)}</h2>
<p class="lead">${escapeHtml(`Trace ${comparison.trace}, seed ${comparison.options.seed}. How these are known: ${known}.`)}</p>
${table(rows)}
<dl>${rows.map((row) => `<dt>${escapeHtml(row.design)}</dt><dd>${escapeHtml(row.why)}</dd>`).join('\n')}</dl>
<div class="charts">
${charts.map((chart) => `<figure><figcaption>${escapeHtml(chart.title)}</figcaption>${chart.svg === '' ? '<p>none</p>' : chart.svg}</figure>`).join('\n')}
</div>
</section>`
}

function table(rows: readonly Row[]): string {
  const figures = figuresOf(rows.filter((row) => row.status === 'ok'))
  const head = `<tr><th scope="col">design</th>${figures.map(({ head }) => `<th scope="col">${escapeHtml(head.trim())}</th>`).join('')}</tr>`
  const body = rows.map((row) => {
    const name = `<td>${escapeHtml(row.design)}</td>`
    if (row.status === 'unsupported') return `<tr>${name}<td class="none" colspan="${figures.length}">not supported, see below</td></tr>`
    const cells = figures.map(({ of, isFault }) => `<td${isFault && of(row) > 0 ? ' class="bad"' : ''}>${count(of(row))}</td>`)
    return `<tr>${name}${cells.join('')}</tr>`
  })
  return `<div class="wide"><table><thead>${head}</thead><tbody>${body.join('\n')}</tbody></table></div>`
}
