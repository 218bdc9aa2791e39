import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suiteFor } from '@faultline/conformance/kit'
import { createModel } from '@faultline/designs'
import { instantiate, parseProgram } from '@faultline/program'
import { armingByPopulation, design } from './policy.js'

suiteFor.arming({ test, policy: () => armingByPopulation(1 / 4) })

/** Tables of ptes when 32 MiB are armed of which so many ranges of 2 MiB are populated. */
function tableBytes(populated: number): number {
  const writes = Array.from({ length: populated }, (_, range) => `write A+${range * 512} 1`)
  const lines = [
    'uffd u features=wp_unpopulated',
    'mmap A 8192 anon rw',
    ...writes,
    'register u A 0 8192 mode=wp',
    'writeprotect u A 0 8192 mode=wp',
  ]
  const session = createModel(design).open()
  for (const { operation } of instantiate(parseProgram(`faultline-program 1\n${lines.join('\n')}\n`)).steps) {
    assert.equal(session.perform(operation).errno, 0)
  }
  return session.tableBytes('main')
}

test('from a quarter of the neighbourhood on, every range gets a table', () => {
  const [few, quarter] = [tableBytes(3), tableBytes(4)]
  assert.equal((quarter - few) / 4096, 13)
})
