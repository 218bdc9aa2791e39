import { expect, test } from 'vitest'
import {
  ExpressionError,
  instantiate,
  type Outcome,
  parseProgram,
  parseRecording,
  printRecording,
  type RecordedProgram,
  type Recording,
  recordedSystem,
  runProgram,
} from './index.ts'

function instance(...lines: string[]) {
  return instantiate(parseProgram(['faultline-program 1', ...lines].join('\n')))
}

/** A program and outcomes for its operations, in their order. */
function recorded(program: string, lines: readonly string[], outcomes: readonly Outcome[], ended?: string): RecordedProgram {
  const steps = instance(...lines).steps.map(({ operation }, index) => ({ operation, outcome: outcomes[index]! }))
  return { program, memory: 'anon', steps, ...(ended === undefined ? {} : { ended }) }
}

const TWICE = recorded(
  'twice.flt',
  ['mmap A 4 anon rw', 'pagemap A 0 4', 'read A', 'read A', 'pagemap A 0 4', 'write A 1', 'pagemap A 0 0'],
  [
    { errno: 0, address: 2 ** 40 },
    { errno: 0, pages: [0x21, 0x21, 0, 0x421] },
    { errno: 0, value: -1 },
    { errno: 0, value: 2 },
    { errno: 0, pages: [0x21, 0x21, 0, 0x421] },
    {
      errno: 0,
      messages: [{ event: 'pagefault', address: 2 ** 40, flags: 3, thread: 'main.main', state: 0x31 }],
      finished: [{ thread: 'main.t1', outcome: { errno: 14, pages: [] } }],
    },
    { errno: 0, pages: [] },
  ],
)
const OTHER = recorded('other.flt', ['mmap A 4 anon rw', 'write A 5'], [{ errno: 12 }, { errno: 0 }], 'no room')
const RECORDING: Recording = {
  kernel: '6.18.44',
  date: '2026-01-02T03:04:05.678Z',
  config: { CONFIG_KSM: 'y' },
  programs: [TWICE, OTHER],
}

test('a recording survives its text, and equal operations with equal outcomes are told once', () => {
  const text = printRecording(RECORDING)
  expect(parseRecording(text)).toEqual(RECORDING)
  const lines = text.split('\n')
  expect(lines[3]).toBe('["pagemap A 0 4",{"pages":"21*2 0 421"}]')
  expect(lines[6]).toBe('2')
  expect(printRecording(parseRecording(text))).toBe(text)
})

test('a recording replays what was recorded', async () => {
  const system = recordedSystem([RECORDING])
  expect(system).toMatchObject({ kind: 'recorded', name: 'linux-6.18.44 (recorded)' })
  const run = await runProgram(system, instance('mmap A 4 anon rw', '# no operation', 'pagemap A 0 4', 'read A', 'read A'))
  expect(run.outcomes.map(({ value }) => value)).toEqual([undefined, undefined, undefined, -1, 2])
})

test('programs that begin alike are told apart by what follows', async () => {
  const run = await runProgram(recordedSystem([RECORDING]), instance('mmap A 4 anon rw', 'write A 5'))
  expect(run.inexpressible).toBeUndefined()
  expect(run.outcomes).toHaveLength(2)
})

test('what was not recorded is refused by name, and what could not be performed with the reason', async () => {
  const session = await recordedSystem([RECORDING]).open()
  expect(() => session.perform({ op: 'status' })).toThrow(ExpressionError)
  expect(() => session.perform({ op: 'status' })).toThrow("'status' as operation 1")
  for (const { operation } of OTHER.steps) await session.perform(operation)
  expect(() => session.perform({ op: 'status' })).toThrow('not performed then: no room')
})

const HEAD = '{"format":"faultline-recording","version":1,"kernel":"6","date":"x"}'
test.each([
  ['{', 'it.jsonl:1: no JSON'],
  ['{"format":"trace"}', 'it.jsonl:1: no recording'],
  ['{"format":"faultline-recording","version":2}', 'it.jsonl:1: unknown version 2'],
  ['{"format":"faultline-recording","version":1}', 'it.jsonl:1: "kernel" or "date" is missing'],
  [`${HEAD}\n["status"]`, 'it.jsonl:2: an operation before the first program'],
  [`${HEAD}\n{"program":"a","memory":"disk"}`, 'it.jsonl:2: unknown memory type "disk"'],
  [`${HEAD}\n{"program":"a"}\n1`, 'it.jsonl:3: no operation 1 comes before'],
  [`${HEAD}\n{"program":"a"}\n["statsu"]`, 'did you mean "status"'],
  [`${HEAD}\n{"program":"a"}\n["status",{"pages":"21*"}]`, 'it.jsonl:3: "21*" is no state of pages'],
  [`${HEAD}\n{"program":"a"}\n["status",7]`, 'it.jsonl:3: an outcome is no object'],
  [`${HEAD}\n{"program":"a"}\n{"ended":"b"}\n["status"]`, 'it.jsonl:4: an operation after the end'],
  [`${HEAD}\n{"program":"a"}\n\n`, 'it.jsonl:3: no JSON'],
])('%s is refused', (text, problem) => {
  expect(() => parseRecording(text, 'it.jsonl')).toThrow(problem)
})
