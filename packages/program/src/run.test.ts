import { ENOENT } from '@faultline/mm-types'
import { describe, expect, test } from 'vitest'
import {
  ExpressionError,
  formatOutcome,
  instantiate,
  type Memory,
  type Operation,
  type Outcome,
  parseProgram,
  programOf,
  Regions,
  runProgram,
  STATE_EXCLUSIVE,
  STATE_PRESENT,
  STATE_SOFT_DIRTY,
  STATE_UFFD_WP,
  type System,
} from './index.ts'

const BASE = 0x40000000

/** A system that answers every operation by its name, and notes what it was asked and whether it was closed. */
function scripted(answers: Partial<Record<Operation['op'], Outcome | Error>>) {
  const log: string[] = []
  const system: System = {
    name: 'scripted',
    kind: 'recorded',
    open: () => ({
      perform(operation) {
        log.push(operation.op)
        const answer = answers[operation.op] ?? { errno: 0 }
        if (answer instanceof Error) throw answer
        return answer
      },
      close: () => void log.push('(closed)'),
    }),
  }
  return { system, log }
}

function run(lines: string, answers: Partial<Record<Operation['op'], Outcome | Error>>, memory?: Memory, strict = false) {
  return runProgram(scripted(answers).system, instantiate(parseProgram(`faultline-program 1\n${lines}`), memory), { strict })
}

describe('runProgram', () => {
  test('performs each step once, in order, and closes the session', async () => {
    const { system, log } = scripted({})
    const result = await runProgram(system, instantiate(programOf([{ op: 'comment', text: '' }, { op: 'swapoff' }, { op: 'status' }])))
    expect(log).toEqual(['swapoff', 'status', '(closed)'])
    expect(result).toMatchObject({ passed: true, failures: [], outcomes: [{ errno: 0 }, { errno: 0 }, { errno: 0 }] })
  })

  test('says which step went otherwise, what was expected and what came', async () => {
    const result = await run('read A\nread A+1 => value 7 => SIGBUS', { read: { errno: 0, value: 8 } })
    expect(result.passed).toBe(false)
    expect(result.failures).toEqual([{ step: 1, operation: 'read A+1', expected: 'value 7 or SIGBUS', got: 'value 8' }])
  })

  test('takes any of the alternatives', async () => {
    expect((await run('read A => SIGBUS => value 8', { read: { errno: 0, value: 8 } })).passed).toBe(true)
  })

  test('checks only what holds for the memory type', async () => {
    const program = 'munmap A 0 1 => @anon ENOENT => @shmem ok'
    const answers = { munmap: { errno: ENOENT } }
    expect((await run(program, answers, 'anon')).passed).toBe(true)
    expect((await run(program, answers, 'shmem')).failures).toMatchObject([{ expected: 'ok', got: 'ENOENT' }])
    expect((await run(program, answers, 'hugetlb')).passed).toBe(true)
  })

  test('when strict, a step without expectation must succeed', async () => {
    expect((await run('exit', { exit: { errno: ENOENT } }, undefined, false)).passed).toBe(true)
    expect((await run('exit', { exit: { errno: ENOENT } }, undefined, true)).failures).toMatchObject([{ expected: 'ok', got: 'ENOENT' }])
    expect((await run('read A', { read: { errno: 0, signal: 'SIGBUS' } }, undefined, true)).passed).toBe(false)
    expect((await run('read A', { read: { errno: 0, value: 3 } }, undefined, true)).passed).toBe(true)
  })

  test('ends at what the system cannot express, and says so', async () => {
    const error = new ExpressionError('old', 'arming', 'minor faults', 'use a newer design')
    const { system, log } = scripted({ exit: error })
    const result = await runProgram(system, instantiate(programOf([{ op: 'status' }, { op: 'exit' }, { op: 'swapoff' }])))
    expect(result).toMatchObject({ passed: false, outcomes: [{ errno: 0 }], inexpressible: { step: 1, operation: 'exit', error } })
    expect(log).toEqual(['status', 'exit', '(closed)'])
  })

  test('closes the session when the system itself fails', async () => {
    const { system, log } = scripted({ exit: new TypeError('broken') })
    await expect(runProgram(system, instantiate(programOf([{ op: 'exit' }])))).rejects.toThrow('broken')
    expect(log).toEqual(['exit', '(closed)'])
  })
})

describe('what is expected', () => {
  const outcome: Outcome = {
    errno: 0,
    address: BASE,
    value: 1,
    messages: [{ event: 'pagefault', address: BASE + 3 * 4096, flags: 3, state: STATE_PRESENT | STATE_UFFD_WP }],
    pages: [STATE_PRESENT | STATE_EXCLUSIVE | STATE_SOFT_DIRTY, 0, 0],
    regions: [{ start: BASE + 4096, end: BASE + 4 * 4096, categories: 2 }],
    walkEnd: BASE + 4 * 4096,
    finished: [{ thread: 'main.t1', outcome: { errno: 0, value: 9 } }],
  }
  // mmap answers with everything at once, so that each line below is judged against the same outcome.
  const judge = async (text: string): Promise<boolean> => (await run(`mmap A 4 anon rw => ${text}`, { mmap: outcome })).passed

  test.each([
    ['ok', 'ENOENT'],
    ['ok', 'blocked'],
    ['ok', 'livelock'],
    ['ok', 'SIGBUS'],
    ['value 1', 'value 2'],
    ['value 1', 'value 1 result 0'],
    ['walk-end A+4', 'walk-end A+3'],
    ['walk-end 0x40004000', 'walk-end 0x40003000'],
    ['message pagefault', 'message fork'],
    ['message pagefault A+3', 'message pagefault A+2'],
    ['message pagefault @+0x40003', 'message pagefault @+0x40002'],
    ['message pagefault A+3 flags=write,wp', 'message pagefault A+3 flags=wp'],
    ['message pagefault [present anon +WP]', 'message pagefault [present anon]'],
    ['message pagefault', 'no messages'],
    ['message pagefault', 'message pagefault; message pagefault'],
    ['message pagefault', 'message pagefault B'],
    ['pages present anon excl | 2x none', 'pages present anon excl | none'],
    ['pages present anon excl | 2x none', 'pages present anon excl | 3x none'],
    ['pages has excl soft-dirty | 2x has none !soft-dirty', 'pages has +WP | 2x none'],
    ['pages 3x has !+WP', 'pages 3x has !soft-dirty'],
    ['region A+1..A+4 written', 'region A+1..A+4 written,present'],
    ['region A+1..A+4 written', 'region A+1..A+3 written'],
    ['region A+1..A+4 written', 'no regions'],
    ['finished main.t1 value 9', 'finished main.t1 value 8'],
    ['finished main.t1 ok', 'finished main.t2 ok'],
    ['finished main.t1 ok', 'no finished'],
  ])('%s, not %s', async (right, wrong) => {
    expect(await judge(right)).toBe(true)
    expect(await judge(wrong)).toBe(false)
  })

  test('a livelock is not a wait', async () => {
    const answers = { madvise: { errno: 0, blocked: true, livelock: true } }
    expect((await run('madvise A 0 1 free => livelock', answers)).passed).toBe(true)
    expect((await run('madvise A 0 1 free => blocked', answers)).failures).toMatchObject([{ got: 'livelock' }])
  })

  test('an outcome prints as the expectation that it meets', async () => {
    const regions = new Regions()
    regions.note({ op: 'mmap', region: 'A', pages: 4, memory: 'anon', prot: 'rw' }, outcome)
    const text = formatOutcome(outcome, regions)
    expect(text).toBe(
      'value 1 walk-end A+4; message pagefault A+3 flags=write,wp [present anon +WP]; finished main.t1 value 9; ' +
        'pages present anon excl | 2x none; region A+1..A+4 written',
    )
    expect(await judge(text)).toBe(true)
    expect(await judge(formatOutcome(outcome))).toBe(true)
    expect(formatOutcome({ errno: 0 })).toBe('ok')
    expect(formatOutcome({ errno: 14, result: -17 })).toBe('EFAULT result -EEXIST')
  })
})

describe('Regions', () => {
  test('knows huge pages, what moved, and what is no longer mapped', () => {
    const regions = new Regions()
    const range = { at: { region: 'A', page: 0, byte: 0 }, pages: 2, bytes: 0 }
    regions.note({ op: 'mmap', region: 'A', pages: 2, memory: 'hugetlb', prot: 'rw' }, { errno: 0, address: BASE })
    expect(regions.placeOf(BASE + 0x200010)).toEqual({ region: 'A', page: 1, byte: 0x10 })
    regions.note({ op: 'mremap', range, newPages: 2, region: 'B', mayMove: true, dontUnmap: false }, { errno: 0, address: BASE + 0x400000 })
    expect(regions.addressOf({ region: 'B', page: 1, byte: 4 })).toBe(BASE + 0x600004)
    expect(regions.addressOf({ region: 'A', page: -1, byte: 0 })).toBe(BASE - 0x200000)
    expect(regions.placeOf(BASE + 0x800000)).toBeUndefined()
  })

  test('takes the start from a fixed mapping where the system reports none, and nothing from a failure', () => {
    const regions = new Regions()
    regions.note({ op: 'mmap', region: 'A', pages: 2, memory: 'anon', prot: 'rw', vpn: 0x100 }, { errno: 0 })
    regions.note({ op: 'mmap', region: 'B', pages: 2, memory: 'anon', prot: 'rw', at: { region: 'A', page: 1, byte: 0 } }, { errno: 0 })
    regions.note({ op: 'mmap', region: 'C', pages: 2, memory: 'anon', prot: 'rw', vpn: 0x101 }, { errno: 12 })
    expect(regions.placeOf(0x101000)).toEqual({ region: 'B', page: 0, byte: 0 })
    expect(regions.placeOf(0x101000, 'A')).toEqual({ region: 'A', page: 1, byte: 0 })
    expect(regions.addressOf({ region: 'C', page: 0, byte: 0 })).toBeUndefined()
  })
})

test('what a failed operation has not made ends the program as failed; what nothing makes is an error of the program', async () => {
  const refuses: System = {
    name: 'refuses',
    kind: 'model',
    open: () => ({
      perform(operation) {
        if (operation.op === 'mmap') return { errno: 12 }
        throw new ReferenceError("no region is called 'A' here")
      },
      close() {},
    }),
  }
  const program = (...lines: string[]) => instantiate(parseProgram(['faultline-program 1', ...lines].join('\n')))
  const run = await runProgram(refuses, program('mmap A 1 anon rw', 'read A'), { strict: true })
  expect(run).toMatchObject({
    passed: false,
    failures: [
      { step: 0, got: 'ENOMEM' },
      { step: 1, got: expect.stringContaining("'A'") },
    ],
  })
  await expect(runProgram(refuses, program('read A'), { strict: true })).rejects.toThrow(ReferenceError)
})
