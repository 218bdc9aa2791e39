import { ExpressionError, instantiate, type Operation, type Outcome, parseProgram, runProgram, type System } from '@faultline/program'
import { expect, test } from 'vitest'
import { parseRecording, record, recordedSystem } from './index.ts'

/** A system that answers each operation with its number. */
const COUNTING: System = {
  name: 'counting',
  kind: 'linux',
  open() {
    let count = 0
    return { perform: (_operation: Operation): Outcome => ({ errno: 0, value: ++count }), close() {} }
  },
}

function instance(...lines: string[]) {
  return instantiate(parseProgram(['faultline-program 1', ...lines].join('\n')), undefined)
}

const PROGRAM = instance('name twice', '# comments are no operations', 'mmap A 1 anon rw', 'read A', 'read A')

test('a recording replays what was recorded', async () => {
  const recording = parseRecording(JSON.stringify(await record(COUNTING, PROGRAM)))
  expect(recording).toMatchObject({ name: 'twice', outcomes: [{ value: 1 }, { value: 2 }, { value: 3 }] })
  const system = recordedSystem([recording])
  expect(system.kind).toBe('recorded')
  const run = await runProgram(system, PROGRAM)
  expect(run.outcomes.map(({ value }) => value)).toEqual([undefined, 1, 2, 3])
})

test('programs that begin alike are told apart by what follows', async () => {
  const other = instance('mmap A 1 anon rw', 'write A 5')
  const system = recordedSystem([await record(COUNTING, PROGRAM), await record(COUNTING, other)])
  const run = await runProgram(system, other)
  expect(run.inexpressible).toBeUndefined()
  expect(run.outcomes).toHaveLength(2)
})

test('an operation that was not recorded is refused by name', async () => {
  const session = await recordedSystem([await record(COUNTING, PROGRAM)]).open()
  expect(() => session.perform({ op: 'status' })).toThrow(ExpressionError)
  expect(() => session.perform({ op: 'status' })).toThrow("'status' as operation 1")
})

test.each([
  ['{', 'no JSON'],
  ['{"format":"trace"}', 'no recording'],
  ['{"format":"faultline-recording","version":2}', 'unknown version 2'],
  ['{"format":"faultline-recording","version":1,"program":"faultline-program 1\\nstatus","outcomes":[]}', '0 outcomes for 1 operations'],
])('%s is refused', (text, problem) => {
  expect(() => parseRecording(text, 'it.json')).toThrow(`it.json: ${problem}`)
})
