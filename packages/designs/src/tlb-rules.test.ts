import type { ModelSession } from '@faultline/mm'
import type { Design, TlbPolicy } from '@faultline/mm-types'
import { instantiate, parseProgram } from '@faultline/program'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { randomProgram } from '../test/random-program.ts'
import { openProgram, SEED } from '../test/sessions.ts'
import { createModel, flushBatched, flushDeferred, flushPerPte, linux57, linux519, linux618, tlbPolicies } from './index.ts'

const PAGES = 16

function run(design: Design, lines: string): ModelSession {
  const session = createModel(design).open()
  for (const { operation } of instantiate(parseProgram(`faultline-program 1\n${lines}`)).steps) session.perform(operation)
  return session
}

const withTlb = (tlb: TlbPolicy): Design => ({ ...linux618, tlb })

const ARMED = `mmap A ${PAGES} anon rw
uffd u
register u A 0 ${PAGES} mode=wp
madvise A 0 ${PAGES} populate_write
`

test('a call over a range flushes once, or once an entry that it has changed', () => {
  const flushes = (tlb: TlbPolicy, line: string) => {
    const before = run(withTlb(tlb), ARMED).counters()
    const after = run(withTlb(tlb), `${ARMED}${line}`).counters()
    return [after.tlbFlushes - before.tlbFlushes, after.tlbFlushedPages - before.tlbFlushedPages]
  }
  const arm = `writeprotect u A 2 9 mode=wp`
  expect(flushes(flushPerPte, arm)).toEqual([9, 9])
  for (const tlb of [flushBatched, flushDeferred]) expect(flushes(tlb, arm)).toEqual([1, 9])
  expect(flushes(flushPerPte, `${arm}\nwriteprotect u A 0 5 mode=0`)).toEqual([14, 14])
  expect(flushes(flushBatched, `${arm}\nwriteprotect u A 0 5 mode=0`)).toEqual([2, 14])
})

test('what the end of a protection leaves writable: nothing, what was, or what may be', () => {
  const faults = tlbPolicies.map((tlb) => {
    const lines = `${ARMED}writeprotect u A 0 1 mode=wp\nwriteprotect u A 0 2 mode=0\n`
    const before = run(withTlb(tlb), lines).counters().faults
    return [tlb.unprotect, run(withTlb(tlb), `${lines}write A 1\nwrite A+1 1\nwrite A+2 1\n`).counters().faults - before]
  })
  const expected = { 'drops-write': 2, 'keeps-write': 1, 'restores-write': 0 }
  expect(faults).toEqual(tlbPolicies.map(({ unprotect }) => [unprotect, expected[unprotect]]))
  expect(new Set(tlbPolicies.map(({ unprotect }) => unprotect)).size).toBe(3)
})

test.each(tlbPolicies)('on one CPU $name answers as batched does', (tlb) => {
  fc.assert(
    fc.property(randomProgram(['anon', 'shmem-private']), (program) => {
      const one = openProgram({ ...linux519, tlb }, program)
      const other = openProgram({ ...linux519, tlb: flushBatched }, program)
      for (const operation of program.operations) expect(one.perform(operation)).toEqual(other.perform(operation))
    }),
    { numRuns: 12, seed: SEED },
  )
})

test('names are unique, and Linux 5.7 has the deferred flush', () => {
  expect(new Set(tlbPolicies.map(({ name }) => name)).size).toBe(tlbPolicies.length)
  expect(linux57.tlb).toMatchObject({ flushes: 'after-unlock', wpFaultFlushesIfPending: false })
})
