import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Baseline, checkRatios, slowerThan, slowestOf } from './guard.ts'
import { measureRatios } from './guard-stage.ts'
import { SPEED_OPERATIONS } from './operations.ts'
import { ReferenceLoop } from './reference-loop.ts'

const BASELINE = JSON.parse(readFileSync(new URL('../../../../scripts/speed-baseline.json', import.meta.url), 'utf8')) as Baseline

test('a quarter slower passes, more does not; faster passes; what is no longer measured does not', () => {
  const baseline = { a: 100, b: 100, c: 100, d: 100 }
  expect(slowerThan(baseline, { a: 125, b: 126, c: 10, e: 1000 })).toEqual([
    { operation: 'b', baseline: 100, now: 126 },
    { operation: 'd', baseline: 100, now: Number.POSITIVE_INFINITY },
  ])
})

test('what is slower once is measured again, and fails when it is slower twice', () => {
  const answers = [
    { a: 160, b: 160 },
    { a: 100, b: 155 },
  ]
  let asked = 0
  expect(checkRatios({ a: 100, b: 100 }, () => answers[asked++])).toEqual({
    slower: [{ operation: 'b', baseline: 100, now: 155 }],
    last: { a: 100, b: 155 },
  })
  expect(asked).toBe(2)
  expect(checkRatios({ a: 200, b: 200 }, () => answers[0]).slower).toEqual([])
})

test('a baseline is the slowest of measurements', () => {
  expect(slowestOf([{ a: 1 }, { a: 9.8765 }, { a: 3 }])).toEqual({ a: 9.88 })
})

test('the baseline that is committed has a ratio of every operation that is measured', () => {
  const names = SPEED_OPERATIONS.map(({ name }) => name)
  const measured = Object.keys(measureRatios({ design: BASELINE.design, pages: 512, warmRounds: 1, rounds: 1 }))
  expect(Object.keys(BASELINE.ratios).sort()).toEqual(measured.sort())
  for (const [name, ratio] of Object.entries(BASELINE.ratios)) {
    expect(names).toContain(name)
    expect(ratio, name).toBeGreaterThan(0)
  }
})

test('the reference loop does the same each time, and what it answers depends on what it did before', () => {
  const [one, other] = [new ReferenceLoop(), new ReferenceLoop()]
  const first = one.run()
  expect([first, one.steps]).toEqual([other.run(), other.steps])
  expect(one.run()).not.toBe(first)
})
