import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { withRuns } from '../test/with-runs.ts'

const PATH = fileURLToPath(new URL('../../../docs/first-ten-minutes.md', import.meta.url))

test('the first ten minutes show real runs (after a change of the model: npx vitest run apps/bench/src/first-minutes-page.test.ts -u)', async () => {
  const text = await withRuns(readFileSync(PATH, 'utf8'))
  expect(text).toContain('```text\ndirty-tracking on shmem')
  await expect(text).toMatchFileSnapshot(PATH)
}, 60_000)
