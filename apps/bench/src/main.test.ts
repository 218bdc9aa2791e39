import { expect, test } from 'vitest'
import { faultline } from '../test/run.ts'

/** A refusal: exit code 2, one line on stderr, nothing on stdout. */
async function expectRefusal(args: readonly string[], line: string | RegExp): Promise<void> {
  const { code, out, err } = await faultline(...args)
  expect({ code, out, lines: err.split('\n').length }).toEqual({ code: 2, out: '', lines: 2 })
  expect(err).toMatch(line)
}

test('says its version', async () => {
  expect(await faultline('--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: '' })
})

const COMPARE = ['compare', '--workload', 'dirty-tracking']

test.each([
  [['compere'], 'unknown command "compere"; did you mean compare?'],
  [['xyzzy'], /unknown command "xyzzy"; the nearest is [\w-]+, of start, compare, /],
  [['--vresion'], 'unknown option "--vresion"'],
  [['designs', '--jsno'], 'unknown option of designs "--jsno"'],
  [[...COMPARE, '--memroy', 'anon'], 'unknown option of compare "--memroy"; did you mean --memory?'],
  [[...COMPARE, '--memroy=anon'], 'did you mean --memory?'],
  [['compare', '--workload', 'dirty-trakcing'], 'unknown workload "dirty-trakcing"; did you mean dirty-tracking?'],
  [[...COMPARE, '--designs', 'linux-5.7,linux-618'], 'unknown design "linux-618"; did you mean linux-6.18?'],
  [[...COMPARE, '--designs', ''], 'unknown design ""'],
  [[...COMPARE, '--memory', 'schmem'], 'unknown memory "schmem"; did you mean shmem?'],
  [[...COMPARE, '--seed', 'x'], '--seed "x": expected a whole number from 0 to'],
  [[...COMPARE, '--epochs', '0'], '--epochs "0": expected a whole number from 1 to'],
  [[...COMPARE, '--set', 'reclaim'], '--set "reclaim": expected name=value'],
  [[...COMPARE, '--set', 'reclam=1'], 'unknown option "reclam"; did you mean reclaim?'],
  [[...COMPARE, '--set', 'reclaim=2'], '--set "reclaim=2": expected a number from 0 to 1'],
  [[...COMPARE, '--trace', 'redis-sever'], 'there is no file and no bundled trace "redis-sever"; did you mean redis-server?'],
  [[...COMPARE, '--trace', 'uffd/bfs'], 'is a trace of format uffdtrace; a workload needs a pgtrace, such as redis-server'],
  [[...COMPARE, '--html', '-'], '--html "-": expected a file'],
  [[...COMPARE, '--json', 'a', '--html', 'a'], 'name the same file'],
  [[...COMPARE, '--json', '/nonexistent/a.json'], 'cannot write "/nonexistent/a.json": its directory does not exist'],
  [[...COMPARE, '--json'], "option '--json <file>' argument missing"],
  [[...COMPARE, 'superfluous'], 'too many arguments'],
  [['compare'], "required option '--workload <name>' not specified"],
  [['replay', 'uffd/bfs'], "required option '--design <name>' not specified"],
  [['replay', '--design', 'linux-6.18'], "missing required argument 'trace'"],
  [['replay', 'uffd/bfs', '--design', 'linux-618'], 'did you mean linux-6.18?'],
  [['replay', 'uffd/bfs', '--design', 'linux-6.18', '--memory', 'anon'], 'says itself that its memory is anon'],
  [['replay', 'wpsample/sort', '--design', 'linux-6.18'], 'is a trace of format wpsample'],
])('%j is refused in one line', async (args, line) => {
  await expectRefusal(args, line)
})

test('without a command the help is printed, as a mistake', async () => {
  const { code, out, err } = await faultline()
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain('Usage: faultline')
})

test('--help is an answer', async () => {
  const { code, out, err } = await faultline('compare', '--help')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toContain('--fail-on-lost')
})

test('exit codes are documented', async () => {
  const { out } = await faultline('--help')
  expect(out).toMatch(/0 done, 1 .*difference.*\n?.*2 bad input or usage, 3 this machine cannot do it/s)
})
