// Follows every link inside the built site, anchors too: node scripts/site/check-links.mjs [folder]. Exit code 1 when one is broken.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const site = resolve(process.argv[2] ?? join(import.meta.dirname, '..', '..', 'site'))

/** Every HTML file below a folder. */
function pagesIn(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.html'))
    .map((name) => join(folder, name))
}

const ENTITIES = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" }
const decode = (text) => text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity])

/** Values of attributes of those names, code shown on the page left out: its angle brackets are entities. */
function attributes(html, names) {
  return [...html.matchAll(new RegExp(`<[a-zA-Z][^>]*?\\s(?:${names})="([^"]*)"`, 'g'))].map(([, value]) => decode(value))
}

const anchors = new Map()
/** The ids and names of a page. */
function anchorsOf(page) {
  if (!anchors.has(page)) {
    const html = readFileSync(page, 'utf8')
    anchors.set(page, new Set([...html.matchAll(/\s(?:id|name)="([^"]*)"/g)].map(([, value]) => decode(value))))
  }
  return anchors.get(page)
}

/** What is wrong with a link of a page, or undefined. */
function problemOf(page, link) {
  const [path, anchor] = link.split('#')
  let target = path === '' ? page : resolve(dirname(page), decodeURIComponent(path.split('?')[0]))
  if (target !== site && !target.startsWith(`${site}/`)) return 'leaves the site'
  if (existsSync(target) && statSync(target).isDirectory()) target = join(target, 'index.html')
  if (!existsSync(target)) return 'there is no such file'
  if (anchor === undefined || anchor === '' || !target.endsWith('.html')) return undefined
  return anchorsOf(target).has(decodeURIComponent(anchor)) ? undefined : 'the page has no such anchor'
}

let inside = 0
let outside = 0
let broken = 0
const pages = pagesIn(site)
for (const page of pages) {
  for (const link of attributes(readFileSync(page, 'utf8'), 'href|src')) {
    if (/^[a-z][a-z+.-]*:|^\/\//i.test(link)) {
      outside++
      continue
    }
    inside++
    const problem = problemOf(page, link)
    if (problem === undefined) continue
    broken++
    console.log(`${relative(site, page)}: ${link}: ${problem}`)
  }
}
console.log(`${pages.length} pages, ${inside} links inside, ${outside} to other hosts (not followed), ${broken} broken`)
process.exitCode = broken > 0 ? 1 : 0
