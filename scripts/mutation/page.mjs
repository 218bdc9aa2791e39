// docs/mutation.md, from the reports of the last runs: which changes of a package its tests noticed, and why the others were not.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../release/workspace.mjs'
import { scoreOf, summary } from './summary.mjs'
import { EXPLAINED } from './survivors.mjs'
import { TARGETS } from './targets.mjs'

const HEAD = `# What the tests notice

One thing after the other is changed in the sources of a package (a comparison turned round, a condition always true, a block left out),
and its tests are run. A change that no test notices is a survivor: a hole in the tests, or a change that changes nothing. Written by
\`npm run mutation -- --page\` from the reports of the last runs; texts for people and data that is read when a module is loaded are not changed.

`

/** The files of a package that are changed: not tests, and not what only names others. */
function filesOf(name) {
  const folder = `packages/${name}/src`
  return readdirSync(join(ROOT, folder), { recursive: true })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !/(^|\/)index\.ts$/.test(file))
    .map((file) => `${folder}/${file}`)
    .filter((file) => !(TARGETS[name].leaveOut ?? []).includes(file))
    .sort()
}

const list = (files) => files.map((file) => `\`${file.split('/src/')[1]}\``).join(', ')

/** Of the files of a package: those not tried in the last run, and those that have been edited since. */
function standing(name, sources) {
  const files = filesOf(name)
  // What holds nothing that could be changed is in no report.
  const left = files.filter(
    (file) => !sources.has(file) && /[{(]/.test(readFileSync(join(ROOT, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '')),
  )
  const edited = files.filter((file) => sources.has(file) && sources.get(file) !== readFileSync(join(ROOT, file), 'utf8'))
  return { left, edited }
}

const keyOf = ({ file, was, became }) => `${file}\n${was}\n${became}`
const code = (text) => (text === '' ? '*nothing*' : `\`${text.replaceAll('|', '\\|').replaceAll('`', "'")}\``)

function explanations() {
  const known = new Map()
  for (const { why, file, changes } of EXPLAINED) {
    for (const [was, became] of changes) known.set(keyOf({ file, was, became }), why)
  }
  return known
}

/** Survivors of one package under why they survive, those without a reason first. */
function survivorsText(survivors) {
  const known = explanations()
  const groups = new Map([[undefined, []]])
  for (const each of survivors) {
    const why = known.get(keyOf(each))
    groups.set(why, [...(groups.get(why) ?? []), each])
  }
  return [...groups]
    .filter(([, members]) => members.length > 0)
    .map(([why, members]) => {
      const rows = members.map(
        ({ file, line, was, became, reached }) =>
          `| \`${file.split('/src/')[1]}:${line}\` | ${code(was)} | ${code(became)} |${reached ? '' : ' no test runs it'} |`,
      )
      return `**${why ?? 'Not looked into.'}**\n\n| where | was | became | |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`
    })
    .join('\n')
}

/** The page. @param {string} reports the folder with one report of stryker a package */
export function page(reports) {
  const rows = []
  const sections = []
  for (const name of Object.keys(TARGETS)) {
    const report = join(reports, `${name}.json`)
    if (!existsSync(report)) {
      rows.push(`| \`${name}\` | not run | | | | |`)
      continue
    }
    const { tried, noticed, survivors, sources } = summary(report)
    const { left, edited } = standing(name, sources)
    const explained = survivors.filter((each) => explanations().has(keyOf(each))).length
    rows.push(
      `| \`${name}\` | ${scoreOf({ tried, noticed }).toFixed(1)} % | ${tried} | ${survivors.length} | ${explained} | ${left.length === 0 ? 'all' : `all but ${left.length}`} |`,
    )
    const notes = [
      left.length > 0 ? `Not run: ${list(left)}.` : '',
      edited.length > 0 ? `Edited since its run: ${list(edited)}.` : '',
    ].filter(Boolean)
    sections.push(`## ${name}\n\n${notes.length > 0 ? `${notes.join(' ')}\n\n` : ''}${survivorsText(survivors)}`)
  }
  const table = `| package | noticed | changes tried | survivors | of these with a reason | files run |\n| --- | ---: | ---: | ---: | ---: | ---: |\n${rows.join('\n')}\n`
  return `${HEAD}${table}\n${sections.join('\n')}`
}
