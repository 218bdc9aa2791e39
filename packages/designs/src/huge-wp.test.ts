import type { Design } from '@faultline/mm-types'
import { instantiate, parseProgram } from '@faultline/program'
import { Truth } from '@faultline/workloads'
import { describe, expect, test } from 'vitest'
import { failures } from '../test/scripts.ts'
import { createModel, hugeSplitWhenArmed, hugeWholePage, linux618 } from './index.ts'

const SYNC = 'uffd u features=wp_unpopulated'
const ASYNC = `${SYNC},wp_async`
/** One huge page, populated before it is watched, as it must be to be huge. */
const HUGE = 'mmap A 512 anon rw\nmadvise A 0 512 hugepage\nwrite A 1\nregister u A 0 512 mode=wp'
const SCAN = 'scan A 0 512 flags=3 mask=2 return=2 vec=9'
/** PAGE_IS_HUGE. */
const MAPPED_HUGE = 'scan A 0 512 mask=0x40 return=0x40 vec=9'
const ARM = 'writeprotect u A 0 512 mode=wp'

const ONE = '5x has +WP | has !+WP | 506x has +WP'

const after = (design: Design, uffd: string, ...lines: string[]) => failures([uffd, HUGE, ...lines].join('\n'), 'anon', design)

interface Row {
  readonly design: Design
  /** Whether a huge page is still mapped as one when it has been armed, and when a page of it was written then. */
  readonly hugeWhenArmed: boolean
  readonly hugeWhenWritten: boolean
  readonly written: string
  /** Pages that a scan reports after one write. */
  readonly reported: number
}

const ROWS: readonly Row[] = [
  { design: linux618, hugeWhenArmed: true, hugeWhenWritten: false, written: ONE, reported: 1 },
  { design: hugeSplitWhenArmed, hugeWhenArmed: false, hugeWhenWritten: false, written: ONE, reported: 1 },
  { design: hugeWholePage, hugeWhenArmed: true, hugeWhenWritten: true, written: '512x has !+WP', reported: 512 },
]

/** Pages of A that are mapped by a huge leaf after lines. */
function hugePages(design: Design, ...lines: string[]): number {
  const session = createModel(design).open()
  const { steps } = instantiate(parseProgram(`faultline-program 1\n${[ASYNC, HUGE, ...lines, MAPPED_HUGE].join('\n')}\n`))
  const outcomes = steps.map(({ operation }) => session.perform(operation))
  return (outcomes.at(-1)?.regions ?? []).reduce((sum, { start, end }) => sum + (end - start) / 4096, 0)
}

describe.each(ROWS.map((row) => ({ ...row, name: row.design.name })))(
  '$name',
  ({ design, hugeWhenArmed, hugeWhenWritten, written, reported }) => {
    test.each([ARM, SCAN])('after "%s" the page is whole or not, and so it is after one write', async (arms) => {
      expect(hugePages(design, arms)).toBe(hugeWhenArmed ? 512 : 0)
      expect(hugePages(design, arms, 'write A+5 2')).toBe(hugeWhenWritten ? 512 : 0)
      expect(await after(design, ASYNC, arms, 'expect A 0 512 512x has +WP', 'write A+5 2 => ok', `expect A 0 512 ${written}`)).toEqual([])
    })

    test('the judge counts a page that was reported with its neighbour as spurious', () => {
      const session = createModel(design).open()
      const program = `faultline-program 1\n${[ASYNC, HUGE, SCAN, 'write A+5 2', SCAN].join('\n')}\n`
      const outcomes = instantiate(parseProgram(program)).steps.map(({ operation }) => session.perform(operation))
      const first = session.bindings.region('A').vpn
      const truth = new Truth(1)
      truth.arm(first, 512, () => 0)
      truth.store(first + 5)
      for (const { start, end } of outcomes.at(-1)?.regions ?? []) truth.report(start / 4096, (end - start) / 4096)
      truth.judge()
      const { lost, spurious, pagesWritten } = truth.verdict()
      expect({ lost, spurious, pagesWritten }).toEqual({ lost: 0, spurious: reported - 1, pagesWritten: 1 })
    })

    test('with messages, it is the monitor that decides: a resolved part splits the page, the whole of it does not', async () => {
      const blocked = [ARM, 'write A+5 2 => blocked']
      expect(await after(design, SYNC, ...blocked, 'writeprotect u A 5 1 mode=0', 'expect A 4 3 has +WP | has !+WP | has +WP')).toEqual([])
      expect(hugePages(design, ARM, 'writeprotect u A 0 512 mode=0')).toBe(hugeWhenArmed ? 512 : 0)
      expect(await after(design, SYNC, ...blocked, 'writeprotect u A 0 512 mode=0', 'expect A 0 512 512x has !+WP')).toEqual([])
    })
  },
)
