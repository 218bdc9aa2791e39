/**
 * The frame of every HTML page: it stands alone, without scripts and without the network.
 * @module
 */

const STYLE = `
:root { color-scheme: light dark; --ink: #1c1c1c; --soft: #6b6b6b; --line: #8884; --bad: #c0392b; --paper: #fff; --card: #f6f6f4 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e4; --soft: #a0a0a0; --bad: #ff7b6b; --paper: #17181a; --card: #1f2124 } }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper) }
h1 { font-size: 1.6rem; margin: 0 } h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem } p.lead { color: var(--soft); margin: .3rem 0 1rem }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .7rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }
th { vertical-align: bottom; white-space: pre-line; font-weight: 600 } th:first-child, td:first-child { text-align: left }
td.bad { color: var(--bad); font-weight: 600 } td.none { text-align: left; color: var(--soft) }
dl { margin: 1rem 0 } dt { font-weight: 600; margin-top: .5rem } dd { margin: 0; color: var(--soft) }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(30rem, 1fr)); gap: 1rem }
figure { margin: 0; padding: .8rem 1rem; background: var(--card); border-radius: .5rem; overflow-x: auto }
figcaption { font-weight: 600; margin-bottom: .4rem }
`

/** A whole page around `body`, which is HTML. */
export function page(title: string, lead: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p class="lead">${escapeHtml(lead)}</p>
${body}
</body>
</html>
`
}

/** Text as HTML shows it. */
export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return text.replace(/[&<>"']/g, (character) => entities[character])
}
