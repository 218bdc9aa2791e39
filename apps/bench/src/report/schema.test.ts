import { expect, test } from 'vitest'
import { comparison } from '../../test/fixture.ts'
import { comparisonJson } from './json.ts'
import { comparisonSchema, jsonSchemaText } from './schema.ts'

test('the published schema is the one the code uses (after a change: npx vitest run apps/bench -u)', async () => {
  await expect(jsonSchemaText()).toMatchFileSnapshot('../../schema/compare.schema.json')
})

test('a comparison is valid, an unsupported row has nulls and no zeros', () => {
  const parsed = comparisonSchema.parse(JSON.parse(comparisonJson(comparison())))
  expect(parsed.rows[2]).toMatchObject({ design: 'old', status: 'unsupported', lost: null, steps: null, faults: null })
})

test.each([
  ['a figure that is missing', { steps: undefined }],
  ['a figure that is negative', { lost: -1 }],
  ['a zero in an unsupported row', { status: 'unsupported', reason: 'no' }],
  ['a field that is not in the schema', { durationMs: 3 }],
])('%s is refused', (_, change) => {
  const broken = comparison()
  const rows = [{ ...broken.rows[0], ...change }]
  expect(comparisonSchema.safeParse(JSON.parse(JSON.stringify({ ...broken, rows }))).success).toBe(false)
})

test('equal figures give equal bytes, in whatever order they were counted', () => {
  const [first, second] = [comparison(), comparison()]
  second.rows[0] = { ...second.rows[0], counters: { faults: 2, walks: 9 } } as (typeof second.rows)[0]
  expect(comparisonJson(second)).toBe(comparisonJson(first))
})
