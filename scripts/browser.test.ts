import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { browserPackages, bundle, sourceOf } from './browser/bundle.ts'
import { work } from './browser/program.ts'

const BROWSERS = [process.env.FAULTLINE_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = BROWSERS.find((path) => path !== undefined && path !== '' && existsSync(path))
const QUIET = ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync']

const quoted = (path: string): string => JSON.stringify(path)

describe('packages in a browser', () => {
  test.each(browserPackages)('%s imports nothing of Node', async (name) => {
    const { code, builtins } = await bundle(`import * as all from ${quoted(sourceOf(name))}\nglobalThis.all = { ...all }`)
    expect(builtins).toEqual([])
    expect(code.length).toBeGreaterThan(100)
  })

  test('what imports a module of Node is found', async () => {
    const { builtins } = await bundle(`import * as all from ${quoted(sourceOf('linux'))}\nglobalThis.all = { ...all }`)
    expect(builtins.some((line) => line.startsWith('node:child_process in '))).toBe(true)
  })

  test('a program does in Chromium what it does in Node', async ({ skip }) => {
    if (executablePath === undefined) return skip('no Chromium: install one, or name it in FAULTLINE_CHROMIUM')
    const helper = fileURLToPath(new URL('browser/program.ts', import.meta.url))
    const { code } = await bundle(
      [
        ...browserPackages.map((name, i) => `import * as p${i} from ${quoted(sourceOf(name))}`),
        `import { work } from ${quoted(helper)}`,
        `globalThis.packages = [${browserPackages.map((_, i) => `{ ...p${i} }`).join(', ')}]`,
        `globalThis.answer = work(p${browserPackages.indexOf('program')}, p${browserPackages.indexOf('designs')})`,
      ].join('\n'),
    )
    const browser = await chromium.launch({ executablePath, args: QUIET })
    try {
      const page = await browser.newPage()
      const errors: Error[] = []
      page.on('pageerror', (error) => errors.push(error))
      await page.setContent('<!doctype html><title>packages</title>')
      await page.addScriptTag({ type: 'module', content: code })
      await page.waitForFunction('globalThis.answer !== undefined', undefined, { timeout: 20_000 })
      const answer = await page.evaluate('globalThis.answer')
      expect(errors).toEqual([])
      expect(answer).toEqual(await work(await import(sourceOf('program')), await import(sourceOf('designs'))))
    } finally {
      await browser.close()
    }
  }, 120_000)
})
