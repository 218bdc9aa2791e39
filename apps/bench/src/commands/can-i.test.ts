import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { QUESTIONS } from '@faultline/conformance'
import { linuxRelease, RELEASES } from '@faultline/designs'
import { expect, test } from 'vitest'
import { faultline } from '../../test/run.ts'
import { type Answer, Answers, MEMORIES } from '../can-i/answer.ts'
import { ASKERS } from '../can-i/askers.ts'
import { openLive } from '../can-i/live.ts'
import { parseTerms } from '../can-i/terms.ts'

const PAGE = fileURLToPath(new URL('../../../../docs/can-i.md', import.meta.url))
const answers = new Answers()
const questionOf = (name: string) => QUESTIONS.find((question) => question.name === name)!
const whoOf = (name: string) => ASKERS.find((who) => who.name === name)!

function canI(question: string, memory: string, kernel: string, who = 'root', asked = answers, history = true): Promise<Answer> {
  return asked.of({ question: questionOf(question), memory, release: kernel, who: whoOf(who) }, history)
}

/** What is known of Linux's history, from its releases' notes and headers. */
test.each([
  ['write-protect', 'hugetlb-private', '6.1', 'root', true, []],
  ['write-protect', 'hugetlb-private', '6.1', 'unprivileged', true, ['UFFD_USER_MODE_ONLY']],
  ['write-protect', 'anon', '5.7', 'root', true, []],
  ['write-protect', 'shmem', '5.7', 'root', false, []],
  ['write-protect', 'shmem', '5.18', 'root', false, []],
  ['write-protect', 'shmem', '5.19', 'root', true, []],
  ['write-protect-unpopulated', 'anon', '6.1', 'root', false, []],
  ['write-protect-unpopulated', 'anon', '6.4', 'root', true, ['UFFD_FEATURE_WP_UNPOPULATED']],
  ['write-protect-unpopulated', 'shmem', '6.1', 'root', true, []],
  ['wp-async', 'anon', '6.6', 'root', false, []],
  ['wp-async', 'hugetlb', '6.7', 'root', true, ['UFFD_FEATURE_WP_ASYNC']],
  ['wp-async', 'file', '6.7', 'root', true, ['UFFD_FEATURE_WP_ASYNC']],
  ['write-protect', 'file', '6.18', 'root', false, []],
  ['move', 'anon', '6.7', 'root', false, []],
  ['move', 'anon', '6.8', 'root', true, []],
  ['move', 'anon-thp', '6.8', 'root', true, []],
  ['move', 'shmem', '6.18', 'root', false, []],
  ['minor', 'hugetlb', '5.13', 'root', true, []],
  ['minor', 'shmem', '5.13', 'root', false, []],
  ['minor', 'shmem', '5.14', 'root', true, []],
  ['poison', 'shmem', '6.5', 'root', false, []],
  ['poison', 'shmem', '6.6', 'root', true, []],
  ['guard', 'anon', '6.12', 'root', false, []],
  ['guard', 'anon', '6.13', 'root', true, []],
  ['guard', 'shmem', '6.14', 'root', false, []],
  ['guard', 'shmem', '6.15', 'root', true, []],
  ['event-remap', 'hugetlb', '5.15', 'root', false, []],
  ['event-fork', 'anon', '6.18', 'sysctl-1', false, []],
  ['soft-dirty', 'anon', '6.18', 'unprivileged', true, ['CONFIG_MEM_SOFT_DIRTY']],
  ['soft-dirty', 'hugetlb', '6.18', 'root', false, []],
  ['missing', 'anon', '5.10', 'unprivileged', true, []],
  ['missing', 'anon', '5.10', 'sysctl-0', false, []],
  ['missing', 'anon', '5.11', 'unprivileged', true, ['UFFD_USER_MODE_ONLY']],
  ['missing', 'anon', '5.11', 'sysctl-1', true, []],
  ['kernel-faults', 'anon', '6.12', 'unprivileged', false, []],
  ['kernel-faults', 'anon', '6.12', 'device-user', true, ['/dev/userfaultfd']],
  ['device', 'anon', '6.0', 'device-user', false, []],
  ['device', 'anon', '6.1', 'device-user', true, []],
])('%s of %s on %s as %s: %s', async (question, memory, kernel, who, can, needs) => {
  const answer = await canI(question, memory, kernel, who)
  expect(answer.can).toBe(can)
  if (can) expect(answer.needs).toEqual(needs)
  else expect(answer.refusals.length).toBeGreaterThan(0)
  expect(answer.sources.length).toBeGreaterThan(0)
  expect(answer.decidedBy).toMatch(/\.[ch] \w+\(\)/)
})

test('an answer says since when, until when, and where it comes from', async () => {
  const wp = await canI('write-protect', 'shmem', '6.1')
  expect(wp).toMatchObject({ since: '5.19', until: null })
  expect(wp.sources.map(({ kind }) => kind)).toEqual(['model', 'recorded'])
  expect(await canI('move', 'anon', '6.7')).toMatchObject({ since: null, until: '6.8', sources: [{ kind: 'model', name: 'linux-6.7' }] })
  const between = await canI('move', 'anon', '6.9')
  expect(between.sources).toEqual([{ kind: 'model', name: 'linux-6.9 (linux-6.7 with what came since)' }])
  expect((await canI('missing', 'file', '6.1')).sources[0]!.kind).toBe('read')
})

test('what protects nothing and says nothing is told from what fails', async () => {
  const [silent, unknown] = (await canI('write-protect-unpopulated', 'anon', '6.1')).refusals
  expect(silent).toBe('every call succeeds, but the write goes through and nobody is told')
  expect(unknown).toBe('UFFDIO_API fails with EINVAL (asking for UFFD_FEATURE_WP_UNPOPULATED)')
  expect((await canI('event-fork', 'anon', '6.18', 'sysctl-1')).refusals[0]).toContain('UFFDIO_API fails with EPERM')
})

test.each([
  ['write-protect private hugetlb on 6.1 without CAP_SYS_PTRACE?', ['write-protect', 'hugetlb-private', '6.1', 'unprivileged']],
  ['Can I write-protect a private hugetlb mapping on Linux 6.1.90 as root', ['write-protect', 'hugetlb-private', '6.1', 'root']],
  ['wp unpopulated anonymous memory', ['write-protect-unpopulated', 'anon', undefined, undefined]],
  ['UFFDIO_MOVE of THP', ['move', 'anon-thp', undefined, undefined]],
  ['track writes to MAP_SHARED', ['write-protect', 'shmem', undefined, undefined]],
  ['', [undefined, undefined, undefined, undefined]],
])('plain words: %s', (text, [question, memory, kernel, who]) => {
  const said = Object.entries({ question, memory, kernel, who }).filter(([, value]) => value !== undefined)
  expect(parseTerms(text)).toEqual(Object.fromEntries(said))
})

test('every word of every question, kind of pages and asker is understood as meant', () => {
  for (const { name, words } of QUESTIONS) for (const word of [name, ...words]) expect(parseTerms(word)).toEqual({ question: name })
  for (const { name, words } of ASKERS) for (const word of [name, ...words]) expect(parseTerms(word)).toEqual({ who: name })
  for (const memory of MEMORIES) expect(parseTerms(memory)).toEqual({ memory })
  for (const kernel of RELEASES) expect(linuxRelease(kernel)).toBeDefined()
})

test.each([
  [['write-protekt'], 'did you mean write-protect?'],
  [['wp', 'on', '6.99'], 'no kernel "6.99" is modelled: name a release from 5.7 to 6.18'],
  [['wp', '--kernel', '4.19'], 'name a release from 5.7 to 6.18'],
  [['wp', '--memory', 'hugtlb'], 'did you mean hugetlb?'],
  [['wp', 'move'], 'write-protect and move: ask about one question at a time'],
  [['wp', '--as', 'rot'], 'did you mean root?'],
  [['wp', '--system', 'model'], 'unknown system'],
])('refused: %j', async (args, message) => {
  const { code, out, err } = await faultline('can-i', ...args)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain(message)
  expect(err.trim().split('\n')).toHaveLength(1)
})

test('what is left out is tabled', async () => {
  const { out: one } = await faultline('can-i', 'write-protect', '--memory', 'hugetlb-private', '--kernel', '6.1', '--unprivileged')
  expect(one).toContain('\nYes, with UFFD_USER_MODE_ONLY.\n')
  const { out: list } = await faultline('can-i', 'move', 'anon', 'root')
  expect(list).toMatch(/^6\.7 +no +UFFDIO_MOVE fails with EINVAL/m)
  expect(list).toMatch(/^6\.12 +yes +6\.8 +model, recorded$/m)
  const { out: table } = await faultline('can-i', 'write-protect', 'root')
  expect(table).toMatch(/^shmem +no a +yes +yes\* +yes +yes +yes\* +yes\*$/m)
  expect(table).toContain('a  UFFDIO_REGISTER fails with EINVAL')
})

test('without a question all of them are summarised', async () => {
  const { code, out } = await faultline('can-i')
  expect(code).toBe(0)
  for (const { name } of QUESTIONS) expect(out).toMatch(new RegExp(`^${name} +\\d/[67]`, 'm'))
  expect(out).toMatch(/^write-protect +2\/7 +6\/7/m)
})

test('answers as JSON', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-can-i-'))
  try {
    const file = join(folder, 'answers.json')
    const { out } = await faultline('can-i', 'poison', '--as', 'root', '--json', '-')
    const { format, answers: all } = JSON.parse(out) as { format: string; answers: Answer[] }
    expect(format).toBe('faultline-can-i')
    expect(all).toHaveLength(MEMORIES.length * 7)
    expect(all.find(({ memory, kernel }) => memory === 'shmem' && kernel === '6.7')).toMatchObject({ can: true, since: '6.6' })
    await faultline('can-i', 'poison', '--as', 'root', '--json', file)
    expect(readFileSync(file, 'utf8')).toBe(out)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('docs/can-i.md shows real runs (after a change: npx vitest run apps/bench/src/commands/can-i.test.ts -u)', async () => {
  let text = readFileSync(PAGE, 'utf8')
  const runs = [...text.matchAll(/<!-- run: (.*?) -->\n[\s\S]*?<!-- end -->/g)]
  for (const [block, args] of runs) {
    const { code, out } = await faultline(...args!.split(' '))
    expect(code).toBe(0)
    text = text.replace(block, () => `<!-- run: ${args} -->\n\`\`\`text\n${out.trimEnd()}\n\`\`\`\n<!-- end -->`)
  }
  expect(runs).toHaveLength(4)
  await expect(text).toMatchFileSnapshot(PAGE)
})

test('live: the running kernel gives every answer that the model of its release gives', { timeout: 120_000 }, async ({ skip }) => {
  const running = release().split('.').slice(0, 2).join('.')
  if (linuxRelease(running) === undefined) skip(`the running kernel, ${release()}, is none that is modelled`)
  const live = await openLive({ write: () => true, isTTY: false } as never).catch((error: Error) => error)
  if (live instanceof Error) return skip(live.message)
  try {
    const asked = new Answers(live)
    const different: string[] = []
    let compared = 0
    for (const who of ['root', 'sysctl-0', 'sysctl-1'])
      for (const { name } of QUESTIONS)
        for (const memory of MEMORIES) {
          const now = await canI(name, memory, running, who, asked, false)
          if (!now.sources.some(({ kind }) => kind === 'live')) continue
          const { can, needs } = await canI(name, memory, running, who, answers, false)
          compared++
          if (can !== now.can || needs.join() !== now.needs.join())
            different.push(`${name} of ${memory} as ${who}: ${now.can} ${now.needs} ${now.refusals}`)
        }
    expect(different).toEqual([])
    expect(compared).toBeGreaterThan(150)
  } finally {
    await live.close()
  }
})
