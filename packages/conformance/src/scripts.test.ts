import { readFileSync } from 'node:fs'
import { instantiate, parseProgram, printProgram } from '@faultline/program'
import { expect, test } from 'vitest'
import { listNotExpressible, listScripts } from './load-scripts.ts'
import { parseNotExpressible, parseScript } from './scripts.ts'
import { selftestsPage } from './selftests-page.ts'

const SUITES = [
  'guard-regions',
  'khugepaged',
  'pagemap_ioctl',
  'soft-dirty',
  'uffd-stress',
  'uffd-unit-tests',
  'uffd-wp-mremap',
  'cow',
  'hugepage-mremap',
  'hugetlb-madvise',
  'ksm_functional_tests',
  'madv_populate',
  'migration',
  'mkdirty',
  'mremap_test',
]

test('every suite has scripts, every script says what it shows and expects something', () => {
  const scripts = listScripts()
  expect([...new Set(scripts.map(({ suite }) => suite))].sort()).toEqual([...SUITES].sort())
  for (const { file, program } of scripts) {
    expect(program.name, file).toMatch(/\w+ \w+/)
    expect(program.steps.filter((step) => (step.expect?.length ?? 0) > 0).length, file).toBeGreaterThan(0)
  }
})

test('every script survives printing, and can be instantiated for each of its memory types', () => {
  for (const { file, program, memories } of listScripts()) {
    expect(parseProgram(printProgram(program), file)).toEqual(program)
    for (const memory of memories) expect(instantiate(program, memory).steps.length, file).toBeGreaterThan(1)
  }
})

test('every line applies to a memory type that the script is for', () => {
  for (const { file, program, memories } of listScripts()) {
    for (const { operation, memories: own = memories } of program.steps) {
      expect(
        own.some((memory) => memories.includes(memory)),
        `${file}: ${operation.op}`,
      ).toBe(true)
    }
  }
})

test('a case without a script has a reason, and is listed once', () => {
  const keys = listNotExpressible().map((entry) => `${entry.suite}/${entry.case}`)
  expect(new Set(keys).size).toBe(keys.length)
  for (const { why } of listNotExpressible()) expect(why.length).toBeGreaterThan(15)
})

test('wrong files are refused by name', () => {
  expect(() => parseScript('a/b.flt', 'faultline-program 1\nstatus\n')).toThrow('a/b.flt: the memory types are missing')
  expect(() => parseScript('b.flt', 'faultline-program 1\nmemory anon\nstatus\n')).toThrow('b.flt: a script is called SUITE/CASE.flt')
  expect(() => parseScript('a/b.flt', 'faultline-program 1\nmemory anon\nstatsu\n')).toThrow('a/b.flt')
  expect(() => parseNotExpressible('{"cases":[{"suite":"a","case":"b","memories":["disk"],"why":"no"}]}')).toThrow(
    '"disk" is no memory type',
  )
  expect(() => parseNotExpressible('{"cases":[{"suite":"a","case":"b","memories":[],"why":""}]}')).toThrow(
    'cases[0] needs suite, case and why',
  )
})

test('docs/selftests.md is current', () => {
  const page = readFileSync(new URL('../../../docs/selftests.md', import.meta.url), 'utf8')
  expect(page).toBe(selftestsPage(listScripts(), listNotExpressible()))
})
