import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { linux618 } from '@faultline/designs'
import { afterAll, expect, test } from 'vitest'
import { faultline } from '../../test/run.ts'
import type { Comparison, ServedRow } from '../report/schema.ts'
import { entryFile } from './entry.ts'

const STRANGERS = fileURLToPath(new URL('../../test/strangers', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'faultline-strangers-'))
afterAll(() => rmSync(folder, { recursive: true }))

const compare = (...args: string[]) =>
  faultline('compare', '--workload', 'dirty-tracking', '--trace', 'redis-bgsave-child', '--epochs', '2', '--json', '-', ...args)

async function rows(...args: string[]): Promise<ServedRow[]> {
  const { code, out, err } = await compare(...args)
  expect({ code, err: err.replace(/^.*on anon\n/gm, '') }).toMatchObject({ code: 0 })
  return (JSON.parse(out) as Comparison).rows as ServedRow[]
}

test('a third party stands in the comparison beside ours, with figures of its own', async () => {
  const [ours, theirs] = await rows('--designs', 'linux-6.4', '--with', join(STRANGERS, 'first-half.ts'))
  expect([ours!.design, theirs!.design]).toEqual(['linux-6.4', 'first-half'])
  expect(ours!.lost).toBe(0)
  expect(theirs!.lost).toBeGreaterThan(0)
})

test('--designs may name theirs, which then stand where they are named', async () => {
  const theirs = ['--with', join(STRANGERS, 'first-half.ts'), '--with', join(STRANGERS, 'several.ts')]
  const found = await rows('--designs', 'two,linux-6.4', ...theirs)
  expect(found.map(({ design }) => design)).toEqual(['two', 'linux-6.4', 'first-half', 'one'])
})

/** A design of JSON and functions, so that the module needs nothing else. */
function source(text: string): string {
  const functions: string[] = []
  const json = JSON.stringify(linux618, (_, value) => (typeof value === 'function' ? `@${functions.push(String(value)) - 1}@` : value))
  const literal = json.replace(/"@\d+@"/g, '() => 0')
  return `const whole = ${literal}\n${text}\n`
}

function module(name: string, text: string): string {
  const file = join(folder, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

const REFUSED: readonly (readonly [string, string, string])[] = [
  [
    'a name that is taken',
    `export const mine = whole`,
    'design mine ("linux-6.18"): name: Faultline has a design of this name; choose another',
  ],
  ['a name that no list can hold', `export const mine = { ...whole, name: 'a b' }`, 'name: expected one word without commas; found "a b"'],
  ['two of one name', `export const designs = [{ ...whole, name: 'x' }, { ...whole, name: 'x' }]`, 'design designs[1] ("x"): name: '],
  [
    'a seam that is missing',
    `export const mine = { ...whole, name: 'x', zap: undefined }`,
    'design mine ("x"): zap: expected a ZapPersistence; found nothing',
  ],
  [
    'a function that is none',
    `export const mine = { ...whole, name: 'x', arming: { ...whole.arming, file: { ...whole.arming.file, armNone: 3 } } }`,
    'design mine ("x"): arming.file.armNone: expected a function (lo, hi, from, to, context) => number; found 3',
  ],
  [
    'an unknown word',
    `export const mine = { ...whole, name: 'x', tracker: { ...whole.tracker, mechanism: 'magic' } }`,
    'tracker.mechanism: expected one of "uffd-wp-sync"',
  ],
  [
    'choices that exclude each other',
    `const file = { ...whole.arming.file, noneIsArmed: true }\nexport const mine = { ...whole, name: 'x', arming: { ...whole.arming, file } }`,
    'which has no NO_WP marker',
  ],
  [
    'no design',
    `export const policy = { name: 'x' }`,
    'no design among its exports (policy); export a Design, or a list of them as designs',
  ],
  ['no exports', ``, 'no design among its exports (nothing)'],
  ['a list that is none', `export const designs = whole`, 'its export designs must be a list of designs'],
  ['an empty list', `export const designs = []`, 'its list of designs is empty'],
  ['a list of something else', `export const designs = ['x']`, 'design designs[0]: expected a Design'],
  ['what does not parse', `export const = 3`, 'cannot be imported'],
  ['what throws', `throw new Error('not today')`, 'cannot be imported: not today'],
  [
    'a policy that fails while it runs',
    `export const mine = { ...whole, name: 'x', arming: { ...whole.arming, anon: { ...whole.arming.anon, wholeLevel() { throw new Error('oh') } }, anonUnpopulated: { ...whole.arming.anonUnpopulated, wholeLevel() { throw new Error('oh') } } } }`,
    'design "x" failed while it ran: oh (at ',
  ],
]

test.each(REFUSED)('%s is refused in one line that says what would be right', async (what, text, expected) => {
  const file = module(`${what.replaceAll(' ', '-')}.mjs`, source(text))
  const { code, out, err } = await compare('--designs', 'linux-6.18', '--with', file)
  const [last] = err.trimEnd().split('\n').slice(-1)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(last).toContain(`faultline: --with "${file}": `.slice(0, 60))
  expect(last).toContain(expected)
})

test('an unknown path and an unknown package are refused with what to do', async () => {
  expect(await compare('--with', './nowhere')).toMatchObject({
    code: 2,
    err: 'faultline: --with "./nowhere": there is no such file or folder\n',
  })
  const { code, err } = await compare('--with', 'no-such-package-here')
  expect(code).toBe(2)
  expect(err).toContain('install it, or write ./no-such-package-here')
})

test.each([
  [{ exports: './a.js' }, 'a.js'],
  [{ exports: { '.': './a.js' } }, 'a.js'],
  [{ exports: { '.': { types: './a.d.ts', default: './a.js' }, './b': './b.js' } }, 'a.js'],
  [{ exports: { require: './b.js', node: { import: './a.js' } } }, 'a.js'],
  [{ main: 'a.js' }, 'a.js'],
  [{}, 'index.js'],
])('the entry of a package is found as an import would: %j', (manifest, entry) => {
  const name = `package-${JSON.stringify(manifest).replace(/\W/g, '')}`
  module(`node_modules/${name}/${entry}`, '')
  module(`node_modules/${name}/package.json`, JSON.stringify(manifest))
  const expected = join(folder, 'node_modules', name, entry)
  expect(entryFile(name, join(folder, 'deep', 'er'))).toBe(expected)
  expect(entryFile(`./node_modules/${name}`, folder)).toBe(expected)
})

test('a package that is not built, or exports nothing, says so', () => {
  module('unbuilt/package.json', '{"exports":"./dist/index.js"}')
  expect(() => entryFile('./unbuilt', folder)).toThrow('its entry ./dist/index.js does not exist; build the package first')
  module('closed/package.json', '{"exports":{"./only":"./x.js"}}')
  expect(() => entryFile('./closed', folder)).toThrow('its package.json exports no "." for an import')
  mkdirSync(join(folder, 'bare'))
  expect(() => entryFile('./bare', folder)).toThrow('has no package.json; name a file in it')
})
