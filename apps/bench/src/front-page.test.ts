import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createColors } from 'picocolors'
import { expect, test } from 'vitest'
import { withRuns } from '../test/with-runs.ts'
import { createProgram } from './main.ts'

const ROOT = new URL('../../../', import.meta.url)
const PATH = fileURLToPath(new URL('README.md', ROOT))
const readme = readFileSync(PATH, 'utf8')

const output = { isTTY: false, write: () => undefined }
const program = createProgram({ terminal: { out: output, err: output, colors: createColors(false) }, exitCode: 0 })

test('the README shows a real run (after a change of the model: npx vitest run apps/bench -u)', async () => {
  const text = await withRuns(readme)
  expect(text).toContain('```text\ndirty-tracking on ')
  await expect(text).toMatchFileSnapshot(PATH)
})

test('every command is in the README, and every command in it exists', () => {
  const known = program.commands.map((command) => command.name())
  const listed = [...readme.matchAll(/^\| `faultline ([\w-]+)`/gm)].map(([, name]) => name)
  expect(listed.sort()).toEqual([...known].sort())
  for (const [, name] of readme.matchAll(/npx faultline ([\w-]+)/g)) expect(known).toContain(name)
})

test('every flag and every file that it names exists', () => {
  const flags = program.commands.flatMap((command) => command.options.map((option) => option.long))
  for (const [flag] of readme.matchAll(/(?<![-!])--[a-z][a-z-]*/g)) expect(flags).toContain(flag)
  for (const [, path] of readme.matchAll(/\]\(([^)#:]+)\)/g)) expect(existsSync(new URL(path, ROOT)), path).toBe(true)
})
