import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { browserEntries, bundle, entries, FILE_READERS, LINUX_SOURCE } from './browser/bundle.ts'
import { ENTRIES, type Packages } from './browser/packages.ts'
import { work } from './browser/program.ts'

const BROWSERS = [process.env.FAULTLINE_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = BROWSERS.find((path) => path !== undefined && path !== '' && existsSync(path))
const QUIET = ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const TRACE = readFileSync(new URL('../packages/workloads/traces/redis-bgsave-child.pgt.bin.gz', import.meta.url))

/** What Node has everywhere without an import. */
const NODE_GLOBALS =
  /\b(?:setImmediate\(|Buffer\.(?:from|alloc)|process\.(?:env|argv|cwd|exit|hrtime|memoryUsage|nextTick|stdout|stderr)|__dirname\b)/

const quoted = (text: string): string => JSON.stringify(text)
const sourceOf = (entry: string): string => entries.get(entry)!

describe('packages in a browser', () => {
  test.each(browserEntries)('%s imports nothing of Node', async (name) => {
    const { code, builtins } = await bundle(`import * as all from ${quoted(sourceOf(name))}\nglobalThis.all = { ...all }`)
    expect(builtins).toEqual([])
    expect(code.match(NODE_GLOBALS)?.[0]).toBe(undefined)
    expect(code.length).toBeGreaterThan(100)
  })

  test.each([...FILE_READERS.map(sourceOf), LINUX_SOURCE])('%s imports modules of Node, which is found', async (source) => {
    const { builtins } = await bundle(`import * as all from ${quoted(source)}\nglobalThis.all = { ...all }`)
    expect(builtins.some((line) => /^node:(fs|child_process)\S* in /.test(line))).toBe(true)
  })

  test('what all of them do in Chromium is what they do in Node', async ({ skip }) => {
    if (executablePath === undefined) return skip('no Chromium: install one, or name it in FAULTLINE_CHROMIUM')
    const { code } = await bundle(scriptForAll())
    const browser = await chromium.launch({ executablePath, args: QUIET })
    try {
      const page = await browser.newPage()
      const errors: Error[] = []
      page.on('pageerror', (error) => errors.push(error))
      await page.setContent('<!doctype html><title>packages</title>')
      await page.addScriptTag({ type: 'module', content: code })
      await page.waitForFunction('globalThis.answer !== undefined', undefined, { timeout: 20_000 })
      const answer = (await page.evaluate('globalThis.answer')) as string[]
      expect(errors).toEqual([])
      expect(await page.evaluate('globalThis.packages.filter((each) => Object.keys(each).length > 0).length')).toBe(browserEntries.length)
      expect(answer).toEqual(await work(await packagesInNode(), TRACE))
      for (const part of [/^linux-6\.18 hugetlb: /, /^arming \S+: holds$/, /^unprotect-only: /, /^no-persistence: /]) {
        expect(answer.filter((line) => part.test(line)).length).toBeGreaterThan(0)
      }
    } finally {
      await browser.close()
    }
  }, 120_000)
})

/** One script that loads every entry and works with them. */
function scriptForAll(): string {
  const helper = fileURLToPath(new URL('browser/program.ts', import.meta.url))
  const named = Object.entries(ENTRIES).map(([short, entry]) => `${short}: p${browserEntries.indexOf(entry)}`)
  return [
    ...browserEntries.map((name, i) => `import * as p${i} from ${quoted(sourceOf(name))}`),
    `import { work } from ${quoted(helper)}`,
    `globalThis.packages = [${browserEntries.map((_, i) => `{ ...p${i} }`).join(', ')}]`,
    `const trace = Uint8Array.from(atob(${quoted(TRACE.toString('base64'))}), (letter) => letter.charCodeAt(0))`,
    `globalThis.answer = work({ ${named.join(', ')} }, trace)`,
  ].join('\n')
}

async function packagesInNode(): Promise<Packages> {
  const found = Object.entries(ENTRIES).map(async ([short, entry]) => [short, await import(sourceOf(entry))])
  return Object.fromEntries(await Promise.all(found)) as Packages
}
