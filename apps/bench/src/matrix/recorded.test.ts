import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { createModel, linux57, linux618 } from '@faultline/designs'
import { describe, expect, test } from 'vitest'
import { MATRIX_MEMORY, runCell } from './cell.ts'
import { agrees } from './diff.ts'
import { type MatrixRow, parseMatrix } from './keys.ts'

/** Transitions of single pages recorded on Linux 6.18.44. */
const RECORDED = parseMatrix(
  gunzipSync(readFileSync(new URL('../../test/linux-matrix.tsv.gz', import.meta.url))).toString(),
  'linux-matrix.tsv.gz',
)

function differing(rows: readonly MatrixRow[], design = linux618): string[] {
  return rows
    .filter((row) => {
      const session = createModel(design).open()
      const agreed = agrees(row, runCell(session, row.config, MATRIX_MEMORY[row.memory]!, row.mode, row.state, row.operation))
      session.close()
      return !agreed
    })
    .map((row) => `line ${row.line}: ${row.config} ${row.memory} ${row.state} ${row.operation}`)
}

describe('linux-6.18 against the recording', () => {
  test.each(Object.keys(MATRIX_MEMORY))(
    '%s',
    (memory) => {
      const rows = RECORDED.rows.filter((row) => row.memory === memory)
      expect(rows.length).toBeGreaterThan(500)
      expect(differing(rows)).toEqual([])
    },
    60_000,
  )
})

test('another design differs', () => {
  const rows = RECORDED.rows.filter((row) => row.config === 'WP+UNPOP' && row.memory === 'anon' && row.state === 'marker_wp')
  expect(differing(rows, linux57).length).toBeGreaterThan(0)
})
