import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suiteFor } from '@faultline/conformance/kit'
import { createModel, linux618 } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import { instantiate, parseProgram } from '@faultline/program'
import { collapseByAge, design } from './policy.js'

suiteFor.collapse({ test, policy: () => collapseByAge(2) })

/** How many ranges each pass merges. */
function mergedByPass(of: Design, passes: number): number[] {
  const session = createModel(of).open()
  const lines = ['mmap A 512 anon rw', 'madvise A 0 512 populate_write', ...Array<string>(passes).fill('khugepaged A 0 512')]
  return instantiate(parseProgram(`faultline-program 1\n${lines.join('\n')}\n`))
    .steps.map(({ operation }) => {
      const before = session.counters().collapses ?? 0
      session.perform(operation)
      return (session.counters().collapses ?? 0) - before
    })
    .slice(-passes)
}

test('Linux merges at once, this policy after two passes that saw nothing new', () => {
  assert.deepEqual(mergedByPass(linux618, 3), [1, 0, 0])
  assert.deepEqual(mergedByPass(design, 3), [0, 0, 1])
})
