/**
 * Experiments as one HTML page that stands alone.
 * @module
 */
import type { Table } from '@faultline/experiments'
import { escapeHtml, page } from '../report/page.ts'
import { plot } from './plot.ts'
import type { ExperimentReport } from './report.ts'
import { isFigures, knownText, valueText } from './text.ts'

/** The page. */
export async function experimentHtml(reports: readonly ExperimentReport[]): Promise<string> {
  const sections = await Promise.all(reports.map(section))
  const title = reports.length === 1 ? reports[0].title : 'Faultline: experiments'
  return page(title, 'Steps are counted work, not time.', sections.join('\n'))
}

async function section(report: ExperimentReport): Promise<string> {
  const drawn = await Promise.all(report.charts.map(plot))
  const figures = drawn.map(
    (svg, i) => `<figure><figcaption>${escapeHtml(report.charts[i].title)}</figcaption>${svg || '<p>none</p>'}</figure>`,
  )
  const links = report.argument.links.map(({ title, url }) => `<a href="${escapeHtml(url)}">${escapeHtml(title)}</a>`)
  return `<section>
<h2>${escapeHtml(report.question)}</h2>
<p>${escapeHtml(report.argument.text)} ${links.join(', ')}</p>
<p class="lead">${escapeHtml(`faultline experiment ${report.experiment} --seed ${report.seed}. ${knownText(report.known)}`)}</p>
${report.tables.map(table).join('\n')}
<div class="charts">
${figures.join('\n')}
</div>
<h3>What came out</h3>
${list(report.conclusions)}
<h3>What it proves</h3>
${list(report.proves)}
<h3>What it does not prove</h3>
${list(report.doesNotProve)}
</section>`
}

function list(sentences: readonly string[]): string {
  return `<ul>${sentences.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join('')}</ul>`
}

function table(table: Table): string {
  const head = table.columns.map(({ head }) => `<th scope="col">${escapeHtml(head)}</th>`).join('')
  const rows = table.rows.map((row) => {
    const cells = table.columns.map(({ key, isFault }) => {
      const value = row[key] ?? null
      const isBad = isFault === true && typeof value === 'number' && value > 0
      const style = isBad ? ' class="bad"' : isFigures(table, key) ? '' : ' class="none"'
      return `<td${style}>${escapeHtml(valueText(value))}</td>`
    })
    return `<tr>${cells.join('')}</tr>`
  })
  const note = table.note === undefined ? '' : `<p class="lead">${escapeHtml(table.note)}</p>`
  return `<h3>${escapeHtml(table.title)}</h3><div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>${note}`
}
