import { type CollapsePolicy, SCAN_NEVER, VM_UFFD_MINOR, VM_UFFD_MISSING, VM_UFFD_WP } from '@faultline/mm-types'
import { expect, test } from 'vitest'
import { blind, never, perPte, perVma, retractAlways } from './index.ts'

const FLAGS = [0, VM_UFFD_MISSING, VM_UFFD_WP, VM_UFFD_MINOR, VM_UFFD_WP | VM_UFFD_MISSING]

test.each<[CollapsePolicy, boolean[], boolean[]]>([
  [never, [false, false, false, false, false], [false, false, false, false, false]],
  [perPte, [true, true, true, true, true], [true, true, false, true, false]],
  [perVma, [true, true, false, false, false], [true, true, false, false, false]],
  [blind, [true, true, true, true, true], [true, true, true, true, true]],
  [retractAlways, [true, true, true, true, true], [true, true, true, true, true]],
])('$name: vmas that it looks at, and whose tables may go', (policy, allows, retracts) => {
  expect(FLAGS.map((flags) => policy.vmaAllows(flags))).toEqual(allows)
  expect(FLAGS.map((flags) => policy.retracts(flags))).toEqual(retracts)
})

test('never merges nothing', () => {
  expect(never.scanPmd(new Int32Array(512), new Int32Array(512), 0, {} as never)).toBe(SCAN_NEVER)
})
