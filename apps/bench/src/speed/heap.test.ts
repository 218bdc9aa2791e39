import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { HeapGrowth } from './heap.ts'

const BIN = fileURLToPath(new URL('../../bin/faultline.mjs', import.meta.url))
/** The smallest object has 16: one in sixteen operations would be seen. What a call allocates once is spread over its pages. */
const MOST_BYTES = 1

// In a process of its own: here every import is a property that is looked up, which takes ten times as long.
test('nothing is allocated per access, fault or pte in 10 million of them', () => {
  const { status, stdout } = spawnSync(process.execPath, [BIN, 'speed', '--serve-heap', 'linux-6.18'], { encoding: 'utf8' })
  expect(status).toBe(0)
  const { operations, bytes, planted } = JSON.parse(stdout) as HeapGrowth
  expect(planted, 'an object a page must be seen').toBeGreaterThan(MOST_BYTES)
  expect(operations).toBeGreaterThan(10e6)
  expect(Object.keys(bytes).length).toBeGreaterThan(10)
  expect(Object.entries(bytes).filter(([, each]) => !(each <= MOST_BYTES))).toEqual([])
}, 120_000)
