import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { designs } from '@faultline/designs'
import { bundledTraces, bundledTraceUrl, workloads } from '@faultline/workloads'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { faultline } from '../../test/run.ts'
import { type Comparison, comparisonSchema, type ServedRow } from '../report/schema.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'faultline-commands-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const inFolder = (name: string) => join(folder, name)

/** On the smallest bundled program unless told otherwise. */
async function compare(...args: string[]): Promise<Comparison> {
  const trace = args.includes('--trace') ? [] : ['--trace', 'redis-bgsave-child']
  const { code, out } = await faultline('compare', '--workload', 'dirty-tracking', ...trace, '--json', '-', ...args)
  expect(code).toBe(0)
  return comparisonSchema.parse(JSON.parse(out))
}

const row = (comparison: Comparison, design: string) => comparison.rows.find((known) => known.design === design) as ServedRow

test('the lists name all there is', async () => {
  for (const [command, names] of [
    ['designs', designs.map(({ name }) => name)],
    ['workloads', workloads.map(({ name }) => name)],
    ['traces', bundledTraces.map(({ name }) => name)],
  ] as const) {
    const { code, out } = await faultline(command)
    expect(code).toBe(0)
    for (const name of names) expect(out.split(/\s/)).toContain(name)
  }
})

test('on anon, what skips the empty loses first writes and what arms it loses none', async () => {
  const result = await compare('--designs', 'linux-5.7,wp-zeropage-v1,linux-6.4')
  expect(result.rows.map(({ design }) => design)).toEqual(['linux-5.7', 'wp-zeropage-v1', 'linux-6.4'])
  expect(row(result, 'linux-5.7').lost).toBeGreaterThan(0)
  expect(row(result, 'linux-5.7').lostByCause).toHaveProperty('unpopulated when armed')
  expect([row(result, 'wp-zeropage-v1').lost, row(result, 'linux-6.4').lost]).toEqual([0, 0])
  expect(row(result, 'linux-5.7').why).toContain('arming “skip” leaves what is not there unprotected')
})

test('on shmem, what keeps no marker loses and linux-5.7 has a row that says it cannot', async () => {
  const result = await compare('--memory', 'shmem', '--designs', 'linux-5.7,no-persistence,rfc-2021-01,hugh-swp-type,linux-5.19')
  expect(result.rows[0]).toMatchObject({ design: 'linux-5.7', status: 'unsupported', lost: null, steps: null })
  expect(result.rows[0].reason).toContain('shmem')
  expect(row(result, 'no-persistence').lost).toBeGreaterThan(0)
  expect(row(result, 'no-persistence').why).toContain('marker encoding “none”')
  const kept = ['rfc-2021-01', 'hugh-swp-type', 'linux-5.19'].map((name) => {
    const { design: _, why: __, ...figures } = row(result, name)
    return figures
  })
  expect(kept[0].lost).toBe(0)
  expect(kept[1]).toEqual(kept[0])
  expect(kept[2]).toEqual(kept[0])
})

test('a design is run once however often it is named, and all are meant by "all"', async () => {
  const twice = await compare('--designs', 'linux-6.4, linux-6.4,ideal')
  expect(twice.rows.map(({ design }) => design)).toEqual(['linux-6.4', 'ideal'])
  expect(twice.rows[1]).toEqual(twice.ideal)
  expect((await compare()).rows).toHaveLength(designs.length)
})

test('the same seed gives the same bytes, another seed other disturbances', async () => {
  const args = ['compare', '--workload', 'dirty-tracking', '--trace', 'redis-bgsave-child', '--designs', 'linux-6.18', '--json', '-']
  const [first, second, other] = [await faultline(...args), await faultline(...args), await faultline(...args, '--seed', '2')]
  expect(second.out).toBe(first.out)
  expect(other.out).not.toBe(first.out)
  expect(JSON.parse(first.out).rows[0].counters).not.toEqual(JSON.parse(other.out).rows[0].counters)
})

test('--epochs and --set reach the workload and are told in the answer', async () => {
  const result = await compare('--designs', 'linux-6.4', '--epochs', '3', '--set', 'reclaim=0.5')
  expect(row(result, 'linux-6.4').epochs).toBeLessThanOrEqual(3)
  expect(row(result, 'linux-6.4').epochs).toBeGreaterThan(1)
  expect(result.options.reclaim).toBe(0.5)
  const calm = await compare('--designs', 'linux-6.4', '--epochs', '3', '--set', 'reclaim=0')
  expect(row(result, 'linux-6.4').faults.swapIn).toBeGreaterThan(row(calm, 'linux-6.4').faults.swapIn)
})

test('files hold what stdout would', async () => {
  const args = ['compare', '--workload', 'live-snapshot', '--trace', 'redis-bgsave-child', '--designs', 'linux-5.7,linux-6.4']
  const { code, out, err } = await faultline(...args, '--json', inFolder('a.json'), '--html', inFolder('a.html'))
  expect(code).toBe(0)
  expect(out).toContain('live-snapshot on anon')
  expect(err).toContain(`wrote ${inFolder('a.json')}`)
  expect(readFileSync(inFolder('a.json'), 'utf8')).toBe((await faultline(...args, '--json', '-')).out)
  expect(readFileSync(inFolder('a.html'), 'utf8')).toContain('<svg')
  expect(readdirSync(folder).sort()).toEqual(['a.html', 'a.json'])
})

test('a lost write is no failure unless asked for', async () => {
  const args = ['compare', '--workload', 'dirty-tracking', '--trace', 'redis-bgsave-child']
  expect((await faultline(...args, '--designs', 'linux-5.7')).code).toBe(0)
  expect((await faultline(...args, '--designs', 'linux-5.7', '--fail-on-lost')).code).toBe(1)
  expect((await faultline(...args, '--designs', 'linux-6.4', '--fail-on-lost')).code).toBe(0)
})

test.each([
  ['empty', Buffer.alloc(0)],
  ['garbage', Buffer.from([0x13, 0x37, 0, 0xff, 0xfe, 10, 7, 27])],
  ['cut short', readFileSync(bundledTraceUrl('redis-bgsave-child')).subarray(0, 20_000)],
  ['of another version', gzipSync('#pgtrace 2\nr1\n')],
  ['a directory', undefined],
])('a trace that is %s is refused in one line and nothing is written', async (_, bytes) => {
  const trace = bytes === undefined ? folder : inFolder('trace')
  if (bytes !== undefined) writeFileSync(trace, bytes)
  const before = readdirSync(folder)
  const figures = ['--json', inFolder('a.json'), '--html', inFolder('a.html')]
  for (const args of [
    ['compare', '--workload', 'dirty-tracking', '--trace', trace, ...figures],
    ['replay', trace, '--design', 'linux-6.18', '--json', inFolder('a.json')],
  ]) {
    const { code, out, err } = await faultline(...args)
    expect({ code, out, lines: err.split('\n').length }).toEqual({ code: 2, out: '', lines: 2 })
    expect(err).toContain('; expected ')
  }
  expect(readdirSync(folder)).toEqual(before)
})

test('a well-formed trace that maps nothing at all is bad input, not a bug', async () => {
  writeFileSync(inFolder('odd.txt'), '#pgtrace 1\n#program none\nM1000 1 3 22 -\nw1000\nM2000 0 3 22 -\nE\n')
  const { code, out, err } = await faultline(
    'compare',
    '--workload',
    'dirty-tracking',
    '--designs',
    'linux-6.4',
    '--trace',
    inFolder('odd.txt'),
  )
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(/\nfaultline: mmap failed with EINVAL; the replay of a program needs it to succeed\n$/)
})

test('a recorded stream is explained message by message', async () => {
  const { code, out } = await faultline('replay', 'flushbuf', '--design', 'linux-6.18')
  expect(code).toBe(0)
  expect(out).toContain('All 2 messages are explained; every call gave what was recorded.')
})

test('a stream with a message that nothing accounts for is told, with its line, and exits with 1', async () => {
  const text = gunzipSync(readFileSync(bundledTraceUrl('flushbuf'))).toString()
  // The protection of page 1 is taken out of the recording, and a write-protect message for it is put in.
  writeFileSync(inFolder('wrong.uft'), text.replace('3 451 0 P 1\n', '3 451 0 F w 1\n').replace('FM=2', 'FM=2 Fw=1').replace('P=2', 'P=1'))
  const { code, out } = await faultline('replay', inFolder('wrong.uft'), '--design', 'linux-6.18')
  expect(out).toMatch(/unexplained +1 /)
  expect(out).toContain('line 16: write of a protected page')
  expect(code).toBe(1)
  const json = await faultline('replay', inFolder('wrong.uft'), '--design', 'linux-6.18', '--json', '-')
  expect(JSON.parse(json.out)).toMatchObject({ recordedMessages: 3, explained: 2, unexplained: 1 })
  expect(json.code).toBe(1)
})

test('a design that cannot replay a stream is bad usage', async () => {
  const { code, out, err } = await faultline('replay', 'umapsort-shmem-2t', '--design', 'linux-5.7')
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(/^faultline: linux-5.7 cannot replay this trace: /m)
})

test('a pgtrace replays to counters, with nobody tracking it', async () => {
  const { code, out } = await faultline('replay', 'redis-bgsave-child', '--design', 'linux-6.18', '--memory', 'shmem', '--json', '-')
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ format: 'faultline-replay 1', memory: 'shmem', messages: 0, lost: 0 })
  expect(JSON.parse(out).steps).toBeGreaterThan(0)
})
