import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { HeapGrowth } from './heap.ts'

const BIN = fileURLToPath(new URL('../../bin/faultline.mjs', import.meta.url))
/** The smallest object has 16: one in sixteen operations would be seen. What a call allocates once is spread over its pages. */
const MOST_BYTES = 1
/** What stays in the model for each page, or is handed to a caller, is no waste: a reserved page is an element of a set, a message an object. */
const KEPT: Readonly<Record<string, number>> = {
  'fault of a hugetlb page': 64,
  'synchronous fault': 80,
  'synchronous fault in random order': 80,
}

// In a process of its own: here every import is a property that is looked up, which takes ten times as long.
test('nothing is allocated per access, fault or pte in 10 million of them', () => {
  const { status, stdout } = spawnSync(process.execPath, [BIN, 'speed', '--serve-heap', 'linux-6.18'], { encoding: 'utf8' })
  expect(status).toBe(0)
  const { operations, bytes, planted } = JSON.parse(stdout) as HeapGrowth
  expect(planted, 'an object a page must be seen').toBeGreaterThan(MOST_BYTES)
  expect(operations).toBeGreaterThan(10e6)
  expect(Object.keys(bytes)).toEqual(expect.arrayContaining(Object.keys(KEPT)))
  expect(Object.keys(bytes).length).toBeGreaterThan(15)
  expect(Object.entries(bytes).filter(([name, each]) => !(each <= (KEPT[name] ?? MOST_BYTES)))).toEqual([])
}, 120_000)
