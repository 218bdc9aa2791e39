import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as anon from '@faultline/backend-anon'
import * as hugetlb from '@faultline/backend-hugetlb'
import * as shmem from '@faultline/backend-shmem'
import * as mm from '@faultline/mm'
import * as types from '@faultline/mm-types'
import * as core from '@faultline/pagetable-core'
import * as khugepaged from '@faultline/policy-khugepaged'
import * as uffd from '@faultline/policy-uffd'
import * as program from '@faultline/program'
import * as swapEntry from '@faultline/swap-entry'
import ts from 'typescript'
import { expect, test } from 'vitest'
import * as designs from './index.ts'

const MODULES: Readonly<Record<string, object>> = {
  '@faultline/backend-anon': anon,
  '@faultline/backend-hugetlb': hugetlb,
  '@faultline/backend-shmem': shmem,
  '@faultline/designs': designs,
  '@faultline/mm': mm,
  '@faultline/mm-types': types,
  '@faultline/pagetable-core': core,
  '@faultline/policy-khugepaged': khugepaged,
  '@faultline/policy-uffd': uffd,
  '@faultline/program': program,
  '@faultline/swap-entry': swapEntry,
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new (
  ...parts: string[]
) => (...given: unknown[]) => Promise<void>

/** The `ts` blocks of a document. */
function examples(file: string): string[] {
  return [...readFileSync(`${ROOT}/${file}`, 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1])
}

/** Runs an example and answers what it printed, a line per console.log. */
async function printed(example: string): Promise<string[]> {
  const { outputText } = ts.transpileModule(example, { compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext } })
  const body = outputText
    .replace(/^import (\{[^}]*\}) from ('[^']*');?$/gm, (_, names, from) => `const ${names.replaceAll(' as ', ': ')} = modules[${from}]`)
    .replace(/^export \{\};?$/gm, '')
    .replace(/^export /gm, '')
  const lines: string[] = []
  const print = { log: (...values: unknown[]) => lines.push(values.map(String).join(' ')) }
  await new AsyncFunction('modules', 'console', body)(MODULES, print)
  return lines
}

const DOCUMENTS = [
  ...[
    'mm-types',
    'pagetable-core',
    'mm',
    'backend-anon',
    'backend-shmem',
    'backend-hugetlb',
    'policy-uffd',
    'policy-khugepaged',
    'designs',
  ].map((name) => `packages/${name}/README.md`),
  'docs/adding-a-policy.md',
  'docs/adding-an-architecture.md',
]

test.each(DOCUMENTS)('%s prints what it says', async (file) => {
  const all = examples(file)
  expect(all.length).toBeGreaterThan(0)
  for (const example of all) {
    const said = [...example.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map((match) => match[1])
    expect(said.length).toBeGreaterThan(0)
    expect(await printed(example)).toEqual(said)
  }
})
