import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { listAnomalies, readersOfSwitch, renderLedger } from './fidelity-ledger.ts'
import { annotationsOf, collectAnnotations } from './fidelity-sources.ts'

const ROOT = join(import.meta.dirname, '..')
const layers = JSON.parse(readFileSync(join(import.meta.dirname, 'fidelity-layers.json'), 'utf8'))

test('docs/fidelity.md is what the annotations say', () => {
  const committed = readFileSync(join(ROOT, 'docs/fidelity.md'), 'utf8')
  expect(committed === renderLedger(ROOT, layers), 'docs/fidelity.md is stale: npm run fidelity writes it anew').toBe(true)
})

test('every switch of an anomaly is read by the code', () => {
  const switches = listAnomalies(ROOT).filter(({ key }) => key !== '')
  expect(switches.length).toBeGreaterThan(0)
  expect(switches.filter(({ key }) => readersOfSwitch(ROOT, key).length === 0)).toEqual([])
})

test('no function is absent and present at once', () => {
  const status = new Map<string, string>()
  for (const { file, name, status: is } of collectAnnotations(ROOT)) {
    const key = `${file} ${name}`
    expect([key, status.get(key) === undefined || (status.get(key) === 'absent') === (is === 'absent')]).toEqual([key, true])
    status.set(key, is)
  }
  expect(status.size).toBeGreaterThan(0)
})

describe('annotations', () => {
  test('functions of several files; what is simplified by name, the rest modelled', () => {
    const found = annotationsOf('x.ts', '@source v6.18 mm/a.c f(),\ng(); mm/b.c h()\n@fidelity simplified g(): one\nstep\n@module\n')
    expect(found.map(({ file, name, status, how }) => [file, name, status, how])).toEqual([
      ['mm/a.c', 'f', 'modelled', ''],
      ['mm/a.c', 'g', 'simplified', 'one step'],
      ['mm/b.c', 'h', 'modelled', ''],
    ])
  })

  test('a tag without names is for all functions of its comment', () => {
    const found = annotationsOf('x.ts', '@source mm/a.c f(), g()\n@fidelity absent: off\n')
    expect(found.map(({ status, how }) => `${status}: ${how}`)).toEqual(['absent: off', 'absent: off'])
  })

  test.each([
    ['@source mm/a.c f()\n@fidelity simplified\n', 'does not say how'],
    ['@source mm/a.c f()\n@fidelity partly: x\n', 'should be'],
    ['@source mm/a.c f()\n@fidelity simplified g(): x\n', 'g()'],
    ['@fidelity simplified: x\n', 'without a @source'],
  ])('%j is refused', (comment, message) => {
    expect(() => annotationsOf('x.ts', comment)).toThrow(message)
  })
})
