import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildPackage, linkPackages, ROOT } from '../../test/linked.ts'
import { faultline } from '../../test/run.ts'
import type { Comparison } from '../report/schema.ts'
import { TEMPLATE_SEAMS, writePolicyPackage } from './package.ts'

const run = promisify(execFile)
const EXAMPLES = ['arming-by-population', 'collapse-by-age'] as const
let parent = ''

/** A package for each seam, and the examples, in one folder. */
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'faultline-new-policy-'))
  linkPackages(parent)
  for (const seam of TEMPLATE_SEAMS) buildPackage(writePolicyPackage(parent, `my-${seam}`, seam))
  for (const name of EXAMPLES) {
    for (const part of ['package.json', 'src']) cpSync(join(ROOT, 'examples', name, part), join(parent, name, part), { recursive: true })
    buildPackage(join(parent, name))
  }
})
afterAll(() => rmSync(parent, { recursive: true }))

const lines = (file: string) => readFileSync(join(parent, file), 'utf8').trimEnd().split('\n').length

test.each(TEMPLATE_SEAMS)('%s: at most 40 lines of policy and 10 of test, and a README', (seam) => {
  expect(lines(`my-${seam}/src/policy.ts`)).toBeLessThanOrEqual(40)
  expect(lines(`my-${seam}/src/policy.test.ts`)).toBeLessThanOrEqual(10)
  const text = ['README.md', 'package.json', 'src/policy.ts', 'src/policy.test.ts'].map((file) =>
    readFileSync(join(parent, `my-${seam}`, file), 'utf8'),
  )
  expect(text.join()).not.toMatch(/NAME|SEAM|FILE|BASE|workspace:/)
  const named = /mm-types\/(src\/[\w.-]+)/.exec(text[0]!)?.[1]
  expect(existsSync(join(ROOT, 'packages', 'mm-types', named!))).toBe(true)
})

test('all of them type-check, as strictly as their own tsconfig.json says', { timeout: 240_000 }, async () => {
  const own = JSON.parse(readFileSync(join(parent, 'my-arming', 'tsconfig.json'), 'utf8')) as { compilerOptions: object }
  const compilerOptions = {
    ...own.compilerOptions,
    ...{ noEmit: true, rootDir: undefined, outDir: undefined, declaration: false },
    // The sources of our packages, which are not built in a checkout.
    ...{ customConditions: ['@faultline/source'], allowImportingTsExtensions: true, resolveJsonModule: true },
  }
  writeFileSync(join(parent, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*/src'] }))
  const { stdout } = await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', parent, '--pretty', 'false']).catch(
    (error) => error as { stdout: string },
  )
  expect(stdout).toBe('')
})

describe('what is written works as it is', () => {
  test.each([...TEMPLATE_SEAMS.map((seam) => `my-${seam}`), ...EXAMPLES])(
    '%s passes the laws of its seam',
    { timeout: 240_000 },
    async (name) => {
      const node = [
        '--import',
        'tsx',
        '--conditions=@faultline/source',
        '--test',
        '--test-reporter=tap',
        join(parent, name, 'dist', 'policy.test.js'),
      ]
      const { stdout } = await run(process.execPath, node, { cwd: ROOT, env: { ...process.env, NODE_OPTIONS: '' } }).catch(
        (error) => error as { stdout: string },
      )
      expect(stdout).toMatch(/^# fail 0$/m)
      expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(3)
    },
  )

  test.each(TEMPLATE_SEAMS)('%s: its scripts ask about what it is built on, and about memory that it concerns', (seam) => {
    const { scripts } = JSON.parse(readFileSync(join(parent, `my-${seam}`, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
    const base = /--against (linux-[\d.]+)/.exec(scripts.verify!)?.[1]
    const policy = readFileSync(join(parent, `my-${seam}`, 'src', 'policy.ts'), 'utf8')
    expect(policy).toContain(`  ...${base!.replace(/[-.]/g, '')},`)
    expect(scripts.compare).toContain(seam === 'backend' ? '--memory shmem' : '--memory anon')
  })

  test('all of them show up in a comparison', { timeout: 240_000 }, async () => {
    const theirs = TEMPLATE_SEAMS.flatMap((seam) => ['--with', `./my-${seam}`])
    const bin = join(ROOT, 'apps', 'bench', 'bin', 'faultline.mjs')
    const what = [
      'compare',
      '--workload',
      'dirty-tracking',
      '--trace',
      'redis-bgsave-child',
      '--epochs',
      '2',
      '--json',
      '-',
      '--designs',
      'linux-6.18',
    ]
    const { stdout } = await run(process.execPath, [bin, ...what, ...theirs], { cwd: parent })
    const { rows } = JSON.parse(stdout) as Comparison
    expect(rows.map(({ design, lost }) => ({ design, lost }))).toEqual(
      ['linux-6.18', ...TEMPLATE_SEAMS.map((seam) => `my-${seam}`)].map((design) => ({ design, lost: 0 })),
    )
  })
})

describe('the README of an example says what a comparison gives', () => {
  test.each(EXAMPLES)('%s', { timeout: 240_000 }, async (name) => {
    const readme = readFileSync(join(ROOT, 'examples', name, 'README.md'), 'utf8')
    const words = /^npx faultline (compare .*)$/m.exec(readme)?.[1]?.split(' ') ?? []
    const table = [...readme.matchAll(/^\| (.*) \|$/gm)].map((line) => line[1]!.split('|').map((cell) => cell.trim()))
    const [columns, , ...said] = table
    const bin = join(ROOT, 'apps', 'bench', 'bin', 'faultline.mjs')
    const { stdout } = await run(process.execPath, [bin, ...words], { cwd: join(parent, name), maxBuffer: 2 ** 28 })
    const { rows } = JSON.parse(stdout) as Comparison
    expect(
      rows
        .map((row) => ({ ...row.counters, ...row }) as Record<string, unknown>)
        .map((row) => columns!.map((column) => String(row[column]))),
    ).toEqual(said)
  })
})

test.each([
  [['My_Policy', '--seam', 'arming'], 'cannot be the name of a package'],
  [['mine', '--seam', 'armign'], 'did you mean arming?'],
  [['src', '--seam', 'arming'], 'already'],
])('bad usage is one line: %j', async (args, expected) => {
  const before = process.cwd()
  process.chdir(join(ROOT, 'apps', 'bench'))
  const { code, err } = await faultline('new-policy', ...args).finally(() => process.chdir(before))
  expect({ code, lines: err.split('\n').length }).toEqual({ code: 2, lines: 2 })
  expect(err).toContain(expected)
})
