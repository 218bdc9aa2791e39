import { expect, test } from 'vitest'
import { parseUffdtrace } from './trace/uffdtrace.ts'
import { isEffect, overlaps, stateAfter, stateOfMessage, wakes } from './uffd-placement.ts'

/** The records of lines `THREAD DT OVERLAP OPERATION`. */
function records(...lines: string[]) {
  return parseUffdtrace(new TextEncoder().encode(`#uffdtrace 1\n#pagesize 4096\n${lines.join('\n')}\n`), 'test').records
}

test('a call overlaps those that ended after it began', () => {
  const [first, second, third] = records('0 0 0 C 1', '0 0 0 P 1', '1 0 1 K 1')
  expect([overlaps(second, third), overlaps(first, third)]).toEqual([true, false])
})

test('states follow the calls, and calls that would fail lead nowhere', () => {
  const effects = records('0 0 0 C 1', '0 0 0 K 1', '0 0 0 P 1', '0 0 0 N 1', '0 0 0 D 1', '0 0 0 H 1').filter(isEffect)
  const table = effects.map((effect) => (['absent', 'open', 'protected'] as const).map((state) => stateAfter(state, effect)))
  expect(table).toEqual([
    ['open', undefined, undefined],
    ['protected', undefined, undefined],
    ['absent', 'protected', 'protected'],
    ['absent', 'open', 'open'],
    ['absent', 'absent', 'absent'],
    ['absent', 'absent', 'absent'],
  ])
  expect(effects.map(wakes)).toEqual([true, true, false, true, false, false])
})

test('a message tells the state its page was in', () => {
  const faults = records('0 0 0 F m 1', '0 0 0 F M 1', '0 0 0 F w 1').filter((record) => record.kind === 'F')
  expect(faults.map(stateOfMessage)).toEqual(['absent', 'absent', 'protected'])
})
