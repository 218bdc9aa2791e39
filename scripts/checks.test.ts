import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Runs a program text that imports from scripts/, and answers what it printed as JSON. */
function ask(text: string): unknown {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', text], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

describe('the links of the site', () => {
  let site: string
  beforeEach(() => {
    site = mkdtempSync(join(tmpdir(), 'faultline-site-'))
  })
  afterEach(() => rmSync(site, { recursive: true }))

  const check = (index: string) => {
    writeFileSync(join(site, 'index.html'), index)
    writeFileSync(join(site, 'other.html'), '<h1 id="here">there</h1>')
    const { stdout, status } = spawnSync(process.execPath, [script('site/check-links.mjs'), site], { encoding: 'utf8' })
    return { status, first: stdout.split('\n')[0] }
  }

  test('that lead somewhere pass', () => {
    const { status, first } = check('<p id="a"><a href="other.html#here">x</a> <a href="#a">y</a> <a href="https://example.org/z">z</a>')
    expect({ status, first }).toEqual({ status: 0, first: '2 pages, 2 links inside, 1 to other hosts (not followed), 0 broken' })
  })

  test.each([
    ['other.html#nowhere', 'the page has no such anchor'],
    ['missing.html', 'there is no such file'],
    ['#nowhere', 'the page has no such anchor'],
    ['../outside.html', 'leaves the site'],
  ])('to %s are broken', (link, problem) => {
    expect(check(`<a href="${link}">x</a>`)).toEqual({ status: 1, first: `index.html: ${link}: ${problem}` })
  })
})

describe('blocks that stand twice', () => {
  const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `call(${from + i})`).join('\n')
  const find = (...texts: string[]) =>
    ask(`import { duplicates } from ${JSON.stringify(script('house/duplicates.mjs'))}
console.log(JSON.stringify(duplicates(${JSON.stringify(texts.map((text, i) => ({ name: `f${i}`, text })))}, 5)))`)

  test('are found once, at their full length, whatever comments and indentation are between', () => {
    const other = lines(10, 18).replaceAll('\n', '\n  // why\n\n    ')
    expect(find(`${lines(0, 3)}\n${lines(10, 18)}`, `${other}\n${lines(30, 40)}`)).toEqual([{ lines: 8, places: ['f0:4', 'f1:1'] }])
  })

  test('below the least length are none, nor are imports', () => {
    const imports = "import {\n  a,\n  b,\n  c,\n  d,\n  e,\n} from 'x'\n"
    expect(find(`${imports}${lines(0, 4)}\nx`, `${imports}${lines(0, 4)}\ny`)).toEqual([])
  })
})

test('an example must print what its comments say, in their order', () => {
  const verdicts = ask(`import { contradiction } from ${JSON.stringify(script('release/readme-examples.mjs'))}
const said = ['1', '3']
console.log(JSON.stringify(['1\\n2\\n3\\n', '3\\n1\\n', ''].map((printed) => contradiction({ said }, printed) === undefined)))`)
  expect(verdicts).toEqual([true, false, false])
})

test('a package beyond its size budget, or without one, is found', () => {
  const problems = ask(`import { overBudget } from ${JSON.stringify(script('release/budget.mjs'))}
const budget = { a: { packed: 10, unpacked: 20 }, b: { packed: 10, unpacked: 20 }, gone: { packed: 1, unpacked: 1 } }
const tarballs = [['a', 10, 20], ['b', 11, 1], ['c', 1, 1]].map(([name, packed, unpacked]) => ({ name, packed, unpacked }))
console.log(JSON.stringify(overBudget(tarballs, budget).map((line) => line.slice(0, 20))))`)
  expect(problems).toEqual(['b: the tarball has 1', 'c has no size budget', 'the size budget name'])
})
