import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { instantiate, MEMORY_TYPES, parseProgram, runProgram } from '@faultline/program'
import { expect, test } from 'vitest'
import { createModel, linux618 } from './index.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const text = (file: string) => readFileSync(`${ROOT}/${file}`, 'utf8')

test.each(['docs/architecture.md', 'docs/operation-language.md', 'docs/adding-a-policy.md'])('%s names files that exist', (file) => {
  const named = [...text(file).matchAll(/packages\/[\w./-]*[\w]/g)].map((match) => match[0])
  expect(named.length).toBeGreaterThan(0)
  expect(named.filter((path) => !existsSync(`${ROOT}/${path}`))).toEqual([])
})

test.each(MEMORY_TYPES)('the program of docs/operation-language.md does what it says on %s', async (memory) => {
  const program = text('docs/operation-language.md')
    .match(/^ {4}faultline-program 1\n(?: {4}.*\n)*/m)?.[0]
    .replace(/^ {4}/gm, '')
  const run = await runProgram(createModel(linux618), instantiate(parseProgram(program as string), memory))
  expect(run.failures).toEqual([])
})
