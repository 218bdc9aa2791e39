import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { faultline } from '../test/run.ts'
import { withRuns } from '../test/with-runs.ts'

const PATH = fileURLToPath(new URL('../../../docs/races.md', import.meta.url))

test('docs/races.md shows real runs (after a change of the model: npx vitest run apps/bench/src/races-page.test.ts -u)', async () => {
  const text = await withRuns(readFileSync(PATH, 'utf8'))
  expect(text).toContain('```text\nunprotect-only: ')
  await expect(text).toMatchFileSnapshot(PATH)
}, 120_000)

test('a race says what it lost, in text and in JSON, and fails only when asked to', async () => {
  const args = ['race', 'unprotect-only', '--tlb', 'deferred,deferred-fixed']
  const { code, out } = await faultline(...args)
  expect([code, out]).toEqual([0, expect.stringContaining('What CPU 2 stored is not in p1, whatever follows: lost.')])
  expect(out).toContain('nothing here proves that it loses')
  const json = await faultline(...args, '--json', '-', '--fail-on-lost')
  expect(json.code).toBe(1)
  const { race, rows } = JSON.parse(json.out)
  expect([race.name, rows.map(({ name }: { name: string }) => name)]).toEqual(['unprotect-only', ['deferred', 'deferred-fixed']])
  expect(rows[0].found.shortest).toHaveLength(8)
  expect((await faultline('race', 'unprotect-only', '--tlb', 'deferred-fixed', '--fail-on-lost')).code).toBe(0)
})

test('designs race with the policies they have, and say what they cannot do', async () => {
  const { code, out } = await faultline('race', 'clear-soft-dirty', '--design', 'linux-5.7,linux-6.18-sd')
  expect([code, out]).toEqual([0, expect.stringContaining('linux-5.7: not supported: it has no soft-dirty bits')])
})

test.each([
  [['race'], 'which race? one of unprotect-only'],
  [['race', 'unprotect'], 'unknown race "unprotect"; did you mean unprotect-only?'],
  [['race', 'two-cpus', '--tlb', 'defered'], 'unknown TLB policy "defered"; did you mean deferred?'],
  [['race', 'two-cpus', '--design', 'linux-5.8'], 'unknown design "linux-5.8"; did you mean '],
  [['race', 'two-cpus', '--design', 'linux-5.7', '--tlb', 'batched'], 'leave out one'],
])('%j is refused', async (args, message) => {
  const { code, err } = await faultline(...args)
  expect([code, err]).toEqual([2, expect.stringContaining(message)])
})

test('the list names all races', async () => {
  const { code, out } = await faultline('race', '--list')
  expect(code).toBe(0)
  for (const name of ['unprotect-only', 'protect-unprotect', 'clear-soft-dirty', 'two-cpus', 'shared-memory']) expect(out).toContain(name)
})
